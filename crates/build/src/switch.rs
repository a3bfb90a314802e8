//! Switches as BuildKit reads them.

/// What a switch says, in the words of Go's `strconv.ParseBool`; `None` for other words.
pub(crate) fn parse(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
