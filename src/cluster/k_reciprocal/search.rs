//! The search for the nearest neighbours: by the processor, or on the card where the features are.

use tch::{Device, Kind};

use super::nearest::Neighbours;
use super::points::Points;
use super::selection::Value;
use super::{on_device, top_k};
use crate::device::memory::Memory;
use crate::error::Result;

impl Points {
    /// The `count` nearest of every row, at most all of them.
    ///
    /// # Errors
    /// A device that refuses.
    pub(crate) fn neighbours(&self, count: usize) -> Result<Neighbours> {
        let count = count.clamp(1, self.rows());
        match self.kind() {
            Kind::Double => nearest::<f64>(self, count),
            _ => nearest::<f32>(self, count),
        }
    }
}

/// By the processor, or on the card where the features are.
fn nearest<T: Value>(points: &Points, count: usize) -> Result<Neighbours> {
    match points.device() {
        Device::Cpu => top_k::nearest::<T>(points, count, points.blocks.tile()),
        device => {
            let tile = on_device::tile(Memory::for_pieces(device), size_of::<T>());
            on_device::nearest::<T>(points, count, tile)
        }
    }
}
