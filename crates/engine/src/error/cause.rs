//! Why something failed, in the words of the part that found it.

use std::error::Error;
use std::fmt;

/// The error of a part below the engine, without its type: it shows as that part's message, and its source is that part's. What callers
/// have to tell apart is a variant or a kind of the engine's errors.
pub struct Cause(Box<dyn Error + Send + Sync>);

impl Cause {
    pub(crate) fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the record")]
    struct Unreadable(#[source] std::io::Error);

    #[test]
    fn a_cause_keeps_its_words_and_what_lies_below() {
        let cause = Cause::new(Unreadable(std::io::Error::other("the disk is gone")));
        assert_eq!(cause.to_string(), "cannot read the record");
        assert_eq!(cause.source().unwrap().to_string(), "the disk is gone");
    }
}
