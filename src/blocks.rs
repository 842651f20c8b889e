//! How much of a matrix that would not fit into memory is made at once.

use tch::Device;

use crate::device::memory::Memory;

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

    /// These sizes, or smaller ones where `device` is a card without the room for them; each value takes so many `bytes` while its piece
    /// is worked on.
    pub(crate) fn fitted(self, device: Device, bytes: usize) -> Self {
        self.within(Memory::for_pieces(device), bytes)
    }

    /// [`Self::fitted`] into `room` bytes, if they are known.
    fn within(self, room: Option<usize>, bytes: usize) -> Self {
        let values = room.map_or(usize::MAX, |room| room / bytes);
        Self { tile: self.tile.min(values.isqrt()), values: self.values.min(values), ..self }
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

    #[test]
    fn what_a_card_has_no_room_for_is_made_smaller() {
        let blocks = Blocks::of_values(1 << 20);
        assert_eq!(blocks.within(None, 8), blocks);
        assert_eq!(blocks.within(Some(1 << 30), 8), blocks);
        let small = blocks.within(Some(80_000), 8);
        assert_eq!((small.tile(), small.rows_of(100)), (100, 100));
        let none = blocks.within(Some(0), 8);
        assert_eq!((none.tile(), none.rows_of(100)), (1, 1));
        assert_eq!(blocks.fitted(Device::Cpu, 8), blocks);
    }
}
