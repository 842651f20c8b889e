//! Figures as a reader sees them: nothing is cut off, and no word lies on another.

use mmt_vocabulary::record::RunInfo;
use resvg::usvg::{Group, Node, Rect, Tree};

use super::super::claims::Gains;
use super::super::context::Context;
use super::super::fixture::Fixture;
use super::super::ranked;
use super::super::results::Results;
use super::super::runs::load;
use super::super::soft_triplet;
use super::super::variance;
use super::*;

/// The paper's four tasks and rows with long names, changed rows, ranked lists and queries, on `seeds` sets of domains.
fn figures(seeds: u64) -> Figures {
    let fixture = Fixture::new();
    let tasks = ["market-to-duke", "duke-to-market", "market-to-msmt", "duke-to-msmt"];
    for (at, task) in (0_u32..).zip(tasks) {
        for seed in 1..=seeds {
            let map = |gain: f64| 0.25 + 0.1 * f64::from(at % 2) + gain + 0.013 * seed as f64;
            fixture.run(task, "pre-trained", "pre-trained", seed, &[map(0.0)]);
            fixture.run(task, "oracle", "oracle", seed, &[map(0.3)]);
            let baseline = fixture.run(task, "baseline", "baseline", seed, &[0.2, map(0.02), map(0.04)]);
            let full = fixture.run(task, "mmt-k", "mmt", seed, &[0.2, map(0.05), map(0.06)]);
            fixture.run(task, "mmt-dbscan", "mmt", seed, &[0.2, map(0.03), map(0.061)]);
            for (folder, precisions) in [(baseline, [0.25, 0.5, 0.75]), (full, [0.75, 0.5, 0.25])] {
                fixture.ranked(&folder, &precisions);
                fixture.queries(&folder, &[0.1, 0.0, -0.1]);
            }
            let changed = |row: &str, key: &str, value: f64, gain: f64| {
                let folder = fixture.run(task, row, "variant", seed, &[0.2, map(0.0), map(gain)]);
                fixture
                    .reconfigure(&folder, |adaptation| drop(adaptation.insert(key.to_owned(), value.into())));
            };
            changed("only-soft-and-a-long-name-of-some-kind", "epsilon", 0.5, -0.123);
            changed("without-soft-tri", "soft_tri_weight", 0.0, 0.031);
            changed("soft-tri-0.25", "soft_tri_weight", 0.25, 0.2);
        }
    }
    // Where there are several domains the first have a second training run.
    let again = if seeds > 1 { &tasks[..] } else { &[] };
    for (row, method, map) in
        [("pre-trained", "pre-trained", 0.27), ("baseline", "baseline", 0.3), ("mmt-k", "mmt", 0.33)]
    {
        for task in again {
            let info = RunInfo { domain_seed: Some(1), ..Fixture::info(task, row, method, 2) };
            let course = if method == "pre-trained" { vec![map] } else { vec![0.2, 0.22, map] };
            fixture.write(&info, &course);
        }
    }
    let loaded = load(&fixture.roots()).unwrap();
    let results = Results::new(&loaded.runs).unwrap();
    let mut warnings = Vec::new();
    let ranked = ranked::find(&loaded.runs, &results, &mut warnings);
    let gains = Gains::new(&results).unwrap();
    let worth = soft_triplet::worth(&loaded.runs, &results).unwrap();
    let variances = variance::variances(&gains, &loaded.runs);
    let source = Source {
        results: &results,
        runs: &loaded.runs,
        gains: &gains,
        ranked: &ranked,
        worth: &worth,
        variances: &variances,
    };
    Figures::draw(&source, &Context::new(&loaded, &[])).unwrap()
}

/// The boxes of all texts, with what they say.
fn texts(group: &Group, found: &mut Vec<(String, Rect)>) {
    for node in group.children() {
        match node {
            Node::Group(group) => texts(group, found),
            Node::Text(text) => {
                let words = text.chunks().iter().map(|chunk| chunk.text()).collect::<String>();
                found.push((words.trim().to_owned(), text.abs_bounding_box()));
            }
            _ => {}
        }
    }
}

fn overlap(one: &Rect, other: &Rect) -> bool {
    // Boxes reach from the highest to the lowest letter of a font; words may come as close as that.
    let room = 10.0;
    one.left() + room < other.right()
        && other.left() + room < one.right()
        && one.top() + room < other.bottom()
        && other.top() + room < one.bottom()
}

fn check(figure: &Figure) {
    let svg = String::from_utf8(figure.files[0].bytes.clone()).unwrap();
    for drawing in figure.panels.iter().chain([&svg]) {
        let tree: Tree = plate::tree(drawing, &figure.name).unwrap();
        let size = tree.size();
        let mut found = Vec::new();
        texts(tree.root(), &mut found);
        assert!(!found.is_empty(), "{}", figure.name);
        for (at, (words, place)) in found.iter().enumerate() {
            let inside = place.left() >= -0.5
                && place.top() >= -0.5
                && place.right() <= size.width() + 0.5
                && place.bottom() <= size.height() + 0.5;
            assert!(inside, "{}: `{words}` at {place:?} is cut off at {size:?}", figure.name);
            for (other, its) in &found[at + 1..] {
                assert!(
                    !overlap(&scaled(place), &scaled(its)),
                    "{}: `{words}` lies on `{other}`",
                    figure.name
                );
            }
        }
    }
}

/// In tenths of a point, as the canvas has it.
fn scaled(place: &Rect) -> Rect {
    Rect::from_ltrb(10.0 * place.left(), 10.0 * place.top(), 10.0 * place.right(), 10.0 * place.bottom())
        .unwrap()
}

#[test]
fn nothing_is_cut_off_and_no_word_lies_on_another() {
    for seeds in [1, 3] {
        let figures = figures(seeds);
        let names: Vec<&str> = figures.all().map(|figure| figure.name.as_str()).collect();
        let variance = (seeds > 1).then_some("variance");
        let expected: Vec<&str> = ["gains", "queries"]
            .into_iter()
            .chain(variance)
            .chain([
                "ablations",
                "sensitivity",
                "soft_triplet",
                "map_over_epochs",
                "mean_networks_over_epochs",
                "labels_over_epochs",
                "teachers_over_epochs",
                "ranked_lists_1",
                "ranked_lists_2",
                "ranked_lists_3",
                "ranked_lists_4",
            ])
            .collect();
        assert_eq!(names, expected);
        figures.all().for_each(check);
    }
}

/// Letters of 8 points on a page of 397.
#[test]
fn letters_have_eight_points_on_a_page_of_a_paper() {
    let figures = figures(1);
    for figure in figures.all() {
        let svg = String::from_utf8(figure.files[0].bytes.clone()).unwrap();
        assert!(svg.contains("width=\"397\"") && svg.contains("viewBox=\"0 0 3970 "), "{}", figure.name);
        let sizes: Vec<f64> = svg
            .split("font-size=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next()?.parse().ok())
            .collect();
        assert!(sizes.iter().all(|size| (*size - 80.0).abs() < 0.5), "{}: {sizes:?}", figure.name);
    }
}

/// From the start 4 points by the baseline, 6 by the method, 30 to the oracle: 13 and 20 % of the gap, on every task and on their mean.
#[test]
fn the_gap_that_is_closed_stands_beside_the_gains() {
    let gains = figures(1).gains.unwrap();
    let svg = String::from_utf8(gains.files[0].bytes.clone()).unwrap();
    assert_eq!(svg.matches("13 → 20 %").count(), 5, "{svg}");
    // MMT-100 over its baseline and the start, MMT-DBSCAN over the start, and the shares.
    assert_eq!(svg.matches("Mean of 4 tasks").count(), 4);
    assert!(svg.contains("+2.0 (1 of 1)") && svg.contains("+6.0 (1 of 1)"), "{svg}");
}
