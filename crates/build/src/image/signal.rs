//! `STOPSIGNAL`.

/// Linux's signals that have a number of their own, without `SIG` (signal(7)).
const NAMES: [&str; 35] = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL",
    "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1",
    "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN",
];
/// The last one.
const RTMAX: u8 = 64;

/// Whether the text names a signal: `SIGTERM`, `term`, `15`, `SIGRTMIN+3`.
pub(crate) fn is_signal(text: &str) -> bool {
    if let Ok(number) = text.parse::<u8>() {
        return (1..=RTMAX).contains(&number);
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let offset = |prefix: &str, most: u8| {
        let rest = name.strip_prefix(prefix)?;
        rest.parse::<u8>().ok().filter(|number| (1..=most).contains(number))
    };
    NAMES.contains(&name) || name == "RTMAX" || offset("RTMIN+", 15).is_some() || offset("RTMAX-", 14).is_some()
}

#[cfg(test)]
mod tests {
    use super::is_signal;

    #[test]
    fn names_and_numbers_of_signals() {
        for text in ["SIGTERM", "term", "15", "SIGRTMIN+3", "RTMAX-14", "64", "SIGRTMAX"] {
            assert!(is_signal(text), "{text}");
        }
        for text in ["", "SIG", "0", "65", "-9", "SIGTERMINATE", "RTMIN+16", "RTMAX-0"] {
            assert!(!is_signal(text), "{text}");
        }
    }
}
