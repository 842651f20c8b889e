//! The one table of allowed errors, with the reason of each.
//!
//! A row belongs to a definition of `docs/method.md`, a quantity, a basis (the reference, or the published code's golden
//! values) and the dtype and device of the implementation. Steps that must agree exactly have a row of zeros.

use std::fmt;

/// The compared quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// The value itself.
    Value,
    /// Its gradient.
    Gradient,
}

/// The values that an implementation is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// The f64 reference.
    Reference,
    /// The published code's values; the golden manifest has a rule for every single output.
    Golden,
}

/// Width of the floating-point numbers of an implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Width {
    /// f64.
    Double,
    /// f32.
    Single,
}

impl Width {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Double, Self::Single];

    /// `f64` or `f32`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Double => "f64",
            Self::Single => "f32",
        }
    }

    /// The width of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|width| width.name() == name)
    }
}

/// Where an implementation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The processor.
    Cpu,
    /// A CUDA device.
    Cuda,
}

impl Place {
    /// Its name in the agreement report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        }
    }
}

/// How much error is allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Allowed {
    /// None: equal bit for bit, or equal whole numbers.
    Exact,
    /// |a - b| <= absolute * unit + relative * |b|, where the caller names the unit of the inputs (the largest norm of
    /// a feature row, the largest logit; at least 1).
    Close {
        /// Per unit of the inputs.
        absolute: f64,
        /// Relative to the expected value.
        relative: f64,
    },
    /// The rule beside each output in `tests/golden/manifest.json`.
    Manifest,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Number of the definition, e.g. `"D1"`.
    pub definition: &'static str,
    /// The compared quantity.
    pub quantity: Quantity,
    /// Against what.
    pub basis: Basis,
    /// In which width.
    pub width: Width,
    /// Where.
    pub place: Place,
    /// The allowed error.
    pub allowed: Allowed,
    /// Why that much.
    pub reason: &'static str,
}

const fn row(
    definition: &'static str,
    quantity: Quantity,
    width: Width,
    allowed: Allowed,
    reason: &'static str,
) -> Row {
    Row { definition, quantity, basis: Basis::Reference, width, place: Place::Cpu, allowed, reason }
}

const fn close(absolute: f64, relative: f64) -> Allowed {
    Allowed::Close { absolute, relative }
}

use Quantity::{Gradient, Value};
use Width::{Double, Single};

const SUM: &str = "the same sums in another order";
const ROOT: &str =
    "roots of sums of squares; the expanded form cancels, so the error grows with the norm of the rows";
const ROOT_BACKWARDS: &str = "the same backwards; of rows that are normalised first, y = x / |x|, the gradient is (1 - y y^T) g / |x|: \
     g has the unit 1, and a division by |x| multiplies its error by 1 / |x|, so the unit is 1 / the smallest norm";
const F32_ROOT_BACKWARDS: &str = "f32 cancellation of the expanded form, a few ulp of the squared norm under a root; of rows that are \
     normalised first the unit is 1 / the smallest norm, as in f64";
const DISCRETE: &str = "discrete: identical inputs must give identical answers";
const F32_SUM: &str = "f32 rounding of sums of up to a few hundred terms";
const F32_ROOT: &str = "f32 cancellation of the expanded form, a few ulp of the squared norm under a root";

/// The table. Rows for CUDA are those of the processor times [`CUDA_FACTOR`].
pub const TABLE: &[Row] = &[
    row("D1", Value, Double, close(1e-13, 1e-12), SUM),
    row("D1", Gradient, Double, close(1e-14, 1e-12), SUM),
    row("D1", Value, Single, close(1e-6, 1e-5), F32_SUM),
    row("D1", Gradient, Single, close(1e-7, 1e-5), F32_SUM),
    row("D2", Value, Double, close(1e-13, 1e-12), SUM),
    row("D2", Gradient, Double, close(1e-14, 1e-12), SUM),
    row("D2", Value, Single, close(1e-6, 1e-5), F32_SUM),
    row("D2", Gradient, Single, close(1e-7, 1e-5), F32_SUM),
    row("D3", Value, Double, close(1e-12, 1e-12), ROOT),
    row("D3", Value, Single, close(1e-5, 1e-5), F32_ROOT),
    row("D4", Value, Double, Allowed::Exact, DISCRETE),
    row("D4", Value, Single, Allowed::Exact, DISCRETE),
    row("D5", Value, Double, close(1e-12, 1e-12), ROOT),
    row("D5", Gradient, Double, close(1e-12, 1e-11), ROOT_BACKWARDS),
    row("D5", Value, Single, close(1e-5, 1e-5), F32_ROOT),
    row("D5", Gradient, Single, close(1e-5, 1e-4), F32_ROOT_BACKWARDS),
    row("D6", Value, Double, close(1e-12, 1e-12), ROOT),
    row("D6", Gradient, Double, close(1e-12, 1e-11), ROOT_BACKWARDS),
    row("D6", Value, Single, close(1e-5, 1e-5), F32_ROOT),
    row("D6", Gradient, Single, close(1e-5, 1e-4), F32_ROOT_BACKWARDS),
    row("D7", Value, Double, close(1e-12, 1e-12), ROOT),
    row("D7", Gradient, Double, close(1e-12, 1e-11), ROOT_BACKWARDS),
    row("D7", Value, Single, close(1e-5, 1e-5), F32_ROOT),
    row("D7", Gradient, Single, close(1e-5, 1e-4), F32_ROOT_BACKWARDS),
    row("D8", Value, Double, close(1e-12, 1e-12), "a weighted sum of D1, D2, D6 and D7"),
    row("D8", Gradient, Double, close(1e-12, 1e-11), "a weighted sum of D1, D2, D6 and D7"),
    row("D8", Value, Single, close(2e-5, 1e-5), "a weighted sum of D1, D2, D6 and D7 in f32"),
    row("D8", Gradient, Single, close(1e-5, 1e-4), "a weighted sum of D1, D2, D6 and D7 in f32"),
    row("D9", Value, Double, close(1e-15, 1e-13), "a root and a division"),
    row("D9", Value, Single, close(1e-7, 2e-6), "a root and a division in f32"),
    row("D10", Value, Double, Allowed::Exact, "labels and iterations on inputs whose sums are exact"),
    row("D11", Value, Double, Allowed::Exact, DISCRETE),
    row("D12", Value, Double, close(1e-12, 1e-11), SUM),
    row("D12", Value, Single, close(4e-6, 1e-5), "f32 exponentials, sums of up to k1 * k1 / 2 minima"),
    row("D13", Value, Double, close(0.0, 1e-12), SUM),
    row("D14", Value, Double, Allowed::Exact, DISCRETE),
    row("D15", Value, Double, close(1e-13, 1e-12), SUM),
    row("D15", Value, Single, close(1e-6, 1e-5), F32_SUM),
    row("D16", Value, Double, close(0.0, 1e-12), "counts, then one mean"),
    row("D17", Value, Double, close(0.0, 1e-12), "counts, then one mean"),
    row("D17", Value, Single, close(0.0, 1e-6), "counts, then one mean in f32"),
    row("D18", Value, Double, close(1e-12, 1e-11), SUM),
    row("D18", Value, Single, close(4e-6, 1e-5), "f32 exponentials, sums of up to k1 * k1 / 2 minima"),
    row("D19", Value, Double, close(1e-12, 1e-12), "counts of pairs, one quotient"),
    row("D20", Value, Double, close(1e-12, 1e-11), "logarithms of counts"),
    row("D21", Value, Double, close(0.0, 1e-14), "one quotient of counts"),
    row("D34", Value, Double, close(0.0, 1e-14), "one quotient of counts"),
    row(
        "D35",
        Value,
        Double,
        close(1e-14, 1e-13),
        "quotients of counts, one step between neighbours, a mean of hundreds",
    ),
    row("D22", Value, Double, close(0.0, 1e-14), "a few products"),
    row("D23", Value, Double, close(1e-15, 1e-13), "one product and one sum per element"),
    row("D23", Value, Single, close(1e-7, 1e-6), "one product and one sum per element in f32"),
    row(
        "D24",
        Value,
        Double,
        close(1e-13, 1e-12),
        "roots and quotients per element; a fused kernel may contract",
    ),
    row("D25", Value, Double, Allowed::Exact, DISCRETE),
    row("D26", Value, Double, close(1.0, 0.0), "grey levels: fixed-point weights may round the other way"),
    row("D27", Value, Double, Allowed::Exact, "pixels move, they do not change"),
    row("D27", Value, Single, close(1e-6, 0.0), "normalisation in f32: a difference and a quotient"),
    row("D28", Value, Double, Allowed::Exact, DISCRETE),
    row("D29", Value, Double, close(1e-11, 1e-10), "sums of thousands of products through a few layers"),
    row("D29", Gradient, Double, close(1e-10, 1e-9), "the same sums backwards"),
    row("D30", Value, Double, close(1e-12, 1e-11), "means and variances of a batch"),
    row("D31", Value, Double, close(1e-12, 1e-11), "means and variances of a batch"),
    row("D32", Value, Double, close(1e-9, 1e-9), "ten steps of Adam pass small errors on"),
    row("D33", Value, Double, close(1e-9, 1e-9), "ten steps of Adam pass small errors on"),
];

/// CUDA sums in another order and contracts products: its rows are those of the processor times this.
pub const CUDA_FACTOR: f64 = 4.0;

/// The row of a comparison with the reference.
pub fn row_of(definition: &str, quantity: Quantity, width: Width) -> Option<&'static Row> {
    let key = (definition, quantity, width);
    TABLE.iter().find(|row| (row.definition, row.quantity, row.width) == key)
}

impl Allowed {
    /// The same on a device.
    #[must_use]
    pub fn on(self, place: Place) -> Self {
        match (self, place) {
            (Self::Close { absolute, relative }, Place::Cuda) => {
                close(CUDA_FACTOR * absolute, CUDA_FACTOR * relative)
            }
            (allowed, _) => allowed,
        }
    }

    /// The error allowed where `expected` is right, for inputs of size `unit`.
    pub fn error(self, unit: f64, expected: f64) -> f64 {
        match self {
            Self::Close { absolute, relative } => absolute * unit.max(1.0) + relative * expected.abs(),
            Self::Exact | Self::Manifest => 0.0,
        }
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact => f.write_str("exact"),
            Self::Manifest => f.write_str("manifest"),
            Self::Close { absolute, relative } if *relative == 0.0 => write!(f, "{absolute:e}"),
            Self::Close { absolute, relative } if *absolute == 0.0 => write!(f, "{relative:e} |x|"),
            Self::Close { absolute, relative } => write!(f, "{absolute:e} u + {relative:e} |x|"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_rows_speak_of_the_same_comparison() {
        let keys: Vec<_> =
            TABLE.iter().map(|row| (row.definition, row.quantity, row.basis, row.width, row.place)).collect();
        assert_eq!(keys.len(), keys.iter().collect::<HashSet<_>>().len());
    }

    #[test]
    fn every_row_has_a_reason_and_f32_is_never_tighter_than_f64() {
        for row in TABLE {
            assert!(row.reason.len() > 10, "{row:?}");
            let Some(double) = row_of(row.definition, row.quantity, Width::Double) else { continue };
            if let (Allowed::Close { absolute, relative }, Allowed::Close { absolute: a, relative: r }) =
                (row.allowed, double.allowed)
            {
                assert!(absolute >= a && relative >= r, "{row:?}");
            }
        }
    }
}
