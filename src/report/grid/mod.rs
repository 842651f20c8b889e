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
    /// What stands small beside it: a deviation, a range; may be empty.
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
    pub title: String,
    pub caption: String,
    /// Columns of every task.
    pub measures: Vec<&'static str>,
    pub blocks: Vec<Block>,
}

impl Grid {
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
