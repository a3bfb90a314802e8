//! `SOURCE_DATE_EPOCH`: the time that the image says it was made at.

use container_tar::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::BuildError;
use crate::plan::EPOCH_OF_CONTEXT;

/// When a build happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Epoch {
    /// Seconds since 1970, if they were given.
    given: Option<i64>,
    started: OffsetDateTime,
}

impl Epoch {
    /// The time that was given, if it was, of a build that starts at `started`.
    pub(crate) fn new(value: Option<&str>, started: OffsetDateTime) -> Result<Self, BuildError> {
        let given = match value {
            // The context's is told later, as a number.
            None | Some("" | EPOCH_OF_CONTEXT) => None,
            Some(value) => {
                let seconds = value
                    .parse()
                    .ok()
                    .filter(|seconds| OffsetDateTime::from_unix_timestamp(*seconds).is_ok());
                Some(seconds.ok_or_else(|| BuildError::Epoch {
                    value: value.to_owned(),
                })?)
            }
        };
        Ok(Self { given, started })
    }

    /// The same, with the time that the Dockerfile gives unless the build was given one.
    pub(crate) fn or(self, value: Option<&str>) -> Result<Self, BuildError> {
        match self.given {
            Some(_) => Ok(self),
            None => Self::new(value, self.started),
        }
    }

    /// When the build started.
    pub(crate) fn started(self) -> OffsetDateTime {
        self.started
    }

    /// What was given.
    pub(crate) fn seconds(self) -> Option<i64> {
        self.given
    }

    /// The time that copied files get, where one was given.
    pub(crate) fn clamp(self) -> Option<Timestamp> {
        self.given.map(whole)
    }

    /// The time of what is made anew.
    pub(crate) fn created(self) -> Timestamp {
        whole(self.given.unwrap_or_else(|| self.started.unix_timestamp()))
    }

    /// As documents of images have it.
    pub(crate) fn text(self) -> String {
        let given = self.given.and_then(text_of);
        given.unwrap_or_else(|| self.started.format(&Rfc3339).unwrap_or_default())
    }
}

/// A time in seconds since 1970 as documents of images have it.
pub(crate) fn text_of(unix_seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(unix_seconds)
        .ok()?
        .format(&Rfc3339)
        .ok()
}

fn whole(seconds: i64) -> Timestamp {
    Timestamp {
        seconds,
        nanoseconds: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_time_is_the_time_of_everything() {
        let started = OffsetDateTime::from_unix_timestamp(1000).unwrap();
        let given = Epoch::new(Some("0"), started).unwrap();
        assert_eq!(
            (given.text().as_str(), given.created().seconds),
            ("1970-01-01T00:00:00Z", 0)
        );
        for none in [None, Some(""), Some("context")] {
            let none = Epoch::new(none, started).unwrap();
            assert_eq!((none.clamp(), none.created().seconds), (None, 1000));
        }
        for value in ["x", "1.5", "99999999999999999"] {
            assert!(
                matches!(Epoch::new(Some(value), started), Err(BuildError::Epoch { .. })),
                "{value}"
            );
        }
    }
}
