//! A table of columns: its cells for pages and terminals, and all of it as CSV.

use mmt_vocabulary::error::Result;
use polars::prelude::*;

use super::frames::refused;
use super::settings::{self, Setting};

/// Decimals of numbers in CSV.
const CSV_DIGITS: usize = 4;
/// Columns that count something, or are a mean of counts.
const COUNTS: [&str; 3] = ["epoch", "clusters", "unassigned"];

/// A table: its numbers, and the cells that people see.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Stem of its file.
    pub name: &'static str,
    /// Its subject.
    pub title: String,
    /// Everything that one has to know to read it.
    pub caption: String,
    /// The numbers, for CSV.
    pub data: DataFrame,
    /// Names of the shown columns.
    pub header: Vec<String>,
    /// Shown cells, row by row.
    pub rows: Vec<Vec<String>>,
    /// How many columns at the start hold names; the others hold numbers.
    pub names: usize,
    /// The settings that each row was run with, for tables of rows that were run.
    pub settings: Vec<Setting>,
}

/// The cells of a table as a page shows them.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// Names of the columns.
    pub header: Vec<String>,
    /// Cells, row by row.
    pub rows: Vec<Vec<String>>,
    names: usize,
}

impl Shown {
    /// Whether a column holds numbers.
    pub fn is_number(&self, column: usize) -> bool {
        column >= self.names
    }
}

/// Names of columns.
pub(super) fn columns<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

impl Table {
    /// For pages: what rows were run with stands before the numbers, as far as it is not the same in all of them.
    pub fn compact(&self) -> Shown {
        let mut shown = Shown { header: self.header.clone(), rows: self.rows.clone(), names: self.names };
        for (name, texts) in settings::varying(&self.settings) {
            shown.header.insert(shown.names, name.to_owned());
            for (row, text) in shown.rows.iter_mut().zip(texts) {
                row.insert(shown.names, text);
            }
            shown.names += 1;
        }
        shown
    }

    /// The numbers as CSV: percentages with four decimals, columns of whole numbers without, missing ones empty.
    pub fn csv(&self) -> Result<Vec<u8>> {
        let write = || -> PolarsResult<Vec<u8>> {
            let mut bytes = Vec::new();
            let mut data = whole_numbers(self.with_settings()?)?;
            CsvWriter::new(&mut bytes).with_float_precision(Some(CSV_DIGITS)).finish(&mut data)?;
            Ok(bytes)
        };
        write().map_err(refused(&format!("table {}", self.name)))
    }

    /// The numbers with the settings of their rows. A row of sums has a line of cells alone, and no line here.
    fn with_settings(&self) -> PolarsResult<DataFrame> {
        let mut data = self.data.clone();
        if !self.settings.is_empty() {
            for column in settings::columns(&self.settings[..data.height().min(self.settings.len())]) {
                data.with_column(column)?;
            }
        }
        Ok(data)
    }

    /// A Markdown table, without title and caption.
    pub fn markdown(&self) -> String {
        let shown = self.compact();
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let rule = |at: usize| if shown.is_number(at) { "---:".to_owned() } else { "---".to_owned() };
        let mut text = line(shown.header.clone());
        text += &line((0..shown.header.len()).map(rule).collect());
        for row in &shown.rows {
            text += &line(row.iter().map(|cell| cell.replace('|', "\\|")).collect());
        }
        text
    }

    /// For a terminal: aligned columns without the settings, the first name as a line above its rows.
    pub fn text(&self) -> String {
        let rest = |row: &Vec<String>| row[1..].to_vec();
        let shown = Shown {
            header: rest(&self.header),
            rows: self.rows.iter().map(rest).collect(),
            names: self.names.saturating_sub(1),
        };
        let widths: Vec<usize> = (0..shown.header.len()).map(|at| shown.width(at)).collect();
        let mut text = format!("  {}", shown.line(&shown.header, &widths));
        let mut before = None;
        for (row, cells) in self.rows.iter().zip(&shown.rows) {
            if before != Some(&row[0]) {
                text += &format!("{}\n", row[0]);
            }
            before = Some(&row[0]);
            text += &format!("  {}", shown.line(cells, &widths));
        }
        text
    }
}

/// Epochs and counts as integers, their deviations as well, where all of a column are.
fn whole_numbers(mut data: DataFrame) -> PolarsResult<DataFrame> {
    for name in COUNTS.iter().flat_map(|name| [(*name).to_owned(), format!("{name}_sd")]) {
        let Ok(column) = data.column(&name) else { continue };
        let values = column.cast(&DataType::Float64)?;
        if values.f64()?.iter().flatten().all(|value| value.fract() == 0.0) {
            data.with_column(values.cast(&DataType::Int64)?)?;
        }
    }
    Ok(data)
}

impl Shown {
    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].chars().count());
        cells.chain([self.header[column].chars().count()]).max().unwrap_or(0)
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let pad = |(at, cell): (usize, &String)| {
            let space = " ".repeat(widths[at] - cell.chars().count());
            if self.is_number(at) { format!("{space}{cell}") } else { format!("{cell}{space}") }
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
            header: columns(["Task", "Method", "mAP"]),
            rows: vec![cells(["A → B", "MMT-100", "1.0 ± 0.2"]), cells(["A → B", "a|b", ""])],
            names: 2,
            settings: Vec::new(),
        }
    }

    #[test]
    fn text_is_aligned_and_names_a_task_once() {
        let text = "  Method         mAP\nA → B\n  MMT-100  1.0 ± 0.2\n  a|b\n";
        assert_eq!(table().text(), text);
    }

    #[test]
    fn markdown_and_csv_leave_missing_cells_empty() {
        let text = "| Task | Method | mAP |\n| --- | --- | ---: |\n| A → B | MMT-100 | 1.0 ± 0.2 |\n| A → B | a\\|b |  |\n";
        assert_eq!(table().markdown(), text);
        assert_eq!(String::from_utf8(table().csv().unwrap()).unwrap(), "task,map\na,1.0000\na,\n");
    }

    #[test]
    fn counts_are_integers_where_all_of_them_are() {
        let data = df!(
            "map" => [50.0, 25.0], "epoch" => [Some(6.0), None], "epoch_sd" => [0.0, 0.0],
            "clusters" => [100.0, 99.5], "clusters_sd" => [0.0, 0.25],
        );
        let csv = Table { data: data.unwrap(), ..table() }.csv().unwrap();
        let text = "map,epoch,epoch_sd,clusters,clusters_sd\n50.0000,6,0,100.0000,0.0000\n25.0000,,0,99.5000,0.2500\n";
        assert_eq!(String::from_utf8(csv).unwrap(), text);
    }

    /// A page says what differs between rows, a CSV all of it.
    #[test]
    fn settings_stand_in_a_page_where_they_differ_and_in_a_csv_throughout() {
        let setting = |clustering: &str, minutes| Setting {
            backbone: "small".to_owned(),
            weights: "random".to_owned(),
            clustering: clustering.to_owned(),
            bn_group: "16".to_owned(),
            learning_rate: "0.0014".to_owned(),
            minutes,
        };
        let settings = vec![setting("k-means 100", Some(1.26)), setting("none", None)];
        let table = Table { settings, ..table() };
        let shown = table.compact();
        assert_eq!(shown.header, ["Task", "Method", "clustering", "mAP"]);
        assert_eq!(shown.rows[0], ["A → B", "MMT-100", "k-means 100", "1.0 ± 0.2"]);
        assert!(!shown.is_number(2) && shown.is_number(3));
        let same = Table { settings: vec![setting("k-means 100", None); 2], ..table.clone() };
        assert_eq!(same.compact().header, ["Task", "Method", "mAP"]);
        let csv = "task,map,backbone,initial_weights,clustering,bn_group,learning_rate,training_minutes\n\
                   a,1.0000,small,random,k-means 100,16,0.0014,1.2600\na,,small,random,none,16,0.0014,\n";
        assert_eq!(String::from_utf8(table.csv().unwrap()).unwrap(), csv);
    }
}
