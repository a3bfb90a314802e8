//! Bounds on what is kept of a container's root while it is gone through.

use crate::error::RootError;

/// So many bytes, or things, of one kind.
#[derive(Debug)]
pub(crate) struct Budget {
    what: &'static str,
    limit: usize,
    left: usize,
}

impl Budget {
    /// At most `limit` of `what`, a plural.
    pub(crate) fn new(what: &'static str, limit: usize) -> Self {
        Self {
            what,
            limit,
            left: limit,
        }
    }

    /// Counts what is kept from now on.
    pub(crate) fn take(&mut self, count: usize) -> Result<(), RootError> {
        match self.left.checked_sub(count) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(RootError::TooMuch {
                what: self.what,
                limit: self.limit,
            }),
        }
    }

    /// Counts what was taken and is not kept any more.
    pub(crate) fn give_back(&mut self, count: usize) {
        self.left += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_limit_is_an_error() {
        let mut budget = Budget::new("names", 10);
        budget.take(6).unwrap();
        budget.give_back(2);
        budget.take(6).unwrap();
        let error = budget.take(1).unwrap_err();
        assert!(matches!(error, RootError::TooMuch { limit: 10, .. }), "{error}");
    }
}
