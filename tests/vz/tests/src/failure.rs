//! Errors of the framework, as values.

use objc2_foundation::NSError;

/// An `NSError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its domain.
    pub domain: String,
    /// Its code.
    pub code: isize,
    /// Its text.
    pub text: String,
}

impl Failure {
    /// What an error says.
    pub fn of(error: &NSError) -> Self {
        Self {
            domain: error.domain().to_string(),
            code: error.code(),
            text: error.localizedDescription().to_string(),
        }
    }

    /// Is it this one?
    pub fn is(&self, domain: &str, code: isize) -> bool {
        self.domain == domain && self.code == code
    }
}
