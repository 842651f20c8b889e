//! The nearest entries of one row, kept while its distances come by in pieces of any order.

use std::ops::{Add, Mul};

use tch::kind::Element;

/// f32 or f64.
pub(crate) trait Value:
    Element + Copy + PartialOrd + Add<Output = Self> + Mul<Output = Self> + From<f32> + Into<f64> + Send + Sync
{
}

impl Value for f32 {}
impl Value for f64 {}

/// Distances that are looked at together, so that the compiler can use vector instructions.
const LANES: usize = 16;

/// The `capacity` smallest distances seen so far, ties by index, and the largest of all.
#[derive(Debug, Clone)]
pub(crate) struct Selection<T> {
    /// Ascending by (distance, index).
    entries: Vec<(T, u32)>,
    capacity: usize,
    /// No distance above it can enter.
    limit: T,
    largest: [T; LANES],
}

impl<T: Value> Selection<T> {
    /// Nothing seen yet. `capacity` is at least 1.
    pub(crate) fn new(capacity: usize) -> Self {
        let entries = Vec::with_capacity(capacity);
        Self { entries, capacity, limit: f32::INFINITY.into(), largest: [f32::NEG_INFINITY.into(); LANES] }
    }

    /// A finished selection: its entries ascending by (distance, index), and the largest distance of the whole row.
    pub(crate) fn found(entries: Vec<(T, u32)>, largest: T) -> Self {
        let (capacity, limit) = (entries.len(), entries.last().map_or(largest, |entry| entry.0));
        Self { entries, capacity, limit, largest: [largest; LANES] }
    }

    /// Takes the entries `first..first + products.len()` of the row; the distance of one is `measure(own, other, product)`.
    pub(crate) fn scan(
        &mut self,
        first: usize,
        own: T,
        others: &[T],
        products: &[T],
        measure: impl Fn(T, T, T) -> T,
    ) {
        let whole = products.len() / LANES * LANES;
        let blocks = others.chunks_exact(LANES).zip(products.chunks_exact(LANES));
        for (block, (others, products)) in blocks.enumerate() {
            let mut distances = [T::ZERO; LANES];
            let mut near = false;
            for lane in 0..LANES {
                let distance = measure(own, others[lane], products[lane]);
                distances[lane] = distance;
                near |= distance <= self.limit;
                let largest = self.largest[lane];
                self.largest[lane] = if distance > largest { distance } else { largest };
            }
            if near {
                self.offer_all(first + block * LANES, &distances);
            }
        }
        for at in whole..products.len() {
            let distance = measure(own, others[at], products[at]);
            if distance > self.largest[0] {
                self.largest[0] = distance;
            }
            self.offer_all(first + at, &[distance]);
        }
    }

    fn offer_all(&mut self, first: usize, distances: &[T]) {
        for (at, &distance) in distances.iter().enumerate() {
            if distance <= self.limit {
                self.offer(distance, (first + at) as u32);
            }
        }
    }

    fn offer(&mut self, distance: T, index: u32) {
        let entry = (distance, index);
        let place = self.entries.partition_point(|other| *other < entry);
        if place == self.capacity {
            return;
        }
        if self.entries.len() == self.capacity {
            self.entries.pop();
        }
        self.entries.insert(place, entry);
        if self.entries.len() == self.capacity {
            self.limit = self.entries[self.capacity - 1].0;
        }
    }

    /// The nearest, ascending.
    pub(crate) fn entries(&self) -> &[(T, u32)] {
        &self.entries
    }

    /// The largest distance seen.
    pub(crate) fn largest(&self) -> f64 {
        self.largest.iter().map(|&value| value.into()).fold(f64::NEG_INFINITY, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_in_any_order_give_the_sorted_row() {
        let row: Vec<f64> = (0..50).map(|j| f64::from((j * 7) % 11)).collect();
        let mut expected: Vec<(f64, u32)> = row.iter().copied().zip(0..).collect();
        expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let mut selection = Selection::new(9);
        for (start, end) in [(33, 50), (0, 1), (1, 33)] {
            selection.scan(start, 0.0, &row[start..end], &row[start..end], |_, _, distance| distance);
        }
        assert_eq!(selection.entries(), &expected[..9]);
        assert_eq!(selection.largest(), 10.0);
    }
}
