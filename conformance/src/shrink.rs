//! From an input that shows a disagreement to the smallest one that still does.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::{Definition, Kind};
use crate::value::{Array, Inputs, Value};

/// How often the implementation is asked at most.
const TRIES: usize = 600;

/// Makes `inputs` smaller as long as `still` says that they show the disagreement: fewer rows of every dimension, then simpler
/// numbers. Inputs that the reference refuses are not tried. Returns the smallest, and how often `still` was asked.
pub fn shrink(
    definition: &Definition,
    inputs: &Inputs,
    mut still: impl FnMut(&Inputs) -> bool,
) -> (Inputs, usize) {
    let mut smallest = inputs.clone();
    let mut tries = 0;
    loop {
        let mut smaller = false;
        for step in STEPS {
            let mut list = candidates(definition, &smallest, *step);
            let mut at = 0;
            while let Some(candidate) = list.get(at) {
                let new = *candidate != smallest && !is_empty(candidate);
                if !new || (definition.reference)(candidate).is_err() {
                    at += 1;
                    continue;
                }
                if tries >= TRIES {
                    return (smallest, tries);
                }
                tries += 1;
                if still(candidate) {
                    // The same step once more, from here.
                    smallest = candidate.clone();
                    smaller = true;
                    list = candidates(definition, &smallest, *step);
                } else {
                    at += 1;
                }
            }
        }
        if !smaller {
            return (smallest, tries);
        }
    }
}

/// Nested lists do not tell the shape of a matrix without entries.
fn is_empty(inputs: &Inputs) -> bool {
    let empty = |value: &Value| matches!(value, Value::Array(array) if array.shape.len() > 1 && array.values.is_empty());
    inputs.0.values().any(empty)
}

/// The ways to make inputs smaller, one after the other.
const STEPS: &[Step] =
    &[Step::Halves, Step::Single, Step::Labels, Step::Scalars, Step::Arrays, Step::Entries];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Half of a dimension.
    Halves,
    /// One index of a dimension.
    Single,
    /// Labels without gaps.
    Labels,
    /// Single values.
    Scalars,
    /// Whole arrays at once.
    Arrays,
    /// Entry by entry.
    Entries,
}

fn candidates(definition: &Definition, inputs: &Inputs, step: Step) -> Vec<Inputs> {
    match step {
        Step::Halves => dimensions(definition, inputs)
            .into_iter()
            .filter(|(_, size)| *size > 3)
            .flat_map(|(name, size)| [(name, size / 2..size), (name, 0..size / 2)])
            .map(|(name, range)| without(definition, inputs, name, range))
            .collect(),
        Step::Single => dimensions(definition, inputs)
            .into_iter()
            .filter(|(_, size)| *size > 0)
            .flat_map(|(name, size)| (0..size).rev().map(move |at| (name, at)))
            .map(|(name, at)| without(definition, inputs, name, at..at + 1))
            .collect(),
        Step::Labels => vec![without_gaps(definition, inputs)],
        Step::Scalars => each(definition, inputs, |array, kind| match array.values[..] {
            [value] if array.shape.is_empty() => simpler(value, kind).into_iter().map(Array::from).collect(),
            _ => Vec::new(),
        }),
        Step::Arrays => each(definition, inputs, |array, kind| {
            let rounds: [fn(f64) -> f64; 4] =
                [|_| 0.0, f64::round, |x| (4.0 * x).round() / 4.0, |x| (64.0 * x).round() / 64.0];
            let rounded = |round: &fn(f64) -> f64| Array {
                values: array.values.iter().map(|&value| round(value)).collect(),
                ..array.clone()
            };
            let whole = kind == Kind::Whole || array.shape.is_empty();
            if whole { Vec::new() } else { rounds.iter().map(rounded).collect() }
        }),
        Step::Entries => each(definition, inputs, |array, kind| {
            if array.shape.is_empty() || array.values.len() > 48 {
                return Vec::new();
            }
            let places = (0..array.values.len())
                .flat_map(|place| simpler(array.values[place], kind).into_iter().map(move |v| (place, v)));
            places.flat_map(|(place, value)| mirrored(array, place, value)).collect()
        }),
    }
}

/// Named dimensions and their sizes, the largest first.
fn dimensions(definition: &Definition, inputs: &Inputs) -> Vec<(&'static str, usize)> {
    let mut sizes = BTreeMap::new();
    for input in definition.inputs {
        if let Some(Value::Array(array)) = inputs.0.get(input.name) {
            for (name, size) in input.shape.iter().zip(&array.shape) {
                if name.parse::<usize>().is_err() {
                    sizes.insert(*name, *size);
                }
            }
        }
    }
    let mut sizes: Vec<_> = sizes.into_iter().collect();
    sizes.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    sizes
}

/// The inputs without some indices of a dimension, wherever it occurs.
fn without(
    definition: &Definition,
    inputs: &Inputs,
    dimension: &str,
    indices: std::ops::Range<usize>,
) -> Inputs {
    let mut result = inputs.clone();
    for input in definition.inputs {
        if let Some(Value::Array(array)) = result.0.get_mut(input.name) {
            for (axis, _) in input.shape.iter().enumerate().filter(|(_, name)| **name == dimension) {
                for at in indices.clone().rev() {
                    *array = array.without(axis, at);
                }
            }
        }
    }
    result
}

/// All whole numbers of 0 or more in arrays by their rank among them.
fn without_gaps(definition: &Definition, inputs: &Inputs) -> Inputs {
    let mut result = inputs.clone();
    let whole = |name: &str| {
        definition.input(name).is_some_and(|input| input.kind == Kind::Whole && !input.shape.is_empty())
    };
    let arrays = || inputs.0.iter().filter(|(name, _)| whole(name));
    let values: BTreeSet<u64> = arrays()
        .filter_map(|(_, value)| if let Value::Array(array) = value { Some(&array.values) } else { None })
        .flatten()
        .filter(|value| **value >= 0.0)
        .map(|value| *value as u64)
        .collect();
    let ranks: BTreeMap<u64, usize> =
        values.into_iter().enumerate().map(|(rank, value)| (value, rank)).collect();
    for (name, value) in &mut result.0 {
        if let (true, Value::Array(array)) = (whole(name), value) {
            for value in array.values.iter_mut().filter(|value| **value >= 0.0) {
                *value = ranks[&(*value as u64)] as f64;
            }
        }
    }
    result
}

/// Candidates in which one input is replaced.
fn each(
    definition: &Definition,
    inputs: &Inputs,
    replaced: impl Fn(&Array, Kind) -> Vec<Array>,
) -> Vec<Inputs> {
    let mut candidates = Vec::new();
    for input in definition.inputs {
        match inputs.0.get(input.name) {
            Some(Value::Array(array)) => {
                let arrays = replaced(array, input.kind).into_iter();
                candidates.extend(arrays.map(|array| inputs.clone().with(input.name, array)));
            }
            Some(Value::Flag(true)) => candidates.push(inputs.clone().with(input.name, false)),
            _ => {}
        }
    }
    candidates
}

/// Simpler numbers than this one, the simplest first.
fn simpler(value: f64, kind: Kind) -> Vec<f64> {
    let mut simpler = match kind {
        Kind::Whole => vec![0.0, 1.0, (value / 2.0).trunc(), value - 1.0],
        _ => vec![0.0, 1.0, -1.0, value.round(), (2.0 * value).round() / 2.0, (8.0 * value).round() / 8.0],
    };
    simpler.retain(|&one| simplicity(one) < simplicity(value));
    simpler
}

/// Short numbers are simple, small ones simpler: an order without circles.
fn simplicity(value: f64) -> (u32, u64) {
    let digits = (0..20).find(|&digits| (value * f64::from(1 << digits)).fract() == 0.0).unwrap_or(20);
    (digits, (2.0 * value.abs()) as u64 + u64::from(value < 0.0))
}

/// The array with another number at a place, and at the mirrored place of a symmetric matrix as well.
fn mirrored(array: &Array, place: usize, value: f64) -> Vec<Array> {
    let mut one = array.clone();
    one.values[place] = value;
    let [rows, columns] = array.shape[..] else { return vec![one] };
    let other = place % columns * columns + place / columns;
    if rows != columns || other == place || array.values[other] != array.values[place] {
        return vec![one];
    }
    let mut both = one.clone();
    both.values[other] = value;
    vec![both]
}
