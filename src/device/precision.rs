//! In which numbers a device multiplies: f32, or the shorter ones that cards are faster with. Runs are always in f32; the others are
//! there to be timed.

use std::ffi::c_int;
use std::fmt;
use std::str::FromStr;

use tch::Device;

use crate::error::{Error, Result};

unsafe extern "C" {
    fn mmt_precision(cuda: c_int, tf32: c_int, bf16: c_int);
}

/// Numbers that convolutions and matrix products are made in. Parameters, sums, norms and losses are f32 throughout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// f32: 23 bits of mantissa.
    F32,
    /// TF32: f32 of which 10 bits of mantissa are multiplied. Cards only, from compute capability 8.0 on; f32 elsewhere.
    Tf32,
    /// bf16 (7 bits of mantissa) where libtorch's autocast chooses it.
    Bf16,
}

impl Precision {
    /// Runs `work` with products of this thread on `device` in these numbers; f32 again afterwards, even after a panic. TF32 holds
    /// for the whole process meanwhile.
    ///
    /// Copies of parameters in bf16 are kept until `work` ends: the parameters must not move before their last use in it.
    pub fn with<T>(self, device: Device, work: impl FnOnce() -> T) -> T {
        struct Back(Device);
        impl Drop for Back {
            fn drop(&mut self) {
                Precision::F32.set(self.0);
            }
        }
        let _back = Back(device);
        self.set(device);
        work()
    }

    fn set(self, device: Device) {
        let cuda = matches!(device, Device::Cuda(_));
        // SAFETY: sets switches of libtorch, and lets no exception out.
        unsafe {
            mmt_precision(c_int::from(cuda), c_int::from(self == Self::Tf32), c_int::from(self == Self::Bf16))
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
        })
    }
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let all = [Self::F32, Self::Tf32, Self::Bf16];
        let found = all.into_iter().find(|precision| precision.to_string() == text);
        found.ok_or_else(|| Error::unknown("precision", text, &all.map(|precision| precision.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use tch::{Kind, Tensor};

    use super::*;

    #[test]
    fn products_are_in_bf16_inside_and_in_f32_again_behind() {
        let x = Tensor::ones([4, 4], (Kind::Float, Device::Cpu));
        let kind = || x.matmul(&x).kind();
        assert_eq!(Precision::Bf16.with(Device::Cpu, kind), Kind::BFloat16);
        assert_eq!((Precision::Tf32.with(Device::Cpu, kind), kind()), (Kind::Float, Kind::Float));
        let panic = std::panic::catch_unwind(|| Precision::Bf16.with(Device::Cpu, || panic!("inside")));
        assert!(panic.is_err() && kind() == Kind::Float);
    }

    #[test]
    fn they_are_known_by_their_names() {
        assert_eq!("tf32".parse::<Precision>().unwrap(), Precision::Tf32);
        assert!("bf-16".parse::<Precision>().unwrap_err().to_string().contains("did you mean `bf16`"));
    }
}
