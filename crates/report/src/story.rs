//! A report in the order in which it answers: did it work, by how much, which part matters, is it robust, and why.

use super::claims::Matrix;
use super::figures::{Figure, Figures};
use super::grid::Grid;
use super::table::Table;

/// All tables, as far as their rows are there.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    pub methods: Option<Grid>,
    pub ablations: Option<Grid>,
    pub last: Table,
    /// Of other choices of an epoch.
    pub others: Vec<Table>,
    pub re_ranked: Option<Table>,
    pub gains: Option<Table>,
    pub claims: Table,
    pub order: Option<Table>,
    pub variance: Option<Table>,
    pub soft_triplet: Option<Table>,
    pub losses: Option<Table>,
    pub labels: Option<Table>,
    pub timings: Option<Table>,
    pub published: Option<Table>,
    pub environment: Option<Table>,
}

impl Tables {
    /// The tables of columns, each of which is a CSV.
    pub fn all(&self) -> impl Iterator<Item = &Table> {
        let Self {
            methods: _,
            ablations: _,
            last,
            others,
            re_ranked,
            gains,
            claims,
            order,
            variance,
            soft_triplet,
            losses,
            labels,
            timings,
            published,
            environment,
        } = self;
        let optional = [
            re_ranked,
            gains,
            order,
            variance,
            soft_triplet,
            losses,
            labels,
            timings,
            published,
            environment,
        ];
        [last, claims].into_iter().chain(others).chain(optional.into_iter().flatten())
    }

    /// The tables of the paper's form.
    pub fn grids(&self) -> impl Iterator<Item = &Grid> {
        self.methods.iter().chain(&self.ablations)
    }
}

/// An item of a part.
#[derive(Debug, Clone, Copy)]
pub(super) enum Item<'a> {
    Figure(&'a Figure),
    Grid(&'a Grid),
    /// Opens on demand.
    Table(&'a Table),
    /// A figure that opens on demand.
    More(&'a Figure),
}

/// A part of the pages.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    pub id: &'static str,
    pub title: &'static str,
    pub items: Vec<Item<'a>>,
}

/// The material of the pages.
pub(super) struct Content<'a> {
    pub tables: &'a Tables,
    pub figures: &'a Figures,
    pub matrix: &'a Matrix<'a>,
    /// How the claims came out, and the order of the methods.
    pub sentences: &'a [String],
}

impl<'a> Content<'a> {
    /// Returns the figure of how the drawn domains look; it stands beside what was run.
    pub fn domains(&self) -> Option<&'a Figure> {
        self.figures.domains.as_ref()
    }

    /// The parts after what was run and the claims; those with nothing in them are not there.
    pub fn parts(&self) -> Vec<Part<'a>> {
        let (tables, figures) = (self.tables, self.figures);
        let figure = |figure: &'a Option<Figure>| figure.as_ref().map(Item::Figure);
        let table = |table: &'a Option<Table>| table.as_ref().map(Item::Table);
        let lists = figures
            .lists
            .iter()
            .enumerate()
            .map(|(at, figure)| if at == 0 { Item::Figure(figure) } else { Item::More(figure) });
        let part = |id, title, items: Vec<Option<Item<'a>>>| Part {
            id,
            title,
            items: items.into_iter().flatten().collect(),
        };
        let mut parts = vec![
            part(
                "results",
                "Results",
                vec![tables.methods.as_ref().map(Item::Grid), table(&tables.published)],
            ),
            part(
                "gains",
                "Gains",
                vec![
                    figure(&figures.gains),
                    figure(&figures.queries),
                    table(&tables.gains),
                    table(&tables.order),
                ],
            ),
            part(
                "ablations",
                "Ablations",
                vec![
                    tables.ablations.as_ref().map(Item::Grid),
                    figure(&figures.ablations),
                    figure(&figures.soft_triplet),
                    table(&tables.soft_triplet),
                ],
            ),
            part("sensitivity", "Sensitivity", vec![figure(&figures.sensitivity)]),
            part(
                "epochs",
                "Over epochs",
                vec![figure(&figures.map), figures.averaging.as_ref().map(Item::More)],
            ),
            part(
                "labels",
                "Pseudo labels",
                vec![figure(&figures.labels), figure(&figures.teachers), table(&tables.labels)],
            ),
            Part { id: "lists", title: "Ranked lists", items: lists.collect() },
        ];
        let mut rest = vec![Item::Table(&tables.last)];
        rest.extend(tables.others.iter().map(Item::Table));
        rest.extend(figures.variance.iter().map(Item::More));
        rest.extend(table(&tables.variance));
        rest.extend(
            [&tables.re_ranked, &tables.losses, &tables.timings, &tables.environment]
                .into_iter()
                .filter_map(table),
        );
        parts.push(Part { id: "appendix", title: "Appendix", items: rest });
        parts.retain(|part| !part.items.is_empty());
        parts
    }
}
