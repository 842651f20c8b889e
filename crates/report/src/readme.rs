//! The results that stand in a README: two tables and a line, written between two markers.

use std::fs;
use std::path::Path;

use mmt_vocabulary::error::{Error, Result};
use mmt_vocabulary::record::files::write_whole;

use super::claims::{Claim, GainLine, Gains, Order, Verdict};
use super::context::Context;
use super::results::{Pick, Results};
use super::statistics::Estimate;

/// The text between these is the report's.
const MARKERS: [&str; 2] = ["<!-- results:begin -->", "<!-- results:end -->"];

/// The section: mAP and top-1 of the paper's rows, gains of mutual mean-teaching, the order of the methods, the verdicts.
pub(super) fn section(
    context: &Context,
    results: &Results,
    (gains, claims): (&Gains, &[Claim]),
    order: &Order,
) -> Result<String> {
    let mut text = format!(
        "Results ({}): mAP / top-1 in percent after the last epoch, mean over {}.\n\n",
        context.label(),
        results.runs_text()?
    );
    text += &results_table(context, results)?;
    let lines: Vec<&GainLine> = gains.lines.iter().filter(|line| line.measure == "mAP").collect();
    if !lines.is_empty() {
        text += "\nDifferences of mAP in percentage points, mean over units and in brackets their range (drawn domains: a unit is a set of \
                 domains):\n\n";
        text += &gains_table(context, results, &lines);
    }
    if let Some(line) = order.line() {
        text += &format!("\n{line}.\n");
    }
    let verdicts: String =
        Verdict::ALL.into_iter().filter_map(|verdict| verdict_line(claims, verdict)).collect();
    if !verdicts.is_empty() {
        text += &format!("\n{verdicts}");
    }
    Ok(text)
}

/// The statements of a verdict with mean and interval, as a line of a list; none without any.
fn verdict_line(claims: &[Claim], verdict: Verdict) -> Option<String> {
    let own = claims
        .iter()
        .filter(|claim| claim.confirmatory && claim.estimate.mean().is_some() && claim.verdict() == verdict);
    let text = |claim: &Claim| {
        // A statement of two parts names the rows that it compares after a colon.
        let statement = claim.statement.split(": ").next().unwrap_or_default();
        let tasks = match claim.tasks.len() {
            1 => "1 task".to_owned(),
            tasks => format!("{tasks} tasks"),
        };
        let interval = claim.estimate.interval().map(|_| format!("{}; ", claim.estimate.interval_text()));
        format!("{statement} {} ({}{tasks})", claim.estimate.mean_text(), interval.unwrap_or_default())
    };
    let texts: Vec<String> = own.map(text).collect();
    (!texts.is_empty())
        .then(|| format!("- {}**{}**: {}.\n", verdict.sign(), verdict.word(), texts.join(" · ")))
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// The head of a table: a name, then a number for each of `columns`.
fn head(name: &str, columns: &[String]) -> String {
    let header: Vec<String> = [name.to_owned()].into_iter().chain(columns.iter().cloned()).collect();
    let rule: Vec<String> =
        ["---"].into_iter().chain(columns.iter().map(|_| "---:")).map(str::to_owned).collect();
    line(&header) + &line(&rule)
}

fn results_table(context: &Context, results: &Results) -> Result<String> {
    let tasks: Vec<String> = results.tasks.iter().map(|task| context.task(task)).collect();
    let measures = ["map", "top1"].map(|measure| results.means(Pick::Last, measure));
    let [map, top1] = measures;
    let (map, top1) = (map?, top1?);
    let mut text = head("Method", &tasks);
    for row in results.main_rows() {
        let cell = |task: &String| {
            let at = (task.clone(), row.name.clone());
            match (map.get(&at), top1.get(&at)) {
                (Some(map), Some(top1)) => format!("{:.1} / {:.1}", map.mean, top1.mean),
                _ => String::new(),
            }
        };
        let cells = [results.label(&row)].into_iter().chain(results.tasks.iter().map(cell));
        text += &line(&cells.collect::<Vec<_>>());
    }
    Ok(text)
}

fn gains_table(context: &Context, results: &Results, lines: &[&GainLine]) -> String {
    let mut scopes: Vec<String> = results.tasks.iter().map(|task| context.task(task)).collect();
    let means = lines.iter().map(|line| line.scope(context.domains)).filter(|scope| !scopes.contains(scope));
    let means: Vec<String> = means.collect();
    scopes.extend(means);
    scopes.dedup();
    let mut compared: Vec<String> = lines.iter().map(|line| line.compared.clone()).collect();
    compared.dedup();
    let mut text = head("Difference", &scopes);
    for name in compared {
        let cell = |scope: &String| {
            let found =
                lines.iter().find(|line| line.compared == name && line.scope(context.domains) == *scope);
            found.map_or(String::new(), |line| with_range(&line.gain))
        };
        let cells = [name.clone()].into_iter().chain(scopes.iter().map(cell));
        text += &line(&cells.collect::<Vec<_>>());
    }
    text
}

/// `+3.0 (+1.0 to +4.4)`, `+3.0` for one unit; empty without any.
fn with_range(estimate: &Estimate) -> String {
    match estimate.range_text() {
        range if range.is_empty() => estimate.mean_text(),
        range => format!("{} ({range})", estimate.mean_text()),
    }
}

/// Puts `section` between the markers of the file at `path`.
///
/// # Errors
/// A file that cannot be read or written, or has not each marker once and in order.
pub fn write(path: &Path, section: &str) -> Result<()> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    let written = replaced(&text, section).ok_or_else(|| {
        Error::file(
            path,
            format!("the lines {} and {} must stand in it once each, in order", MARKERS[0], MARKERS[1]),
        )
    })?;
    write_whole(path, written.as_bytes())
}

/// `text` with `section` between the markers.
fn replaced(text: &str, section: &str) -> Option<String> {
    let (before, _, after) = parts(text)?;
    Some(format!("{before}{}\n{section}{}{after}", MARKERS[0], MARKERS[1]))
}

/// Returns the text before the markers, between, and after them.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(MARKERS[0])?;
    let (between, after) = rest.split_once(MARKERS[1])?;
    let again =
        MARKERS.iter().any(|marker| [before, between, after].iter().any(|part| part.contains(marker)));
    (!again).then_some((before, between, after))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::claims::judge;
    use super::super::fixture::Fixture;
    use super::super::runs::load;
    use super::*;

    /// Two seeds of the four rows on two tasks; the oracle on one. Of the verdicts: the t interval of 7 and 9 is 8 ± 12.706 · 1, and of
    /// the gap of 0.5 on one seed 0.07 is closed.
    fn made() -> String {
        let fixture = Fixture::new();
        for (task, base) in [("market-to-duke", 0.2), ("duke-to-market", 0.4)] {
            for seed in [1, 2] {
                let noise = 0.02 * seed as f64;
                fixture.run(task, "pre-trained", "pre-trained", seed, &[base]);
                fixture.run(task, "baseline", "baseline", seed, &[0.2, base + 0.1]);
                fixture.run(task, "mmt-k", "mmt", seed, &[0.2, base + 0.05 + noise]);
            }
        }
        fixture.run("market-to-duke", "oracle", "oracle", 1, &[0.7]);
        let loaded = load(&fixture.roots()).unwrap();
        let results = Results::new(&loaded.runs).unwrap();
        let gains = Gains::new(&results).unwrap();
        let order = Order::new(&results).unwrap();
        let claims = judge(&results, &loaded.runs).unwrap();
        section(&Context::new(&loaded, &[]), &results, (&gains, &claims), &order).unwrap()
    }

    #[test]
    fn the_section_has_results_gains_and_the_order() {
        let expected = "\
Results (synthetic domains, profile quick, backbone small): mAP / top-1 in percent after the last epoch, mean over 1 to 2 runs.

| Method | Market-like → Duke-like | Duke-like → Market-like |
| --- | ---: | ---: |
| Pre-trained | 20.0 / 30.0 | 40.0 / 50.0 |
| Baseline | 30.0 / 40.0 | 50.0 / 60.0 |
| MMT-100 | 28.0 / 38.0 | 48.0 / 58.0 |
| Oracle | 70.0 / 80.0 |  |

Differences of mAP in percentage points, mean over units and in brackets their range (drawn domains: a unit is a set of domains):

| Difference | Market-like → Duke-like | Duke-like → Market-like | Mean of 2 tasks |
| --- | ---: | ---: | ---: |
| MMT-100 − Baseline | −2.0 (−3.0 to −1.0) | −2.0 (−3.0 to −1.0) | −2.0 (−3.0 to −1.0) |
| MMT-100 − Pre-trained | +8.0 (+7.0 to +9.0) | +8.0 (+7.0 to +9.0) | +8.0 (+7.0 to +9.0) |

Pre-trained < Baseline < MMT < Oracle (mAP, last epoch): the means stand in this order on 0 of 2 tasks; every step holds on 0.

- △ **leans**: mean networks of MMT-100 are above their networks +9.0 (+9.0 to +9.0; 2 tasks) · MMT-100 is above Pre-trained +8.0 (−4.7 to +20.7; 2 tasks).
- ▽ **leans opposite**: MMT-100 is above Baseline −2.0 (−14.7 to +10.7; 2 tasks) · MMT-100 closes more than half of the gap from Pre-trained to Oracle 14 % (1 task).
";
        assert_eq!(made(), expected);
    }

    #[test]
    fn what_stands_between_the_markers_is_replaced_and_nothing_else() {
        let text = format!("a\n{}\nold\n{}\nb\n", MARKERS[0], MARKERS[1]);
        let new = format!("a\n{}\nnew\n{}\nb\n", MARKERS[0], MARKERS[1]);
        assert_eq!(replaced(&text, "new\n").unwrap(), new);
        assert_eq!(replaced(&new, "new\n").unwrap(), new);
        assert_eq!(replaced("a", "new\n"), None);
        assert_eq!(replaced(&format!("{} {}", MARKERS[1], MARKERS[0]), ""), None);
        assert_eq!(replaced(&format!("{text}{text}"), ""), None);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("README.md");
        fs::write(&path, &text).unwrap();
        write(&path, "new\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), new);
        fs::write(&path, "no markers").unwrap();
        assert!(write(&path, "new\n").unwrap_err().to_string().contains("README.md"));
    }

    /// A line with every run of digits as one `#`.
    fn form(line: &str) -> String {
        let mut form = String::new();
        for letter in line.chars() {
            match letter {
                '0'..='9' if form.ends_with('#') => {}
                '0'..='9' => form.push('#'),
                letter => form.push(letter),
            }
        }
        form
    }

    /// The cells of the tables in a section, as forms, without first column and head; and all other lines, as forms.
    fn forms(section: &str) -> (BTreeSet<String>, Vec<String>) {
        let (mut cells, mut others) = (BTreeSet::new(), Vec::new());
        for line in section.lines().filter(|line| !line.is_empty()) {
            let first = line.trim_matches('|').split('|').next().unwrap_or("").trim();
            if let Some(verdict) = line.strip_prefix("- ") {
                let known = Verdict::ALL.map(|known| format!("{}**{}**: ", known.sign(), known.word()));
                assert!(known.iter().any(|start| verdict.starts_with(start)), "{line}");
            } else if !line.starts_with('|') {
                others.push(form(line));
            } else if !["Method", "Difference", "---"].contains(&first) {
                cells.extend(line.trim_matches('|').split('|').skip(1).map(|cell| form(cell.trim())));
            }
        }
        (cells, others)
    }

    /// Numbers in the README are those of a report: what stands between the markers has the form that the program writes.
    #[test]
    fn the_readme_of_this_repository_has_that_form() {
        let text = include_str!("../../../README.md");
        assert!(text.lines().count() <= 120, "the README is one page; the rest is in docs/");
        let (_, between, _) = parts(text).unwrap();
        let (cells, others) = forms(between);
        let signs = ["+", "−", ""];
        let mut known = BTreeSet::from(["#.# / #.#".to_owned()]);
        for mean in signs {
            known.insert(format!("{mean}#.#"));
            for low in signs {
                known.extend(signs.map(|high| format!("{mean}#.# ({low}#.# to {high}#.#)")));
            }
        }
        assert!(cells.is_subset(&known), "{:?}", cells.difference(&known).collect::<Vec<_>>());
        let (_, expected) = forms(&made());
        let expected: Vec<String> =
            expected.iter().map(|line| line.replace("# to # runs", "# runs")).collect();
        assert_eq!(others, expected);
        for row in
            ["Pre-trained", "Baseline", "MMT-100", "Oracle", "MMT-100 − Baseline", "MMT-100 − Pre-trained"]
        {
            assert!(between.contains(&format!("| {row} |")), "{row}");
        }
        let tasks = "Market-like → Duke-like | Duke-like → Market-like | Market-like → MSMT-like | Duke-like → MSMT-like";
        assert_eq!(between.matches(tasks).count(), 2);
    }

    /// And those of its first lines are the ones in the reports of agreement and of mutations.
    #[test]
    fn what_the_readme_says_of_tests_is_what_the_reports_say() {
        let text = include_str!("../../../README.md").replace(['\n', ','], " ");
        let words: Vec<&str> = text.split_whitespace().collect();
        let before = |what: &[&str]| {
            let at = words.windows(what.len()).position(|window| window == what).unwrap();
            words[at - 1].to_owned()
        };
        let agreement = include_str!("../../../reports/agreement.md");
        let thousands = |tests: &str| format!("{tests} tests of commit");
        assert!(agreement.contains(&thousands(&before(&["tests", "made"]))), "tests");
        let at = words.windows(2).position(|window| window == ["tests", "made"]).unwrap();
        let comparisons = format!("made {}{} comparisons", words[at + 2], words[at + 3]);
        assert!(agreement.contains(&comparisons), "{comparisons}");
        let caught = format!(
            "{} of {} breaks were caught",
            before(&["of", &before(&["bugs", "that"])]),
            before(&["bugs", "that"])
        );
        assert!(include_str!("../../../reports/mutations.md").contains(&caught), "{caught}");
    }
}
