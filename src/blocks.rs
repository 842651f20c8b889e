//! How much of a matrix that would not fit into memory is made at once.

/// Sizes of the pieces in which a large matrix is made. Answers do not depend on them beyond the rounding of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks {
    /// Rows and columns of a tile of X·Xᵀ.
    pub tile: usize,
    /// Rows, or single pairs, that are worked on at once, at most.
    pub rows: usize,
    /// Values of a block of whole rows, at most; one row is always taken.
    pub values: usize,
}

impl Blocks {
    /// Tiles as large as the caches like them, and as many rows as `values` allow.
    pub(crate) const fn of_values(values: usize) -> Self {
        Self { tile: 1024, rows: usize::MAX, values }
    }

    /// All blocks and tiles of this many rows.
    pub const fn of_rows(rows: usize) -> Self {
        Self { tile: rows, rows, values: usize::MAX }
    }

    /// Rows of a tile, at least 1.
    pub(crate) fn tile(self) -> usize {
        self.tile.max(1)
    }

    /// Rows of `columns` values in a block, at least 1.
    pub(crate) fn rows_of(self, columns: usize) -> usize {
        (self.values / columns.max(1)).min(self.rows).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_at_least_one_row_and_keeps_both_limits() {
        assert_eq!(Blocks::of_values(100).rows_of(30), 3);
        assert_eq!(Blocks::of_values(100).rows_of(101), 1);
        assert_eq!(Blocks { rows: 2, ..Blocks::of_values(100) }.rows_of(30), 2);
        assert_eq!((Blocks::of_rows(7).rows_of(1 << 40), Blocks::of_rows(7).tile()), (7, 7));
        assert_eq!((Blocks::of_rows(0).rows_of(5), Blocks::of_rows(0).tile()), (1, 1));
    }
}
