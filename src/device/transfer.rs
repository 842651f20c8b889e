//! Transfers between the processor and the device in training, in two functions, so that they can be counted: a value that is read
//! makes the processor wait for everything that the device was told before.

use std::cell::Cell;

use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};

thread_local! {
    static WAITS: Cell<u64> = const { Cell::new(0) };
}

/// How often this thread has waited for a device (or would have, on a card) in [`read`].
pub fn waits() -> u64 {
    WAITS.get()
}

/// `tensor` on `device` in `kind`. To a card it goes from pinned memory, and nobody waits for it; kinds are changed there.
///
/// # Errors
/// A device that refuses; `what` is named.
pub fn upload(tensor: &Tensor, (kind, device): (Kind, Device), what: &str) -> Result<Tensor> {
    let moved = match (tensor.device(), device) {
        (Device::Cpu, Device::Cuda(_)) => tensor
            .f_pin_memory(device)
            .and_then(|pinned| pinned.f_to_device_(device, pinned.kind(), true, false)),
        _ => tensor.f_to_device(device),
    };
    moved
        .and_then(|tensor| tensor.f_to_kind(kind))
        .map_err(Error::torch(format!("cannot move {what} to the device")))
}

/// The values of a tensor, in f64. Waits for the device.
///
/// # Errors
/// A device that refuses; `what` is named.
pub fn read(tensor: &Tensor, what: &str) -> Result<Vec<f64>> {
    WAITS.set(WAITS.get() + 1);
    let flat = tensor.f_to_kind(Kind::Double).and_then(|tensor| tensor.f_contiguous()?.f_view(-1));
    flat.and_then(Vec::<f64>::try_from).map_err(Error::torch(format!("cannot read {what}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_up_comes_back_and_is_counted() {
        let before = waits();
        let tensor = Tensor::from_slice(&[1_i64, 2, 3, 4]).view([2, 2]).tr();
        let placed = upload(&tensor, (Kind::Float, Device::Cpu), "numbers").unwrap();
        assert_eq!((placed.kind(), waits()), (Kind::Float, before));
        assert_eq!(read(&placed, "numbers").unwrap(), [1.0, 3.0, 2.0, 4.0]);
        assert_eq!(waits(), before + 1);
    }
}
