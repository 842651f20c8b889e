//! A table and its three forms: text for a terminal, Markdown, CSV.

use polars::prelude::*;

use super::frames::refused;
use crate::error::Result;

/// Decimals of numbers in CSV.
const CSV_DIGITS: usize = 4;

/// A table: its numbers, and the cells that people see.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Stem of its file.
    pub name: &'static str,
    /// What it shows, and on which domains.
    pub title: String,
    /// What one has to know to read it.
    pub caption: String,
    /// The numbers, for CSV.
    pub data: DataFrame,
    /// Names of the shown columns.
    pub header: Vec<&'static str>,
    /// Shown cells, row by row.
    pub rows: Vec<Vec<String>>,
    /// How many columns at the start hold names; the others hold numbers.
    pub names: usize,
}

impl Table {
    /// The numbers as CSV, percentages and counts with four decimals, missing ones empty.
    pub fn csv(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        CsvWriter::new(&mut bytes)
            .with_float_precision(Some(CSV_DIGITS))
            .finish(&mut self.data.clone())
            .map_err(refused(&format!("table {}", self.name)))?;
        Ok(bytes)
    }

    /// A Markdown table, without title and caption.
    pub fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let rule = |at: usize| if at < self.names { "---".to_owned() } else { "---:".to_owned() };
        let mut text = line(self.header.iter().map(|cell| (*cell).to_owned()).collect());
        text += &line((0..self.header.len()).map(rule).collect());
        for row in &self.rows {
            text += &line(row.iter().map(|cell| cell.replace('|', "\\|")).collect());
        }
        text
    }

    /// A table of aligned columns, ruled where the first name changes, unless it changes in every row.
    pub fn text(&self) -> String {
        let widths: Vec<usize> = (0..self.header.len()).map(|at| self.width(at)).collect();
        let header: Vec<String> = self.header.iter().map(|cell| (*cell).to_owned()).collect();
        let rule = format!("{}\n", "─".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1)));
        let mut text = self.line(&header, &widths);
        let grouped = self.rows.windows(2).any(|rows| rows[0][0] == rows[1][0]);
        let mut before = None;
        for row in &self.rows {
            let mut cells = row.clone();
            if before == Some(&row[0]) {
                cells[0].clear();
            } else if grouped || before.is_none() {
                text += &rule;
            }
            before = Some(&row[0]);
            text += &self.line(&cells, &widths);
        }
        text
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].chars().count());
        cells.chain([self.header[column].chars().count()]).max().unwrap_or(0)
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let pad = |(at, cell): (usize, &String)| {
            let space = " ".repeat(widths[at] - cell.chars().count());
            if at < self.names { format!("{cell}{space}") } else { format!("{space}{cell}") }
        };
        let cells: Vec<String> = cells.iter().enumerate().map(pad).collect();
        format!("{}\n", cells.join("  ").trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let cells = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        Table {
            name: "test",
            title: String::new(),
            caption: String::new(),
            data: df!("task" => ["a", "a"], "map" => [Some(1.0), None]).unwrap(),
            header: vec!["Task", "Method", "mAP"],
            rows: vec![cells(["A → B", "MMT-k", "1.0 ± 0.2"]), cells(["A → B", "a|b", ""])],
            names: 2,
        }
    }

    #[test]
    fn text_is_aligned_and_names_a_task_once() {
        let text = "Task   Method        mAP\n\
                    ────────────────────────\n\
                    A → B  MMT-k   1.0 ± 0.2\n\
                    \x20      a|b\n";
        assert_eq!(table().text(), text);
    }

    #[test]
    fn markdown_and_csv_leave_missing_cells_empty() {
        let text = "| Task | Method | mAP |\n| --- | --- | ---: |\n| A → B | MMT-k | 1.0 ± 0.2 |\n| A → B | a\\|b |  |\n";
        assert_eq!(table().markdown(), text);
        assert_eq!(String::from_utf8(table().csv().unwrap()).unwrap(), "task,map\na,1.0000\na,\n");
    }
}
