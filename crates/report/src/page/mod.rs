//! The page `report.html`: one file that needs no other, figures inside, whole without a script.

mod views;

use minijinja::{Environment, context};
use mmt_vocabulary::error::{Error, Result};

use super::claims::RULE;
use super::context::Context;
use super::facts::Fact;
use super::figures::dark_rules;
use super::story::Content;

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

#[cfg(test)]
mod tests {
    use super::super::figures::{contrast, parse};
    use super::*;

    /// The colours of text on the page: 4.5 to 1 on its ground, light and dark, as WCAG 2 asks at level AA.
    #[test]
    fn text_can_be_read_in_the_light_and_in_the_dark() {
        let blocks: Vec<&str> =
            STYLE.split(":root {").skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        assert_eq!(blocks.len(), 2, "light and dark");
        for block in blocks {
            let colour = |name: &str| {
                let value =
                    block.split(&format!("--{name}: ")).nth(1).unwrap_or_else(|| panic!("{name}: {block}"));
                parse(value.split(';').next().unwrap())
            };
            for (text, ground) in [
                ("ink", "paper"),
                ("soft", "paper"),
                ("link", "paper"),
                ("up", "paper"),
                ("down", "paper"),
                ("ink", "notice"),
            ] {
                let found = contrast(colour(text), colour(ground));
                assert!(found >= 4.5, "{text} on {ground}: {found}");
            }
        }
    }
}
