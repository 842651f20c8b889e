//! A grid for a terminal of 100 columns, and as Markdown.

use super::super::notation::html;
use super::{Block, Cell, Grid, Line};

/// Width of a column of numbers.
const NUMBER: usize = 7;

impl Grid {
    /// Aligned columns without spreads, block below block.
    pub fn text(&self) -> String {
        let labels = self.blocks.iter().flat_map(|block| block.groups.iter().flatten());
        let first = labels.map(|line| line.label.chars().count()).max().unwrap_or(0).max("Method".len());
        let mut text = String::new();
        for block in &self.blocks {
            text += &self.text_head(block, first);
            for line in block.groups.iter().flatten() {
                let cells = line.cells.iter().map(|cell| padded(&number(cell)));
                text += &format!("{}\n", self.text_row(&line.label, first, &cells.collect::<Vec<_>>()));
            }
            text.push('\n');
        }
        text
    }

    /// Tasks over their measures.
    fn text_head(&self, block: &Block, first: usize) -> String {
        let width = NUMBER * self.measures.len();
        let tasks: Vec<String> = block.tasks.iter().map(|task| format!("   {task:>width$}")).collect();
        let head = format!("{:first$}{}", "", tasks.concat());
        let measures: Vec<String> =
            block.tasks.iter().flat_map(|_| self.measures.iter().map(|measure| padded(measure))).collect();
        format!("{}\n{}\n", head.trim_end(), self.text_row("Method", first, &measures))
    }

    /// A gap stands before every task.
    fn text_row(&self, label: &str, first: usize, cells: &[String]) -> String {
        let tasks: Vec<String> =
            cells.chunks(self.measures.len()).map(|cells| format!("   {}", cells.concat())).collect();
        format!("{label:first$}{}", tasks.concat()).trim_end().to_owned()
    }

    /// Markdown tables, one per block, without title and caption.
    pub fn markdown(&self) -> String {
        self.blocks.iter().map(|block| self.markdown_block(block)).collect::<Vec<_>>().join("\n")
    }

    fn markdown_block(&self, block: &Block) -> String {
        let head = |task: &String| {
            let name = |(at, measure): (usize, &&str)| {
                if at == 0 { format!("{task}: {measure}") } else { (*measure).to_owned() }
            };
            self.measures.iter().enumerate().map(name).collect::<Vec<_>>()
        };
        let heads = block.tasks.iter().flat_map(head);
        let mut text = markdown_row(["Method".to_owned()].into_iter().chain(heads));
        let rules = std::iter::repeat_n("---:".to_owned(), block.tasks.len() * self.measures.len());
        text += &markdown_row(["---".to_owned()].into_iter().chain(rules));
        text.extend(block.groups.iter().flatten().map(markdown_line));
        text
    }
}

fn markdown_line(line: &Line) -> String {
    let cell = |cell: &Option<Cell>| match cell {
        Some(cell) if cell.best => format!("**{}**", cell.text),
        Some(cell) if cell.text.starts_with(['+', '−']) && !cell.spread.is_empty() => {
            format!("{} ({})", cell.text, cell.spread)
        }
        _ => number(cell),
    };
    let label = html(&line.label).replace('|', "\\|");
    markdown_row([label].into_iter().chain(line.cells.iter().map(cell)))
}

fn markdown_row(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn number(cell: &Option<Cell>) -> String {
    cell.as_ref().map_or(String::new(), |cell| cell.text.clone())
}

fn padded(text: &str) -> String {
    format!("{text:>NUMBER$}")
}
