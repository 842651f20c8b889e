//! From files to batches: what file names say, bicubic resize (D26), flip, pad-and-crop and normalisation (D27), random erasing
//! (D28), and which images stand together in a batch (D25). Random choices are handed in.

pub mod file_names;
pub mod image;
pub mod random_erasing;
pub mod resize;
pub mod sampler;
pub mod transforms;
