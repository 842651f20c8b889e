//! Memory of a device: how much is free, how much of it a computation in pieces takes at once, and what becomes of a computation that
//! asks for more than there is.

use std::any::Any;
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use tch::Device;

use crate::error::{Result, is_out_of_memory, out_of_memory};

/// Pieces take one part in so many of what is free: the rest is for what stays, and for what libtorch cannot put together.
const SHARE: u64 = 4;

/// The quantity to lower where pieces were fitted to the free memory and it did not do all the same.
pub const LOWER_ROWS: &str = "the number of rows, or what else is on the device (other programs, jobs at a time): tiles fit what is free already";

unsafe extern "C" {
    fn mmt_memory(card: c_int, bytes: *mut u64) -> c_int;
}

/// Memory of a card, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Free now, with what libtorch holds and does not use.
    pub free: u64,
    /// All of it.
    pub total: u64,
    /// The most that tensors of this process have taken at a time.
    pub peak: u64,
}

impl Memory {
    /// Asks libtorch. None for the processor, whose memory nobody shares out here, and for a card that is out of reach.
    pub fn of(device: Device) -> Option<Self> {
        let Device::Cuda(index) = device else { return None };
        let mut bytes = [0; 3];
        // SAFETY: the shim writes three numbers, and lets no exception out.
        let status = unsafe { mmt_memory(c_int::try_from(index).ok()?, bytes.as_mut_ptr()) };
        let [free, total, peak] = bytes;
        (status == 0).then_some(Self { free, total, peak })
    }

    /// Returns the most that a computation in pieces may take at once on `device`, in bytes. None on the processor: sizes are fixed there.
    pub fn for_pieces(device: Device) -> Option<usize> {
        Self::of(device).map(|memory| usize::try_from(memory.free / SHARE).unwrap_or(usize::MAX))
    }
}

/// `bytes` as people read them: `3.2 GiB`, `120 MiB`.
pub fn in_words(bytes: u64) -> String {
    match bytes as f64 / f64::from(1 << 20) {
        mebibytes if mebibytes < 1000.0 => format!("{mebibytes:.0} MiB"),
        mebibytes => format!("{:.1} GiB", mebibytes / 1024.0),
    }
}

/// Returns what `work` gives. Where it asks for more memory than there is, that comes back as
/// [`Error::OutOfMemory`](crate::Error::OutOfMemory) which says to lower `lower`, unless somebody within `work` knew better.
///
/// Most operations of tch panic with libtorch's message, which is caught here; other panics go on.
///
/// # Errors
/// Those of `work`, or a lack of memory.
pub fn guarded<T>(lower: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    // What `work` leaves half-done is not looked at again: the error ends the computation.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| error.lowering(lower)),
        Err(panic) if wants_memory(&*panic) => {
            Err(out_of_memory("cannot go on", message(&*panic)).lowering(lower))
        }
        Err(panic) => resume_unwind(panic),
    }
}

/// Whether a panic, by what it carries, is one that [`guarded`] makes an error of.
pub fn wants_memory(panic: &(dyn Any + Send)) -> bool {
    is_out_of_memory(message(panic))
}

/// The text of a panic; empty where it has none.
pub fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tch::{Kind, TchError, Tensor};

    use super::*;
    use crate::Error;

    /// As libtorch 2.11 says it of a card.
    const ON_A_CARD: &str = "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.11 GiB of which 3.05 GiB \
        is free. Including non-PyTorch memory, this process has 76.05 GiB memory in use. See documentation.\nException raised from malloc";

    fn advice(result: Result<()>) -> String {
        match result.unwrap_err() {
            error @ Error::OutOfMemory { .. } => error.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_lack_of_memory_is_an_error_that_says_what_to_lower() {
        let expected = "cannot multiply: CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.11 GiB of which \
            3.05 GiB is free; lower the batch";
        let error = || Error::torch("cannot multiply")(TchError::Torch(ON_A_CARD.to_owned()));
        assert_eq!(advice(guarded("the batch", || Err(error()))), expected);
        assert_eq!(advice(guarded("the rest", || guarded("the batch", || Err(error())))), expected);
        let in_panic = guarded("the batch", || {
            panic!("called `Result::unwrap()` on an `Err` value: Torch({ON_A_CARD:?})")
        });
        assert_eq!(advice(in_panic), expected.replace("multiply", "go on"));
        let in_stage = guarded("the batch", || Err::<(), _>(error().in_stage("epoch 3"))).unwrap_err();
        assert_eq!(in_stage.to_string(), format!("epoch 3: {expected}"));
    }

    #[test]
    fn more_than_the_processor_has_is_such_an_error_too() {
        let too_much = || {
            let _ = Tensor::zeros([1 << 46], (Kind::Float, Device::Cpu));
            Ok(())
        };
        let text = advice(guarded("the batch", too_much));
        assert!(text.contains("allocate") && text.ends_with("; lower the batch"), "{text}");
    }

    #[test]
    fn other_errors_and_panics_stay_what_they_are() {
        let other = Error::torch("cannot multiply")(TchError::Torch("shapes do not match".to_owned()));
        let text = guarded("the batch", || Err::<(), _>(other)).unwrap_err().to_string();
        assert_eq!(text, "cannot multiply: Internal torch error: shapes do not match");
        let panic = catch_unwind(|| guarded("the batch", || -> Result<()> { panic!("a mistake") }));
        assert_eq!(message(&*panic.unwrap_err()), "a mistake");
    }

    #[test]
    fn the_processor_has_fixed_sizes_and_a_card_that_is_not_there_no_memory() {
        assert_eq!((Memory::of(Device::Cpu), Memory::for_pieces(Device::Cpu)), (None, None));
        assert_eq!(Memory::of(Device::Cuda(77)), None);
        assert_eq!((in_words(3 << 29), in_words(120 << 20)), ("1.5 GiB".to_owned(), "120 MiB".to_owned()));
    }
}
