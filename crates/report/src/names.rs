//! Names and numbers as tables show them, and their order.

use std::collections::{BTreeMap, BTreeSet};

use mmt_vocabulary::Method;
use mmt_vocabulary::record::DomainKind;

use super::runs::RunRecords;

/// The paper's tasks, in the order of its Table 1.
const TASKS: [&str; 4] = ["market-to-duke", "duke-to-market", "market-to-msmt", "duke-to-msmt"];

/// Methods from the lower bound to the upper one.
pub(super) const METHODS: [Method; 4] = [Method::PreTrained, Method::Baseline, Method::Mmt, Method::Oracle];

/// Rows of the experiments that come with the program: those of the paper's Table 2 in its order and words, then the others.
const VARIANTS: [(&str, &str); 22] = [
    ("without-soft-ce", "MMT w/o L_sid"),
    ("without-soft-tri", "MMT w/o L_stri"),
    ("without-second-network", "MMT w/o θ₂"),
    ("without-mean-networks", "MMT w/o E[θ]"),
    ("only-soft", "MMT, only L_sid and L_stri"),
    ("without-ce", "MMT w/o L_id"),
    ("baseline-unscaled", "Baseline, features × 1"),
    ("k-half", "k / 2"),
    ("k-same", "k"),
    ("k-twice", "2 k"),
    ("bn-group-whole", "BN over the batch"),
    ("bn-group-half", "BN over half batches"),
    ("bn-group-quarter", "BN over quarter batches"),
    ("ema-paper", "α from the first step on"),
    ("without-smoothing", "no label smoothing"),
    ("by-students", "clusters by the networks"),
    ("kept-classifier", "classifier kept"),
    ("kept-optimizer", "optimizer kept"),
    ("steps-half", "half the steps"),
    ("steps-twice", "twice the steps"),
    ("batch-twice", "P = 16"),
    ("dropout", "dropout 0.5"),
];

/// Beginnings of the names of rows that differ in one number, which follows.
const VALUES: [(&str, &str); 4] =
    [("soft-ce-", "λ_id = "), ("soft-tri-", "λ_tri = "), ("alpha-", "α = "), ("scale-", "features × ")];

/// Ends of the names of rows that are another row, which comes before, with something less.
const ENDS: [(&str, &str); 2] = [("-without-soft-tri", ", w/o L_stri"), ("-baseline", ", baseline")];

fn rank(names: &[&str], name: &str) -> usize {
    names.iter().position(|known| *known == name).unwrap_or(names.len())
}

/// Sorts tasks as the paper does; others follow by name.
pub(super) fn task_key(task: &str) -> (usize, String) {
    (rank(&TASKS, task), task.to_owned())
}

/// The key that rows are sorted by.
pub(super) type RowKey = (usize, usize, bool, String, u64, String);

/// Sorts rows by method, variants as experiments have them, k-means before DBSCAN, then by name with numbers as numbers
/// (`mmt-500` before `mmt-1000`, `alpha-0.9` before `alpha-0.99`), a row that is another one with something less behind that one.
pub(super) fn row_key(method: Option<Method>, row: &str) -> RowKey {
    let whole = ENDS.iter().find_map(|(end, _)| row.strip_suffix(end)).unwrap_or(row);
    let stem = whole.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = whole[stem.len()..].parse().unwrap_or(0.0);
    let variant = VARIANTS.iter().position(|(name, _)| *name == whole).unwrap_or(VARIANTS.len());
    // Bits of numbers that are not negative are ordered as the numbers are.
    (
        METHODS.iter().position(|known| Some(*known) == method).unwrap_or(METHODS.len()),
        variant,
        row.contains("dbscan"),
        stem.to_owned(),
        number.to_bits(),
        row.to_owned(),
    )
}

/// `Market → Duke` for `market-to-duke` on real data; `Market-like → Duke-like` on drawn domains, which a cropped figure or a pasted
/// table must not pass for the real ones.
pub(super) fn task_label(task: &str, domains: DomainKind) -> String {
    let label = |domain| domain_label(domain, domains);
    match task.split_once("-to-") {
        Some((source, target)) => format!("{} → {}", label(source), label(target)),
        None => label(task),
    }
}

/// `Market-like`, `MSMT`.
pub(super) fn domain_label(domain: &str, domains: DomainKind) -> String {
    let name = match domain {
        "msmt" => "MSMT".to_owned(),
        "msmt-v2" => "MSMT V2".to_owned(),
        other => capitalised(other),
    };
    match domains {
        DomainKind::Synthetic => format!("{name}-like"),
        DomainKind::Real => name,
    }
}

/// `+5.8`, `−0.3` with a true minus; `0.0` for what rounds to it.
pub(super) fn signed(value: f64, digits: usize) -> String {
    let text = format!("{value:+.digits$}");
    if text.contains(|letter: char| ('1'..='9').contains(&letter)) {
        minus(&text)
    } else {
        text.trim_start_matches(['+', '-']).to_owned()
    }
}

/// A number with a true minus.
pub(super) fn minus(number: &str) -> String {
    number.replace('-', "−")
}

/// The name of a row of the experiments that come with the program.
fn known_label(row: &str) -> Option<String> {
    if let Some((_, label)) = VARIANTS.iter().find(|(name, _)| *name == row) {
        return Some((*label).to_owned());
    }
    let value = |(start, label): &(&str, &str)| {
        let number = row.strip_prefix(start).filter(|rest| rest.parse::<f64>().is_ok())?;
        Some(format!("{label}{number}"))
    };
    VALUES.iter().find_map(value)
}

/// `MMT-k` for `mmt-k`, `MMT-DBSCAN` for `mmt-dbscan`, the paper's words for the rows of its Table 2, `α = 0.9` for `alpha-0.9`,
/// `features × 3, w/o L_stri` for `scale-3-without-soft-tri`; any other name with a capital.
pub(super) fn row_label(row: &str) -> String {
    let less = |(end, label): &(&str, &str)| Some(format!("{}{label}", known_label(row.strip_suffix(end)?)?));
    if let Some(label) = known_label(row).or_else(|| ENDS.iter().find_map(less)) {
        return label;
    }
    let row = row.replace("dbscan", "DBSCAN");
    match row.strip_prefix("mmt") {
        Some(rest) => format!("MMT{rest}"),
        None => capitalised(&row),
    }
}

/// The names of a report's rows in tables.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels(BTreeMap<String, String>);

impl Labels {
    /// Of the rows of `runs`: `MMT-100` for `mmt-k` where all its runs have 100 clusters, as the paper writes it.
    pub fn new(runs: &[RunRecords]) -> Self {
        let mut found: BTreeMap<&str, BTreeSet<Option<i64>>> = BTreeMap::new();
        for run in runs {
            found.entry(&run.info.row).or_default().insert(run.clusters());
        }
        let label = |(row, clusters): (&str, BTreeSet<Option<i64>>)| {
            let number = clusters.first().copied().flatten().filter(|_| clusters.len() == 1);
            let label = match (row.strip_suffix("-k"), number) {
                (Some(stem), Some(number)) => row_label(&format!("{stem}-{number}")),
                _ => row_label(row),
            };
            (row.to_owned(), label)
        };
        Self(found.into_iter().map(label).collect())
    }

    /// That of a row.
    pub fn of(&self, row: &str) -> String {
        self.0.get(row).cloned().unwrap_or_else(|| row_label(row))
    }
}

/// `text` with a capital.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_read_like_the_paper() {
        assert_eq!(task_label("market-to-msmt", DomainKind::Real), "Market → MSMT");
        assert_eq!(task_label("own-to-msmt-v2", DomainKind::Real), "Own → MSMT V2");
        assert_eq!(task_label("market-to-msmt", DomainKind::Synthetic), "Market-like → MSMT-like");
        assert_eq!(row_label("mmt-k"), "MMT-k");
        assert_eq!(row_label("mmt-dbscan"), "MMT-DBSCAN");
        assert_eq!(row_label("pre-trained"), "Pre-trained");
        assert_eq!(row_label("without-soft-ce"), "MMT w/o L_sid");
        assert_eq!(row_label("soft-ce-0.25"), "λ_id = 0.25");
        assert_eq!(row_label("alpha-mine"), "Alpha-mine", "an unknown name stays as it is");
        assert_eq!(row_label("scale-24"), "features × 24");
        assert_eq!(row_label("scale-3-without-soft-tri"), "features × 3, w/o L_stri");
        assert_eq!(row_label("scale-3-baseline"), "features × 3, baseline");
        assert_eq!(row_label("steps-half-without-soft-tri"), "half the steps, w/o L_stri");
        assert_eq!(row_label("my-baseline"), "My-baseline");
    }

    #[test]
    fn signs_are_those_of_print() {
        let found = [5.84, -0.94, -0.04, 0.0].map(|value| signed(value, 1));
        assert_eq!(found, ["+5.8", "−0.9", "0.0", "0.0"]);
        assert_eq!(signed(-12.5, 0), "−12");
    }

    #[test]
    fn rows_and_tasks_stand_in_the_papers_order() {
        let mut rows = [
            ("oracle", "oracle"),
            ("mmt", "mmt-dbscan"),
            ("mmt", "mmt-1000"),
            ("mmt", "mmt-500"),
            ("baseline", "baseline"),
        ];
        rows.sort_by_key(|(method, row)| row_key(method.parse().ok(), row));
        assert_eq!(rows.map(|(_, row)| row), ["baseline", "mmt-500", "mmt-1000", "mmt-dbscan", "oracle"]);
        let mut variants = [
            "without-ce",
            "alpha-0.999",
            "alpha-0.9",
            "alpha-0.99",
            "only-soft",
            "soft-tri-0.25",
            "soft-tri-1",
            "scale-24",
            "scale-3-without-soft-tri",
            "scale-3",
            "steps-half-without-soft-tri",
        ];
        variants.sort_by_key(|row| row_key(Some(Method::Variant), row));
        assert_eq!(
            variants,
            [
                "only-soft",
                "without-ce",
                "steps-half-without-soft-tri",
                "alpha-0.9",
                "alpha-0.99",
                "alpha-0.999",
                "scale-3",
                "scale-3-without-soft-tri",
                "scale-24",
                "soft-tri-0.25",
                "soft-tri-1"
            ]
        );
        let mut tasks = ["own-to-market", "duke-to-msmt", "market-to-duke"];
        tasks.sort_by_key(|task| task_key(task));
        assert_eq!(tasks, ["market-to-duke", "duke-to-msmt", "own-to-market"]);
    }
}
