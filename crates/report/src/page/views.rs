//! The parts of a report as the template takes them.

use serde::Serialize;

use super::super::claims::{self, Claim, Matrix, Verdict};
use super::super::context::Context;
use super::super::figures;
use super::super::grid;
use super::super::notation::html;
use super::super::story;
use super::super::table;

/// Texts longer than this are broken into lines.
const WIDE: usize = 32;

#[derive(Serialize)]
pub(super) struct Figure<'a> {
    id: String,
    title: &'a str,
    caption: String,
    /// SVGs, drawn by this program.
    panels: &'a [String],
    /// `gains.svg, gains.png`.
    files: String,
    /// As wide as a page, and not one of two beside each other.
    broad: bool,
}

pub(super) fn figure(figure: &figures::Figure) -> Figure<'_> {
    let id = format!("figure-{}", figure.name);
    let files = figure.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(", ");
    Figure {
        id,
        title: &figure.title,
        caption: html(&figure.caption),
        panels: &figure.panels,
        files,
        broad: figure.broad,
    }
}

#[derive(Serialize)]
struct Cell {
    /// HTML.
    text: String,
    /// Small, behind it.
    spread: String,
    class: &'static str,
}

#[derive(Serialize)]
pub(super) struct Table<'a> {
    id: String,
    title: &'a str,
    caption: String,
    link: &'a str,
    header: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
}

pub(super) fn table(table: &table::Table) -> Table<'_> {
    let shown = table.compact();
    let class = |number: bool, text: &str| match number {
        true => "number",
        false if text.chars().count() > WIDE => "wide",
        false => "",
    };
    let cells = |cells: &[String]| -> Vec<Cell> {
        let cell = |(at, text): (usize, &String)| Cell {
            text: html(text),
            spread: String::new(),
            class: class(shown.is_number(at), text),
        };
        cells.iter().enumerate().map(cell).collect()
    };
    Table {
        id: format!("table-{}", table.name),
        title: &table.title,
        caption: html(&table.caption),
        link: table.name,
        header: cells(&shown.header),
        rows: shown.rows.iter().map(|row| cells(row)).collect(),
    }
}

#[derive(Serialize)]
struct Block<'a> {
    tasks: &'a [String],
    /// Groups of lines, each a name and its cells.
    groups: Vec<Vec<(String, Vec<Cell>)>>,
}

#[derive(Serialize)]
struct Grid<'a> {
    id: String,
    title: String,
    caption: String,
    link: &'a str,
    measures: &'a [&'static str],
    blocks: Vec<Block<'a>>,
}

fn grid(grid: &grid::Grid) -> Grid<'_> {
    let cell = |cell: &Option<grid::Cell>| match cell {
        None => Cell { text: String::new(), spread: String::new(), class: "number" },
        Some(cell) => Cell {
            text: html(&cell.text),
            spread: html(&cell.spread),
            class: if cell.best { "number best" } else { "number" },
        },
    };
    let line = |line: &grid::Line| (html(&line.label), line.cells.iter().map(cell).collect());
    let block = |block: &'_ grid::Block| -> Vec<Vec<(String, Vec<Cell>)>> {
        block.groups.iter().map(|group| group.iter().map(line).collect()).collect()
    };
    Grid {
        id: format!("table-{}", grid.name),
        title: grid.heading(),
        caption: html(&grid.caption),
        link: grid.name,
        measures: &grid.measures,
        blocks: grid.blocks.iter().map(|found| Block { tasks: &found.tasks, groups: block(found) }).collect(),
    }
}

/// A claim on a task: its sign and number, and what stands behind them.
#[derive(Serialize)]
struct Judged {
    sign: &'static str,
    number: String,
    /// For a pointer that rests on it, and for screen readers.
    words: String,
    class: &'static str,
}

#[derive(Serialize)]
struct Statement {
    number: &'static str,
    statement: String,
    cells: Vec<Option<Judged>>,
}

#[derive(Serialize)]
pub(super) struct MatrixView<'a> {
    scopes: &'a [String],
    statements: Vec<Statement>,
}

pub(super) fn matrix<'a>(matrix: &'a Matrix<'_>, context: &Context) -> MatrixView<'a> {
    let cell = |claim: &Option<&Claim>| claim.map(|claim| judged(claim, context));
    let statement = |found: &claims::Statement<'_>| Statement {
        number: found.number,
        statement: html(found.statement),
        cells: found.cells.iter().map(cell).collect(),
    };
    MatrixView { scopes: &matrix.scopes, statements: matrix.statements.iter().map(statement).collect() }
}

fn judged(claim: &Claim, context: &Context) -> Judged {
    let (estimate, verdict) = (&claim.estimate, claim.verdict());
    let interval = estimate
        .interval()
        .map_or(String::new(), |_| format!(", 95 % interval {}", estimate.interval_text()));
    Judged {
        sign: verdict.sign().trim_end(),
        number: if verdict == Verdict::Undefined { "undefined".to_owned() } else { estimate.mean_text() },
        words: format!(
            "{}: {}{interval}; {}",
            claim.scope(context.domains),
            verdict.text(estimate),
            estimate.units_text()
        ),
        class: class(verdict),
    }
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Opposite => "opposite",
        Verdict::Leans => "leans",
        Verdict::LeansOpposite => "leans-opposite",
        Verdict::Mixed | Verdict::Undefined | Verdict::NotRun => "open",
    }
}

/// One of them is there.
#[derive(Serialize, Default)]
struct Item<'a> {
    figure: Option<Figure<'a>>,
    more: Option<Figure<'a>>,
    table: Option<Table<'a>>,
    grid: Option<Grid<'a>>,
}

#[derive(Serialize)]
pub(super) struct Part<'a> {
    id: &'static str,
    title: &'static str,
    items: Vec<Item<'a>>,
}

pub(super) fn part<'a>(part: &story::Part<'a>) -> Part<'a> {
    let item = |item: &story::Item<'a>| match item {
        story::Item::Figure(found) => Item { figure: Some(figure(found)), ..Item::default() },
        story::Item::More(found) => Item { more: Some(figure(found)), ..Item::default() },
        story::Item::Table(found) => Item { table: Some(table(found)), ..Item::default() },
        story::Item::Grid(found) => Item { grid: Some(grid(found)), ..Item::default() },
    };
    Part { id: part.id, title: part.title, items: part.items.iter().map(item).collect() }
}
