//! The page `report.html`: the same sections as `report.md` in one file that needs no other, figures inside.

use minijinja::{Environment, context};
use serde::Serialize;

use super::figures::Figure;
use super::summary::{Context, Section};
use super::table::Table;
use crate::error::{Error, Result};

/// Its name decides that every value is escaped.
const NAME: &str = "page.html";
const TEMPLATE: &str = include_str!("page.html");
/// Texts longer than this are broken into lines.
const WIDE: usize = 32;

#[derive(Serialize)]
struct Cell {
    text: String,
    class: &'static str,
}

/// A section as the template takes it: a drawing or a table.
#[derive(Serialize)]
struct View<'a> {
    id: String,
    title: &'a str,
    caption: &'a str,
    svg: Option<String>,
    header: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
}

/// The page.
pub(super) fn html(context: &Context, sections: &[Section<'_>]) -> Result<String> {
    let views: Vec<View<'_>> = sections.iter().map(view).collect();
    let mut environment = Environment::new();
    environment.add_template(NAME, TEMPLATE).map_err(refused)?;
    let page = environment.get_template(NAME).map_err(refused)?;
    page.render(context! {
        title => format!("Mutual mean-teaching: {}", context.label()),
        domains => context.domains(),
        remark => context.remark(),
        notes => &context.notes,
        sections => views,
    })
    .map_err(refused)
}

fn refused(error: minijinja::Error) -> Error {
    Error::Report { what: "report.html".to_owned(), reason: error.to_string() }
}

fn view<'a>(section: &Section<'a>) -> View<'a> {
    match section {
        Section::Table(table) => table_view(table),
        Section::Figure(figure) => figure_view(figure),
    }
}

fn class(number: bool, text: &str) -> &'static str {
    match number {
        true => "number",
        false if text.chars().count() > WIDE => "wide",
        false => "",
    }
}

fn table_view(table: &Table) -> View<'_> {
    let shown = table.compact();
    let cells = |cells: &[String]| -> Vec<Cell> {
        let cell = |(at, text): (usize, &String)| Cell {
            text: text.clone(),
            class: class(shown.is_number(at), text),
        };
        cells.iter().enumerate().map(cell).collect()
    };
    View {
        id: table.name.to_owned(),
        title: &table.title,
        caption: &table.caption,
        svg: None,
        header: cells(&shown.header),
        rows: shown.rows.iter().map(|row| cells(row)).collect(),
    }
}

fn figure_view(figure: &Figure) -> View<'_> {
    View {
        id: format!("figure-{}", figure.link().trim_end_matches(".svg")),
        title: &figure.title,
        caption: &figure.caption,
        svg: Some(figure.svg()),
        header: Vec::new(),
        rows: Vec::new(),
    }
}
