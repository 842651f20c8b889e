//! NVIDIA's driver and its cards, asked without libtorch.

use std::ffi::{CStr, c_char, c_int, c_uint};
use std::fmt;

use libloading::Library;

use super::cuda_part::in_words;

/// The driver's library, by the name that programs link to.
const LIBRARY: &str = "libcuda.so.1";
/// Answers of the driver's functions.
const SUCCESS: c_int = 0;
const NO_DEVICE: c_int = 100;
/// Attributes of a card: its compute capability.
const CAPABILITY_MAJOR: c_int = 75;
const CAPABILITY_MINOR: c_int = 76;

/// Two numbers with a dot: a version of CUDA, or a compute capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// A card as its driver describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its name.
    pub name: String,
    /// Its memory in bytes.
    pub memory: u64,
    /// Its compute capability.
    pub capability: Version,
}

/// NVIDIA's driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Driver {
    /// The newest CUDA that it serves.
    pub cuda: Version,
    /// The cards that `CUDA_VISIBLE_DEVICES` leaves visible, in the order of `cuda:N`.
    pub cards: Vec<Card>,
}

impl Driver {
    /// Asks the driver of this machine. Opens no context on a card.
    ///
    /// # Errors
    /// In words: no driver, or one that refuses.
    pub fn ask() -> Result<Self, String> {
        // SAFETY: runs the initialisers of NVIDIA's own library, which every CUDA program loads.
        let library = unsafe { Library::new(LIBRARY) }.map_err(|error| in_words(&error))?;
        let functions = Functions::of(&library)?;
        // SAFETY (here and below): the functions have these signatures in every version of the driver's interface, and write to
        // the places they are given, which live as long as the call.
        let started = unsafe { (functions.init)(0) };
        let cards = match started {
            NO_DEVICE => Vec::new(),
            _ => {
                succeed("cuInit", started)?;
                functions.cards()?
            }
        };
        let version = number("cuDriverGetVersion", |to| unsafe { (functions.version)(to) })?;
        Ok(Self { cuda: version_of(version), cards })
    }
}

/// 12040 → 12.4.
fn version_of(number: c_int) -> Version {
    let number = number.unsigned_abs();
    Version(number / 1000, number % 1000 / 10)
}

/// The functions that are asked. Names with `_v2` are those that the header has behind the plain name.
struct Functions {
    init: unsafe extern "C" fn(c_uint) -> c_int,
    version: unsafe extern "C" fn(*mut c_int) -> c_int,
    count: unsafe extern "C" fn(*mut c_int) -> c_int,
    card: unsafe extern "C" fn(*mut c_int, c_int) -> c_int,
    name: unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_int,
    memory: unsafe extern "C" fn(*mut usize, c_int) -> c_int,
    attribute: unsafe extern "C" fn(*mut c_int, c_int, c_int) -> c_int,
}

impl Functions {
    fn of(library: &Library) -> Result<Self, String> {
        // SAFETY: each name has the type of its field in the driver's interface. The pointers are used while the library is open.
        unsafe {
            Ok(Self {
                init: symbol(library, "cuInit")?,
                version: symbol(library, "cuDriverGetVersion")?,
                count: symbol(library, "cuDeviceGetCount")?,
                card: symbol(library, "cuDeviceGet")?,
                name: symbol(library, "cuDeviceGetName")?,
                memory: symbol(library, "cuDeviceTotalMem_v2")?,
                attribute: symbol(library, "cuDeviceGetAttribute")?,
            })
        }
    }

    fn cards(&self) -> Result<Vec<Card>, String> {
        let count = number("cuDeviceGetCount", |to| unsafe { (self.count)(to) })?;
        (0..count).map(|index| self.describe(index)).collect()
    }

    fn describe(&self, index: c_int) -> Result<Card, String> {
        let card = number("cuDeviceGet", |to| unsafe { (self.card)(to, index) })?;
        let mut name = [0 as c_char; 256];
        // One place less than there is, so that a 0 stands at the end.
        let room = name.len() as c_int - 1;
        succeed("cuDeviceGetName", unsafe { (self.name)(name.as_mut_ptr(), room, card) })?;
        let mut memory = 0;
        succeed("cuDeviceTotalMem", unsafe { (self.memory)(&mut memory, card) })?;
        let attribute = |which| {
            let found = number("cuDeviceGetAttribute", |to| unsafe { (self.attribute)(to, which, card) });
            found.map(c_int::unsigned_abs)
        };
        Ok(Card {
            // SAFETY: ends with a 0, see above.
            name: unsafe { CStr::from_ptr(name.as_ptr()) }.to_string_lossy().into_owned(),
            memory: memory as u64,
            capability: Version(attribute(CAPABILITY_MAJOR)?, attribute(CAPABILITY_MINOR)?),
        })
    }
}

/// # Safety
/// `T` is the type of the function of that name, and the library stays open while it is called.
unsafe fn symbol<T: Copy>(library: &Library, name: &str) -> Result<T, String> {
    unsafe { library.get::<T>(name.as_bytes()) }
        .map(|symbol| *symbol)
        .map_err(|_| format!("{LIBRARY} has no function {name}"))
}

fn number(name: &str, ask: impl FnOnce(*mut c_int) -> c_int) -> Result<c_int, String> {
    let mut value = 0;
    succeed(name, ask(&mut value))?;
    Ok(value)
}

fn succeed(name: &str, status: c_int) -> Result<(), String> {
    if status == SUCCESS { Ok(()) } else { Err(format!("{name} of {LIBRARY} answers {status}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_driver_writes_them() {
        assert_eq!(version_of(13_000).to_string(), "13.0");
        assert_eq!(version_of(12_040).to_string(), "12.4");
    }
}
