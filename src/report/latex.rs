//! A table for LaTeX, in the rules of `booktabs`.

use super::table::Table;

impl Table {
    /// A floating table with title and caption, and `note` under it. Needs `\usepackage{booktabs}`, nothing else.
    pub fn latex(&self, note: &str) -> String {
        let columns: String =
            (0..self.header.len()).map(|at| if at < self.names { 'l' } else { 'r' }).collect();
        let mut text = format!(
            "% Made by `reproduce report`; needs \\usepackage{{booktabs}}.\n\\begin{{table}}\n  \\centering\n  \\caption{{{}. {}}}\n  \
             \\label{{tab:{}}}\n  \\begin{{tabular}}{{{columns}}}\n    \\toprule\n",
            escaped(&self.title),
            escaped(&self.caption),
            self.name
        );
        text += &line(self.header.iter().map(|cell| escaped(cell)));
        text += "    \\midrule\n";
        let grouped = self.rows.windows(2).any(|rows| rows[0][0] == rows[1][0]);
        for (at, row) in self.rows.iter().enumerate() {
            let goes_on = at > 0 && self.rows[at - 1][0] == row[0];
            if grouped && at > 0 && !goes_on {
                text += "    \\midrule\n";
            }
            text += &line(row.iter().enumerate().map(|(column, cell)| self.cell(column, cell, goes_on)));
        }
        text += "    \\bottomrule\n  \\end{tabular}\n";
        text += &format!("\n  \\smallskip\\footnotesize {}\n\\end{{table}}\n", escaped(note));
        text
    }

    /// The first name of a group stands once; the minus of a number is longer than a hyphen.
    fn cell(&self, column: usize, cell: &str, goes_on: bool) -> String {
        if column == 0 && goes_on {
            return String::new();
        }
        let text = escaped(cell);
        if is_number(cell) { text.replace('-', "$-$") } else { text }
    }
}

/// `-4.2`, `+1.0 to -3.1`, `1.0 ± 0.2`: no letters but those of "to".
fn is_number(cell: &str) -> bool {
    cell.contains(|letter: char| letter.is_ascii_digit())
        && !cell.replace(" to ", " ").contains(char::is_alphabetic)
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("    {} \\\\\n", cells.collect::<Vec<_>>().join(" & "))
}

/// `text` as LaTeX shows it letter by letter; signs that fonts lack become those of mathematics.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '\\' => out += "\\textbackslash{}",
            '~' => out += "\\textasciitilde{}",
            '^' => out += "\\textasciicircum{}",
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', letter]),
            '<' => out += "$<$",
            '>' => out += "$>$",
            '|' => out += "$|$",
            '±' => out += "$\\pm$",
            '→' => out += "$\\rightarrow$",
            '×' => out += "$\\times$",
            '−' => out += "$-$",
            letter if letter.is_whitespace() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use polars::df;

    use super::*;

    #[test]
    fn a_table_has_the_rules_of_booktabs_and_names_a_group_once() {
        let cells = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let table = Table {
            name: "test",
            title: "Title (50 %)".to_owned(),
            caption: "Caption & more.".to_owned(),
            data: df!("a" => [1.0]).unwrap(),
            header: vec!["Task", "Method", "mAP"],
            rows: vec![
                cells(["A → B", "MMT_k-1", "1.0 ± 0.2"]),
                cells(["A → B", "x", "-3.0 to +1.0"]),
                cells(["B → A", "x", ""]),
            ],
            names: 2,
        };
        let expected = r"% Made by `reproduce report`; needs \usepackage{booktabs}.
\begin{table}
  \centering
  \caption{Title (50 \%). Caption \& more.}
  \label{tab:test}
  \begin{tabular}{llr}
    \toprule
    Task & Method & mAP \\
    \midrule
    A $\rightarrow$ B & MMT\_k-1 & 1.0 $\pm$ 0.2 \\
     & x & $-$3.0 to +1.0 \\
    \midrule
    B $\rightarrow$ A & x &  \\
    \bottomrule
  \end{tabular}

  \smallskip\footnotesize Synthetic.
\end{table}
";
        assert_eq!(table.latex("Synthetic."), expected);
    }

    #[test]
    fn every_special_character_is_escaped() {
        let expected = r"\textbackslash{}\textasciitilde{}\textasciicircum{}\&\%\$\#\_\{\}$<$$>$$|$";
        assert_eq!(escaped(r"\~^&%$#_{}<>|"), expected);
        assert_eq!(escaped("a\nb − 2 × 3"), "a b $-$ 2 $\\times$ 3");
    }
}
