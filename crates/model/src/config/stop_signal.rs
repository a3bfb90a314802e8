//! The signal that ends a container, as its image or its user wrote it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Signal, SignalError};

/// The signal that `stop` sends first.
///
/// An image may name any text. The text stays as it was written, so that `inspect` shows what the image says; whether it is a signal
/// is known from the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct StopSignal {
    text: String,
    signal: Result<Signal, SignalError>,
}

impl StopSignal {
    /// The signal.
    ///
    /// # Errors
    /// [`SignalError`] when the text names none.
    pub fn signal(&self) -> Result<Signal, SignalError> {
        self.signal.clone()
    }

    /// The text as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<String> for StopSignal {
    fn from(text: String) -> Self {
        Self {
            signal: text.parse(),
            text,
        }
    }
}

impl From<Signal> for StopSignal {
    fn from(signal: Signal) -> Self {
        Self {
            text: signal.to_string(),
            signal: Ok(signal),
        }
    }
}

impl From<StopSignal> for String {
    fn from(signal: StopSignal) -> Self {
        signal.text
    }
}

impl fmt::Display for StopSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_stays_and_tells_whether_it_is_a_signal() {
        for (text, number) in [
            ("QUIT", Some(3)),
            ("37", Some(37)),
            ("SIGTERM", Some(15)),
            ("nonsense", None),
        ] {
            let signal: StopSignal = serde_json::from_value(text.into()).unwrap();
            assert_eq!(signal.signal().ok().map(Signal::number), number, "{text}");
            assert_eq!(serde_json::to_value(&signal).unwrap(), text);
        }
        assert_eq!(StopSignal::from(Signal::INT).as_str(), "SIGINT");
    }
}
