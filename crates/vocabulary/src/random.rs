//! Named random streams. Every draw of a run comes from a stream that is named by (seed, purpose, epoch, item), so the
//! numbers an image or a batch gets do not depend on which thread asks first, nor on what was drawn before a resume.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The stream of `purpose` (a short fixed text such as `"sampler"`) for one `epoch` and one `item` of a run's `seed`.
pub fn stream(seed: u64, purpose: &str, epoch: u64, item: u64) -> ChaCha8Rng {
    let mut key = [0_u8; 32];
    // FNV-1a over the purpose, so that two purposes never share a stream by accident of numbering.
    let purpose = purpose.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    for (slot, value) in key.chunks_exact_mut(8).zip([seed, purpose, epoch, item]) {
        slot.copy_from_slice(&value.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}
