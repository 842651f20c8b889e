//! The sources of variance of single runs' differences.

use mmt_vocabulary::error::Result;

use super::super::variance::{ABOUT, TITLE, Variance};
use super::dots::{DotPanel, DotRow, by_comparison};
use super::figure::Figure;
use super::plate::{Caption, Panel, figure};
use super::source::Source;
use super::style::DRAWN;
use crate::context::Context;

/// Names of what is drawn, in the order of a variance's deviations.
const NAMES: [&str; 3] = ["domains", "training", "persons"];

/// A panel for each comparison; none without two training runs of one draw.
pub(super) fn variance(source: &Source<'_>, context: &Context) -> Result<Option<Figure>> {
    let rows = source
        .variances
        .iter()
        .map(|variance| (&variance.line.compared[..], row(variance, variance.line.scope(context.domains))));
    let panels: Vec<Box<dyn Panel>> =
        by_comparison(rows).into_iter().map(|group| panel(group) as Box<dyn Panel>).collect();
    if panels.is_empty() {
        return Ok(None);
    }
    let caption = Caption {
        name: "variance".to_owned(),
        title: TITLE.to_owned(),
        text: format!("{ABOUT} At the right: domains needed with one training run of each."),
    };
    figure(caption, &panels, context).map(Some)
}

fn row(variance: &Variance<'_>, name: String) -> DotRow {
    let marks = variance.deviations().into_iter().zip(DRAWN);
    DotRow {
        name,
        number: variance.needed()[0].map_or(String::new(), |units| format!("{units} needed")),
        dots: Vec::new(),
        marks: marks.filter_map(|(deviation, look)| Some((deviation?, look))).collect(),
        interval: None,
        whole: variance.line.tasks.len() > 1,
    }
}

fn panel((compared, rows): (&str, Vec<DotRow>)) -> Box<DotPanel> {
    let legend = DRAWN.into_iter().zip(NAMES.map(str::to_owned)).collect();
    let axis = "standard deviation (points of mAP)";
    Box::new(DotPanel { title: compared.to_owned(), legend, axis, bars: vec![0.0], rows })
}

#[cfg(test)]
mod tests {
    use super::super::super::claims::Gains;
    use super::super::super::fixture::Fixture;
    use super::super::super::results::Results;
    use super::super::super::runs::load;
    use super::super::super::statistics::Components;
    use super::*;

    #[test]
    fn a_row_has_a_mark_for_each_part_that_is_known() {
        let fixture = Fixture::new();
        fixture.run("market-to-duke", "baseline", "baseline", 1, &[0.2, 0.25]);
        fixture.run("market-to-duke", "mmt-k", "mmt", 1, &[0.2, 0.35]);
        let runs = load(&fixture.roots()).unwrap().runs;
        let gains = Gains::new(&Results::new(&runs).unwrap()).unwrap();
        let of = |queries| {
            let components = Components { runs: Some(4.0), queries, units: Some(12.0), another: None };
            row(&Variance { line: &gains.lines[0], components }, "Market → Duke".to_owned())
        };
        let [domains, training, persons] = DRAWN;
        let found = of(Some(3.0));
        // 34 domains as in the tables of power for an effect of half a standard deviation.
        assert_eq!((&found.number[..], found.whole), ("34 needed", false));
        assert_eq!(found.marks, [(3.0, domains), (2.0, training), (3.0_f64.sqrt(), persons)]);
        assert_eq!(of(None).marks, [(2.0, training)]);
    }
}
