//! Names as tables show them, and their order.

/// The paper's tasks, in the order of its Table 1.
const TASKS: [&str; 4] = ["market-to-duke", "duke-to-market", "market-to-msmt", "duke-to-msmt"];

/// Methods from the lower bound to the upper one.
pub(super) const METHODS: [&str; 4] = ["pre-trained", "baseline", "mmt", "oracle"];

fn rank(names: &[&str], name: &str) -> usize {
    names.iter().position(|known| *known == name).unwrap_or(names.len())
}

/// Sorts tasks as the paper does; others follow by name.
pub(super) fn task_key(task: &str) -> (usize, String) {
    (rank(&TASKS, task), task.to_owned())
}

/// Sorts rows by method, k-means before DBSCAN, then by name with numbers as numbers (`mmt-500` before `mmt-1000`).
pub(super) fn row_key(method: &str, row: &str) -> (usize, bool, String, u64, String) {
    let stem = row.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = row[stem.len()..].parse().unwrap_or(0);
    (rank(&METHODS, method), row.contains("dbscan"), stem.to_owned(), number, row.to_owned())
}

/// `Market → Duke` for `market-to-duke`.
pub(super) fn task_label(task: &str) -> String {
    match task.split_once("-to-") {
        Some((source, target)) => format!("{} → {}", domain_label(source), domain_label(target)),
        None => domain_label(task),
    }
}

fn domain_label(domain: &str) -> String {
    if domain == "msmt" { "MSMT".to_owned() } else { capitalised(domain) }
}

/// `MMT-k` for `mmt-k`, `Baseline` for `baseline`, `MMT-DBSCAN` for `mmt-dbscan`.
pub(super) fn row_label(row: &str) -> String {
    let row = row.replace("dbscan", "DBSCAN");
    match row.strip_prefix("mmt") {
        Some(rest) => format!("MMT{rest}"),
        None => capitalised(&row),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_read_like_the_paper() {
        assert_eq!(task_label("market-to-msmt"), "Market → MSMT");
        assert_eq!(row_label("mmt-k"), "MMT-k");
        assert_eq!(row_label("mmt-dbscan"), "MMT-DBSCAN");
        assert_eq!(row_label("pre-trained"), "Pre-trained");
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
        rows.sort_by_key(|(method, row)| row_key(method, row));
        assert_eq!(rows.map(|(_, row)| row), ["baseline", "mmt-500", "mmt-1000", "mmt-dbscan", "oracle"]);
        let mut tasks = ["own-to-market", "duke-to-msmt", "market-to-duke"];
        tasks.sort_by_key(|task| task_key(task));
        assert_eq!(tasks, ["market-to-duke", "duke-to-msmt", "own-to-market"]);
    }
}
