//! The devices a test runs on.
//!
//! A test does not name its device: [`each`] runs it once on every one that is there, and the bridges of this crate
//! ([`crate::convert`], the golden inputs) ask [`current`]. A comparison counts for the device that its test has asked for
//! ([`used`]): definitions without tensors stay on the processor, and nothing else is said of them.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::c_int;
use std::io::Write;
use std::sync::Mutex;

use tch::{Cuda, Device, Tensor};
use torch_sys::C_tensor;

unsafe extern "C" {
    fn mmt_testkit_to_meta(tensor: *mut C_tensor) -> *mut C_tensor;
    fn mmt_testkit_is_meta(tensor: *mut C_tensor) -> c_int;
}

thread_local! {
    static CURRENT: Cell<Device> = const { Cell::new(Device::Cpu) };
    static IN_EACH: Cell<bool> = const { Cell::new(false) };
    static ASKED: Cell<bool> = const { Cell::new(false) };
}

/// The processor, and the first CUDA device where there is one.
pub fn devices() -> Vec<Device> {
    if Cuda::is_available() { vec![Device::Cpu, Device::Cuda(0)] } else { vec![Device::Cpu] }
}

/// The device for tensors of the running test: the processor, or that of [`each`].
pub fn current() -> Device {
    ASKED.set(true);
    CURRENT.get()
}

/// The device that the running test has put tensors on since [`fresh`]: the processor where it has put none.
pub fn used() -> Device {
    if ASKED.get() { CURRENT.get() } else { Device::Cpu }
}

/// Forgets what was asked for: a new case begins.
pub fn fresh() {
    ASKED.set(false);
}

/// Runs `body` on every device that is there.
///
/// # Errors
/// The first one of `body`.
pub fn each<E>(body: impl Fn() -> Result<(), E>) -> Result<(), E> {
    devices().into_iter().try_for_each(|device| on(device, &body))
}

/// Runs `body` with tensors on `device`.
pub fn on<T>(device: Device, body: impl FnOnce() -> T) -> T {
    /// Leaves the thread as it was, even when the body panics.
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            CURRENT.set(Device::Cpu);
            IN_EACH.set(false);
            fresh();
        }
    }
    let _leave = Leave;
    IN_EACH.set(true);
    CURRENT.set(device);
    fresh();
    body()
}

/// A comparison of this definition was made. Where its tensors would go to a CUDA device, too, and there is none, that is said, once
/// for a definition.
pub fn compared(definition: &str) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if !IN_EACH.get() || !ASKED.get() || Cuda::is_available() {
        return;
    }
    // A test that panicked while it held the list has not damaged it.
    let mut said = SAID.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if said.insert(definition.to_owned()) {
        say(&format!("{definition} on CUDA: skipped: no CUDA device"));
    }
}

/// The tensor without its values, on libtorch's device `meta`: it has a shape and a kind, can be computed with and differentiated,
/// and does not mix with tensors of the processor. Code that makes a tensor on the wrong device fails on it without a card.
pub fn to_meta(tensor: &Tensor) -> Tensor {
    // SAFETY: a live tensor in; the shim gives a new one, or null where libtorch refuses, which tch would not take.
    unsafe {
        let meta = mmt_testkit_to_meta(tensor.as_ptr().cast_mut());
        assert!(!meta.is_null(), "libtorch has no device meta");
        Tensor::from_ptr(meta)
    }
}

/// Whether a tensor is on the device `meta`.
pub fn is_meta(tensor: &Tensor) -> bool {
    // SAFETY: a live tensor, which is only looked at.
    unsafe { mmt_testkit_is_meta(tensor.as_ptr().cast_mut()) == 1 }
}

/// `proptest!` for properties that hold on every device: the body runs once on each ([`each`](crate::devices::each)).
#[macro_export]
macro_rules! on_each_device {
    (#![proptest_config($config:expr)] $($(#[$meta:meta])* fn $name:ident($($arguments:tt)*) $body:block)*) => {
        ::proptest::proptest! {
            #![proptest_config($config)]
            $($(#[$meta])* fn $name($($arguments)*) {
                $crate::devices::each(|| {
                    $body
                    Ok::<(), ::proptest::test_runner::TestCaseError>(())
                })?;
            })*
        }
    };
}

/// Prints a line that the test harness does not swallow: what a suite leaves out must be seen when it passes, too.
pub fn say(line: &str) {
    // A closed standard output is no reason to fail a test.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    #[test]
    fn a_body_runs_on_every_device_and_the_thread_is_left_on_the_processor() {
        let seen = std::cell::RefCell::new(Vec::new());
        let result = each(|| {
            seen.borrow_mut().push(current());
            assert!(IN_EACH.get());
            Ok::<(), ()>(())
        });
        assert_eq!((result, seen.into_inner()), (Ok(()), devices()));
        let _ = std::panic::catch_unwind(|| each(|| -> Result<(), ()> { panic!("in a body") }));
        assert_eq!((current(), IN_EACH.get()), (Device::Cpu, false));
    }

    #[test]
    fn meta_does_not_mix_with_the_processor() {
        let here = Tensor::ones([3], (Kind::Float, Device::Cpu));
        let meta = to_meta(&here);
        assert!(is_meta(&meta) && !is_meta(&here));
        assert!(is_meta(&(&meta + &meta)) && is_meta(&(&meta * 2.0)));
        assert!(meta.f_add(&here).is_err());
    }
}
