//! Signals by name or number, as the guest (Linux) counts them.

use std::{fmt, str::FromStr};

/// A Linux signal, 1-64. The numbers are those of x86-64 and arm64, whatever the host (signal(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal(u8);

/// Text that is no signal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid signal {0:?}: a name such as TERM or SIGKILL, or a number from 1 to 64, is needed")]
pub struct SignalError(String);

const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
];

/// First real-time signal as the C libraries count them (signal(7): two are taken by the threading implementation).
const RTMIN: u8 = 34;
const LAST: u8 = 64;

impl Signal {
    /// Hangup of the controlling terminal.
    pub const HUP: Self = Self(1);
    /// Interrupt from the keyboard.
    pub const INT: Self = Self(2);
    /// Cannot be caught.
    pub const KILL: Self = Self(9);
    /// Polite request to end.
    pub const TERM: Self = Self(15);

    /// The signal of a number.
    ///
    /// # Errors
    /// [`SignalError`] outside 1-64.
    pub fn from_number(number: u32) -> Result<Self, SignalError> {
        match u8::try_from(number) {
            Ok(n @ 1..=LAST) => Ok(Self(n)),
            _ => Err(SignalError(number.to_string())),
        }
    }

    /// Linux signal number.
    #[must_use]
    pub fn number(self) -> u32 {
        u32::from(self.0)
    }
}

impl FromStr for Signal {
    type Err = SignalError;

    fn from_str(text: &str) -> Result<Self, SignalError> {
        let error = || SignalError(text.to_owned());
        if let Ok(number) = text.parse::<u32>() {
            return Self::from_number(number).map_err(|_| error());
        }
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        let offset = |digits: &str| digits.parse::<u8>().map_err(|_| error());
        let number = if let Some(index) = NAMES.iter().position(|known| *known == name) {
            u8::try_from(index + 1).map_err(|_| error())?
        } else if name == "RTMIN" {
            RTMIN
        } else if name == "RTMAX" {
            LAST
        } else if let Some(plus) = name.strip_prefix("RTMIN+") {
            RTMIN
                .checked_add(offset(plus)?)
                .filter(|n| *n <= LAST)
                .ok_or_else(error)?
        } else if let Some(minus) = name.strip_prefix("RTMAX-") {
            LAST.checked_sub(offset(minus)?)
                .filter(|n| *n >= RTMIN)
                .ok_or_else(error)?
        } else {
            return Err(error());
        };
        Ok(Self(number))
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.get(usize::from(self.0) - 1) {
            Some(name) => write!(f, "SIG{name}"),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_mean_the_same() {
        for (text, number) in [
            ("KILL", 9),
            ("sigterm", 15),
            ("2", 2),
            ("SIGRTMIN+4", 38),
            ("RTMAX", 64),
            ("SYS", 31),
        ] {
            assert_eq!(text.parse::<Signal>().unwrap().number(), number, "{text}");
        }
        for bad in ["", "0", "65", "SIG", "NOPE", "RTMIN+31", "RTMAX-31", "-1"] {
            assert!(bad.parse::<Signal>().is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn printing_and_parsing_agree(number in 1_u32..=64) {
            let signal = Signal::from_number(number).unwrap();
            proptest::prop_assert_eq!(signal.to_string().parse::<Signal>().unwrap(), signal);
        }
    }
}
