//! The surroundings of the tables: which runs they are of, the text for a terminal, the page `report.md`.

use super::claims::{Claim, Matrix};
use super::context::Context;
use super::facts::Fact;
use super::figures::Figure;
use super::notation;
use super::story::{Content, Item, Tables};

/// Widest line of a terminal.
const TERMINAL: usize = 100;

/// Results in the paper's form, a sentence for each claim, and what is missing, for a terminal of 100 columns.
pub(super) fn text(context: &Context, tables: &Tables, sentences: &[String]) -> String {
    let mut text = String::new();
    if let Some(grid) = &tables.methods {
        text += &format!("{}, last epoch, percent\n\n{}", grid.heading(), grid.text());
    }
    if let Some(table) = &tables.re_ranked {
        text += &format!("{}\n{}\n", table.title, table.text());
    }
    for line in sentences.iter().chain(&context.notes) {
        text += &format!("{}\n", wrapped(line));
    }
    text
}

/// `line` broken before words, further lines moved in.
fn wrapped(line: &str) -> String {
    let (mut text, mut width) = (String::new(), 0);
    for word in line.split_inclusive(' ') {
        let length = word.trim_end().chars().count();
        if width > 0 && width + length > TERMINAL {
            text.truncate(text.trim_end().len());
            text += "\n    ";
            width = 4;
        }
        text += word;
        width += word.chars().count();
    }
    text
}

/// The page `report.md`: the same order as the page, its small tables alone; the others are files.
pub(super) fn markdown(context: &Context, facts: &[Fact], content: &Content<'_>) -> String {
    let mut page =
        format!("# Mutual mean-teaching: {}\n\n{}\n\n## What was run\n\n", context.label(), context.remark());
    page.extend(facts.iter().map(|fact| format!("- {}: {}\n", fact.name, fact.text)));
    if !context.notes.is_empty() {
        page += "\n### Left out\n\n";
        page.extend(context.notes.iter().map(|note| format!("- {note}\n")));
    }
    page += &content.domains().map_or(String::new(), picture);
    page += "\n## Claims\n\n";
    page.extend(content.sentences.iter().map(|sentence| format!("{sentence}\n\n")));
    page += &matrix(content.matrix);
    page += "\n▲ holds, ▼ opposite: five units or more and a corrected test; △ leans, ▽ leans opposite: all units on one side, which is no verdict; \
             ○ mixed; – not run. Differences of mAP in percentage points, or shares of a gap in percent. Every line with its interval: \
             [tables/claims.csv](tables/claims.csv).\n";
    for part in content.parts() {
        page += &format!("\n## {}\n", part.title);
        page.extend(part.items.iter().map(item));
    }
    page
}

fn item(item: &Item<'_>) -> String {
    match item {
        Item::Figure(figure) | Item::More(figure) => picture(figure),
        Item::Grid(grid) => {
            format!("\n### {}\n\n{}\n{}\n", grid.heading(), grid.markdown(), notation::html(&grid.caption))
        }
        Item::Table(table) => format!("\n[{}](tables/{}.csv)\n", table.title, table.name),
    }
}

fn picture(figure: &Figure) -> String {
    let Figure { name, title, caption, .. } = figure;
    format!("\n### {title}\n\n![{title}](figures/{name}.svg)\n\n{}\n", notation::html(caption))
}

/// Statements by tasks.
fn matrix(matrix: &Matrix<'_>) -> String {
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = row(["Claim".to_owned()].into_iter().chain(matrix.scopes.iter().cloned()).collect());
    text +=
        &row(["---"].into_iter().chain(matrix.scopes.iter().map(|_| "---:")).map(str::to_owned).collect());
    for found in &matrix.statements {
        let cell = |claim: &Option<&Claim>| match claim {
            Some(claim) => format!("{}{}", claim.verdict().sign(), claim.estimate.mean_text()),
            None => "–".to_owned(),
        };
        let name = notation::html(&format!("{} {}", found.number, found.statement)).replace('|', "\\|");
        text += &row([name].into_iter().chain(found.cells.iter().map(cell)).collect());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_before_words() {
        assert_eq!(wrapped("short"), "short");
        let long = format!("{} end", "word ".repeat(30).trim_end());
        let found = wrapped(&long);
        let lines: Vec<&str> = found.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.chars().count() <= TERMINAL), "{found}");
        assert!(lines[1].starts_with("    word") && lines[1].ends_with("end"));
        assert_eq!(found.split_whitespace().collect::<Vec<_>>(), long.split_whitespace().collect::<Vec<_>>());
    }
}
