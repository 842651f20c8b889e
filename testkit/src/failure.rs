//! Why a check failed, as a sentence. Any error turns into one, so that checks can use `?` on both implementations' errors.

use std::fmt;

/// A sentence that says what did not hold, and where.
#[derive(Clone, PartialEq)]
pub struct Failure(pub String);

/// Result of a check.
pub type Trial<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Says in front where the failure came up.
    pub fn at(self, place: impl fmt::Display) -> Self {
        Self(format!("{place}: {}", self.0))
    }
}

// Not `std::error::Error` itself: that would forbid the conversion from every error below.
impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Failure> for proptest::test_runner::TestCaseError {
    fn from(failure: Failure) -> Self {
        Self::fail(failure.0)
    }
}
