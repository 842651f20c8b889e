//! The page `report.html`: one file that needs no other, figures inside, whole without a script.

mod views;

use minijinja::{Environment, context};

use super::claims::RULE;
use super::facts::Fact;
use super::figures::dark_rules;
use super::story::Content;
use super::summary::Context;
use crate::error::{Error, Result};

/// Its name decides that every value is escaped.
const NAME: &str = "page.html";
const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// The page.
pub(super) fn html(context: &Context, facts: &[Fact], content: &Content<'_>) -> Result<String> {
    let mut environment = Environment::new();
    environment.add_template(NAME, TEMPLATE).map_err(refused)?;
    let page = environment.get_template(NAME).map_err(refused)?;
    page.render(context! {
        title => format!("Mutual mean-teaching: {}", context.label()),
        style => format!("{STYLE}{}", dark_rules()),
        domains => context.domains(),
        remark => context.remark(),
        notes => &context.notes,
        facts => facts,
        sheet => content.domains().map(views::figure),
        sentences => content.sentences,
        matrix => views::matrix(content.matrix, context),
        claims => views::table(&content.tables.claims),
        rule => RULE,
        parts => content.parts().iter().map(views::part).collect::<Vec<_>>(),
    })
    .map_err(refused)
}

fn refused(error: minijinja::Error) -> Error {
    Error::Report { what: "report.html".to_owned(), reason: error.to_string() }
}
