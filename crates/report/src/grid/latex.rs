//! A grid for LaTeX: as wide as a page of 5.5 inches, in the rules of `booktabs`.

use super::super::names::capitalised;
use super::super::notation::latex;
use super::{Block, Cell, Grid, Line};

impl Grid {
    /// A floating table with title and caption, and `note` under it. Needs `\usepackage{booktabs}`, nothing else.
    pub fn latex(&self, note: &str) -> String {
        let widest = self.blocks.iter().map(|block| block.tasks.len()).max().unwrap_or(0);
        let mut text = format!(
            "% Made by `reproduce report`; needs \\usepackage{{booktabs}}.\n\\begin{{table}}\n  \\centering\n  \\caption{{{}. {}}}\n  \
             \\label{{tab:{}}}\n  \\small\\setlength{{\\tabcolsep}}{{4pt}}\n  \
             \\newcommand{{\\spread}}[2]{{\\rlap{{\\textsubscript{{\\,#1}}}}\\hphantom{{\\textsubscript{{\\,#2}}}}}}\n  \
             \\begin{{tabular}}{{@{{}}l*{{{}}}{{r}}@{{}}}}\n    \\toprule\n",
            latex(&capitalised(&self.title)),
            latex(&self.caption),
            self.name,
            widest * self.measures.len()
        );
        for (at, block) in self.blocks.iter().enumerate() {
            text += if at > 0 { "    \\midrule\n" } else { "" };
            text += &self.head(block);
            for group in &block.groups {
                text += "    \\midrule\n";
                text.extend(group.iter().map(|line| self.line(line)));
            }
        }
        text += "    \\bottomrule\n  \\end{tabular}\n";
        text += &format!("\n  \\smallskip\\footnotesize {}\n\\end{{table}}\n", latex(note));
        text
    }

    fn line(&self, line: &Line) -> String {
        let cells = line
            .cells
            .iter()
            .enumerate()
            .map(|(at, found)| cell(found, &self.widest(at % self.measures.len())));
        format!("    {}", row(&latex(&line.label), cells))
    }

    /// The longest spread of a measure.
    fn widest(&self, measure: usize) -> String {
        let lines = self.blocks.iter().flat_map(|block| block.groups.iter().flatten());
        let cells =
            lines.flat_map(|line| line.cells.iter().skip(measure).step_by(self.measures.len()).flatten());
        cells.map(|cell| cell.spread.clone()).max_by_key(|spread| spread.chars().count()).unwrap_or_default()
    }

    /// Tasks, a rule below each, measures.
    fn head(&self, block: &Block) -> String {
        let n = self.measures.len();
        let task = |task: &String| format!("\\multicolumn{{{n}}}{{c}}{{{}}}", latex(task));
        let rule = |at: usize| format!("\\cmidrule(lr){{{}-{}}}", 2 + at * n, 1 + (at + 1) * n);
        let measures = block.tasks.iter().flat_map(|_| self.measures.iter().map(|measure| delta(measure)));
        format!(
            "    {}    {}\n    {}",
            row("", block.tasks.iter().map(task)),
            (0..block.tasks.len()).map(rule).collect::<String>(),
            row("Method", measures)
        )
    }
}

/// Numbers end at one place whatever stands small behind them: `widest` holds the room of the widest.
fn cell(cell: &Option<Cell>, widest: &str) -> String {
    let Some(cell) = cell else { return String::new() };
    let text = latex(&cell.text);
    let text = if cell.best { format!("\\textbf{{{text}}}") } else { text };
    if widest.is_empty() {
        text
    } else {
        format!("{text}\\spread{{{}}}{{{}}}", latex(&cell.spread), latex(widest))
    }
}

fn delta(measure: &str) -> String {
    measure.replace('Δ', "$\\Delta$")
}

fn row(first: &str, cells: impl Iterator<Item = String>) -> String {
    format!("{} \\\\\n", [first.to_owned()].into_iter().chain(cells).collect::<Vec<_>>().join(" & "))
}
