//! Tables in the form of the paper's: two tasks beside each other, methods below each other.

mod ablations;
mod latex;
mod methods;
mod text;

pub(super) use ablations::ablations;
pub(super) use methods::methods;

/// Most tasks beside each other: with four measures each they fit a page of 5.5 inches.
const BESIDE: usize = 2;

/// A number of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    pub text: String,
    /// The small text beside it: a deviation, a range; may be empty.
    pub spread: String,
    /// Whether no adapted row of the column is better.
    pub best: bool,
}

/// A row of a block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub label: String,
    /// Task by task, measure by measure; none where it was not run.
    pub cells: Vec<Option<Cell>>,
}

/// Tasks that stand beside each other, with all rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub tasks: Vec<String>,
    /// Rows in groups; a rule stands between two.
    pub groups: Vec<Vec<Line>>,
}

/// A table of the paper's form.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    /// Stem of its file.
    pub name: &'static str,
    /// Its number in the paper.
    pub number: u8,
    pub title: String,
    pub caption: String,
    /// Columns of every task.
    pub measures: Vec<&'static str>,
    pub blocks: Vec<Block>,
}

impl Grid {
    /// `Table 1: synthetic domains, …`; LaTeX has numbers of its own.
    pub fn heading(&self) -> String {
        format!("Table {}: {}", self.number, self.title)
    }

    /// Lines of all blocks.
    #[cfg(test)]
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.blocks.iter().flat_map(|block| block.groups.iter().flatten())
    }
}

/// Tasks two by two, each pair with the groups that have a line there.
fn blocks<'a>(
    tasks: &'a [String],
    label: impl Fn(&String) -> String,
    groups: impl Fn(&'a [String]) -> Vec<Vec<Line>>,
) -> Vec<Block> {
    let block = |tasks: &'a [String]| Block {
        tasks: tasks.iter().map(&label).collect(),
        groups: groups(tasks).into_iter().filter(|group| !group.is_empty()).collect(),
    };
    tasks.chunks(BESIDE).map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::super::context::Context;
    use super::super::fixture::Fixture;
    use super::super::results::Results;
    use super::super::runs::load;
    use super::*;

    /// Two seeds of k-means and DBSCAN rows on three tasks, the oracle on one; parts taken away on the second.
    fn grids() -> (Grid, Grid) {
        let fixture = Fixture::new();
        for (task, base) in [("market-to-duke", 0.2), ("duke-to-market", 0.4), ("market-to-msmt", 0.1)] {
            for (seed, noise) in [(1, 0.0), (2, 0.02)] {
                fixture.run(task, "pre-trained", "pre-trained", seed, &[base]);
                fixture.run(task, "baseline", "baseline", seed, &[0.2, base + 0.1 + noise]);
                fixture.run(task, "mmt-k", "mmt", seed, &[0.2, base + 0.2 + noise]);
                fixture.run(task, "mmt-dbscan", "mmt", seed, &[0.2, base + 0.15]);
            }
        }
        fixture.run("market-to-duke", "oracle", "oracle", 1, &[0.7]);
        for (seed, map) in [(1, 0.55), (2, 0.6)] {
            let folder = fixture.run("duke-to-market", "without-soft-tri", "variant", seed, &[0.2, map]);
            fixture.reconfigure(&folder, |adaptation| {
                drop(adaptation.insert("soft_tri_weight".to_owned(), 0.0.into()))
            });
        }
        let loaded = load(&fixture.roots()).unwrap();
        let (results, context) = (Results::new(&loaded.runs).unwrap(), Context::new(&loaded, &[]));
        (methods(&results, &context).unwrap().unwrap(), ablations(&results, &context).unwrap().unwrap())
    }

    fn cell(text: &str, spread: &str, best: bool) -> Option<Cell> {
        Some(Cell { text: text.to_owned(), spread: spread.to_owned(), best })
    }

    #[test]
    fn table_1_has_two_tasks_beside_each_other_and_methods_in_groups() {
        let (methods, _) = grids();
        assert_eq!(methods.blocks.iter().map(|block| block.tasks.len()).collect::<Vec<_>>(), [2, 1]);
        let groups: Vec<Vec<&str>> = methods.blocks[0]
            .groups
            .iter()
            .map(|group| group.iter().map(|line| line.label.as_str()).collect())
            .collect();
        assert_eq!(
            groups,
            [vec!["Pre-trained"], vec!["Baseline", "MMT-100"], vec!["MMT-DBSCAN"], vec!["Oracle"]]
        );
        let line = |label: &str| methods.lines().find(|line| line.label == label).unwrap();
        // 40 and 42 percent: mean 41, deviation √2.
        assert_eq!(line("MMT-100").cells[0], cell("41.0", "1.4", true));
        assert_eq!(line("Baseline").cells[4], cell("51.0", "1.4", false));
        assert_eq!(
            line("Oracle").cells[1],
            cell("80.0", "", false),
            "one run has no deviation, and the oracle no rival"
        );
        assert_eq!(line("Oracle").cells[4], None, "not run");
    }

    #[test]
    fn table_2_has_differences_to_the_whole_on_the_tasks_of_its_rows() {
        let (_, ablations) = grids();
        assert_eq!(ablations.blocks.len(), 1);
        assert_eq!(ablations.blocks[0].tasks, ["Duke-like → Market-like"]);
        let labels: Vec<&str> = ablations.lines().map(|line| line.label.as_str()).collect();
        assert_eq!(labels, ["Pre-trained", "Baseline", "MMT w/o L_stri", "MMT-100"]);
        // 55 − 60 and 60 − 62.
        assert_eq!(
            ablations.blocks[0].groups[1][0].cells,
            [cell("57.5", "", false), cell("−3.5", "−5.0 to −2.0", false)]
        );
        assert_eq!(ablations.blocks[0].groups[2][0].cells[1], None, "the whole has no distance to itself");
    }

    #[test]
    fn latex_has_the_papers_symbols_and_fits_a_page() {
        let (methods, ablations) = grids();
        for grid in [&methods, &ablations] {
            let text = grid.latex("Synthetic.");
            assert!(text.is_ascii(), "{text}");
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "{text}");
            for row in text.lines().filter(|line| line.contains(" & ") && !line.contains("multicolumn")) {
                assert!(row.matches(" & ").count() <= 8, "{row}");
                // What is printed: `\spread{1.4}{1.4}` shows one of its two, small.
                let printed: String = row
                    .replace("\\spread", "")
                    .replace("\\textbf", "")
                    .chars()
                    .filter(|letter| !"{}\\$&".contains(*letter))
                    .collect();
                assert!(printed.len() <= 125, "{}: {printed}", printed.len());
            }
        }
        let text = methods.latex("");
        assert!(
            text.contains(
                "& \\multicolumn{4}{c}{Market-like $\\rightarrow$ Duke-like} & \\multicolumn{4}{c}{Duke-like"
            ),
            "{text}"
        );
        assert!(text.contains("\\cmidrule(lr){2-5}\\cmidrule(lr){6-9}"), "{text}");
        assert!(text.contains("    MMT-100 & \\textbf{41.0}\\spread{1.4}{"), "{text}");
        let text = ablations.latex("");
        assert!(
            text.contains("MMT w/o $\\mathcal{L}_{stri}$ & 57.5 & $-$3.5\\spread{$-$5.0 to $-$2.0}{"),
            "{text}"
        );
        assert!(text.contains("Method & mAP & $\\Delta$ \\\\"), "{text}");
    }

    #[test]
    fn text_fits_a_terminal_and_markdown_marks_the_best() {
        let (methods, ablations) = grids();
        let text = methods.text();
        let head = text.lines().nth(1).unwrap();
        assert_eq!(
            head.split_whitespace().collect::<Vec<_>>()[..5],
            ["Method", "mAP", "top-1", "top-5", "top-10"]
        );
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        let line = text.lines().find(|line| line.starts_with("MMT-100")).unwrap();
        assert_eq!(line.split_whitespace().collect::<Vec<_>>()[1..3], ["41.0", "51.0"]);
        assert!(methods.markdown().contains("| MMT-100 | **41.0** | **51.0** |"), "{}", methods.markdown());
        let markdown = ablations.markdown();
        assert!(markdown.contains("| MMT w/o L<sub>stri</sub> | 57.5 | −3.5 (−5.0 to −2.0) |"), "{markdown}");
    }
}
