//! A table for LaTeX, in the rules of `booktabs`.

use super::table::Table;

/// Tables of more columns are set in small letters.
const WIDE: usize = 9;

impl Table {
    /// A floating table with title and caption, and `note` under it. Needs `\usepackage{booktabs}`, nothing else.
    pub fn latex(&self, note: &str) -> String {
        let shown = self.full();
        let (header, rows) = (&shown.header, &shown.rows);
        let columns: String =
            (0..header.len()).map(|at| if shown.is_number(at) { 'r' } else { 'l' }).collect();
        // Wide tables would run over the edge of a page.
        let small = if header.len() > WIDE { "\\scriptsize\\setlength{\\tabcolsep}{3pt}\n  " } else { "" };
        let mut text = format!(
            "% Made by `reproduce report`; needs \\usepackage{{booktabs}}.\n\\begin{{table}}\n  \\centering\n  \\caption{{{}. {}}}\n  \
             \\label{{tab:{}}}\n  {small}\\begin{{tabular}}{{{columns}}}\n    \\toprule\n",
            escaped(&self.title),
            escaped(&self.caption),
            self.name
        );
        text += &line(header.iter().map(|cell| escaped(cell)));
        text += "    \\midrule\n";
        let grouped = rows.windows(2).any(|rows| rows[0][0] == rows[1][0]);
        for (at, row) in rows.iter().enumerate() {
            let goes_on = at > 0 && rows[at - 1][0] == row[0];
            if grouped && at > 0 && !goes_on {
                text += "    \\midrule\n";
            }
            text += &line(row.iter().enumerate().map(|(column, text)| cell(column, text, goes_on)));
        }
        text += "    \\bottomrule\n  \\end{tabular}\n";
        text += &format!("\n  \\smallskip\\footnotesize {}\n\\end{{table}}\n", escaped(note));
        text
    }
}

/// The first name of a group stands once; the minus of a number is longer than a hyphen.
fn cell(column: usize, cell: &str, goes_on: bool) -> String {
    if column == 0 && goes_on {
        return String::new();
    }
    let text = escaped(cell);
    if is_number(cell) { text.replace('-', "$-$") } else { text.trim_start().to_owned() }
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
            'α' => out += "$\\alpha$",
            'θ' => out += "$\\theta$",
            'λ' => out += "$\\lambda$",
            '−' => out += "$-$",
            '–' => out += "--",
            // Fonts lack the signs of verdicts; a word stands beside each.
            '▲' | '▼' | '△' | '▽' | '○' => {}
            letter if letter.is_whitespace() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use polars::df;

    use super::super::table::columns;
    use super::*;

    #[test]
    fn a_table_has_the_rules_of_booktabs_and_names_a_group_once() {
        let cells = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let table = Table {
            name: "test",
            title: "Title (50 %)".to_owned(),
            caption: "Caption & more.".to_owned(),
            data: df!("a" => [1.0]).unwrap(),
            header: columns(["Task", "Method", "mAP"]),
            rows: vec![
                cells(["A → B", "MMT_k-1", "1.0 ± 0.2"]),
                cells(["A → B", "x", "-3.0 to +1.0"]),
                cells(["B → A", "x", ""]),
            ],
            names: 2,
            settings: Vec::new(),
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
        assert_eq!(escaped("λ_id, α, θ2"), "$\\lambda$\\_id, $\\alpha$, $\\theta$2");
    }
}
