//! Faults that are played on request.

use crate::breach::breach;
use std::sync::OnceLock;
use std::time::Duration;

/// What names the faults of this process.
const VARIABLE: &str = "CONTAINER_VZ_STUB_FAULTS";
/// How long after the start something happens unless the word says when.
const DELAY: Duration = Duration::from_millis(50);

/// What `VZLinuxRosettaDirectoryShare.availability` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rosetta {
    /// `VZLinuxRosettaAvailabilityNotSupported`.
    #[default]
    NotSupported = 0,
    /// `VZLinuxRosettaAvailabilityNotInstalled`.
    NotInstalled = 1,
    /// `VZLinuxRosettaAvailabilityInstalled`.
    Installed = 2,
}

/// The faults of this process. Times are counted from the moment in which a machine has started.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// `not-supported`: the host cannot run virtual machines.
    pub(crate) not_supported: bool,
    /// `not-entitled`: the program lacks the entitlement; no configuration is valid.
    pub(crate) not_entitled: bool,
    /// `start-fails`: no machine starts.
    pub(crate) start_fails: bool,
    /// `machine-limit`: no machine starts, because too many run.
    pub(crate) machine_limit: bool,
    /// `connect-refused=N`: the first N attempts to connect to the guest are refused.
    pub(crate) connect_refused: u32,
    /// `connect-silent`: attempts to connect are never answered.
    pub(crate) connect_silent: bool,
    /// `connect-late=MS`: attempts to connect are answered after this many milliseconds.
    pub(crate) connect_late: Option<Duration>,
    /// `guest-stops[=MS]`: the guest switches itself off, 50 ms after the start or when the word says.
    pub(crate) guest_stops: Option<Duration>,
    /// `stop-with-error[=MS]`: the machine ends with an error.
    pub(crate) stop_with_error: Option<Duration>,
    /// `guest-reset[=MS]`: the guest is reset, which starts it again in place: connections end, nobody is told.
    pub(crate) guest_reset: Option<Duration>,
    /// `network-detached[=MS]`: every network device loses its attachment.
    pub(crate) network_detached: Option<Duration>,
    /// `panic[=MS]`: the guest's kernel writes that it panics.
    pub(crate) panic: Option<Duration>,
    /// `guest-dials=PORT`: the guest connects to this port of the host, 50 ms after the start.
    pub(crate) guest_dials: Option<u32>,
    /// `save-refused`: machines can be neither saved nor restored.
    pub(crate) save_refused: bool,
    /// `nested-virtualization`: the host offers it, as hosts do not otherwise.
    pub(crate) nested_virtualization: bool,
    /// `rosetta=not-supported|not-installed|installed`: what there is of Rosetta; the first unless said.
    pub(crate) rosetta: Rosetta,
}

/// The faults that the environment names. An unknown word ends the process.
pub(crate) fn faults() -> &'static Faults {
    static FAULTS: OnceLock<Faults> = OnceLock::new();
    FAULTS.get_or_init(|| {
        let words = std::env::var(VARIABLE).unwrap_or_default();
        parse(&words).unwrap_or_else(|word| breach(format_args!("{VARIABLE} has the unknown word \"{word}\"")))
    })
}

/// The faults that `words` names, or the word that is none.
fn parse(words: &str) -> Result<Faults, &str> {
    let mut faults = Faults::default();
    for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        apply(&mut faults, word).ok_or(word)?;
    }
    Ok(faults)
}

fn apply(faults: &mut Faults, word: &str) -> Option<()> {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    };
    let switch = |place: &mut bool| {
        *place = true;
        value.is_none().then_some(())
    };
    let after = |place: &mut Option<Duration>| {
        *place = Some(match value {
            Some(value) => Duration::from_millis(value.parse().ok()?),
            None => DELAY,
        });
        Some(())
    };
    match name {
        "not-supported" => switch(&mut faults.not_supported),
        "not-entitled" => switch(&mut faults.not_entitled),
        "start-fails" => switch(&mut faults.start_fails),
        "machine-limit" => switch(&mut faults.machine_limit),
        "connect-silent" => switch(&mut faults.connect_silent),
        "save-refused" => switch(&mut faults.save_refused),
        "nested-virtualization" => switch(&mut faults.nested_virtualization),
        "guest-stops" => after(&mut faults.guest_stops),
        "stop-with-error" => after(&mut faults.stop_with_error),
        "guest-reset" => after(&mut faults.guest_reset),
        "network-detached" => after(&mut faults.network_detached),
        "panic" => after(&mut faults.panic),
        "connect-refused" => {
            faults.connect_refused = value?.parse().ok()?;
            Some(())
        }
        "connect-late" => {
            faults.connect_late = Some(Duration::from_millis(value?.parse().ok()?));
            Some(())
        }
        "guest-dials" => {
            faults.guest_dials = Some(value?.parse().ok()?);
            Some(())
        }
        "rosetta" => {
            faults.rosetta = match value? {
                "not-supported" => Rosetta::NotSupported,
                "not-installed" => Rosetta::NotInstalled,
                "installed" => Rosetta::Installed,
                _ => return None,
            };
            Some(())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_separated_by_commas() {
        let faults = parse("start-fails, connect-refused=3,panic=7,guest-reset,rosetta=installed,").unwrap();
        let expected = Faults {
            start_fails: true,
            connect_refused: 3,
            panic: Some(Duration::from_millis(7)),
            guest_reset: Some(DELAY),
            rosetta: Rosetta::Installed,
            ..Faults::default()
        };
        assert_eq!(faults, expected);
        assert_eq!(parse(""), Ok(Faults::default()));
    }

    #[test]
    fn a_word_with_a_mistake_is_no_fault() {
        for word in [
            "start-fail",
            "start-fails=1",
            "connect-refused",
            "connect-refused=x",
            "rosetta=yes",
            "panic=",
        ] {
            assert_eq!(parse(word), Err(word));
        }
    }
}
