//! Words of other tools about labels and caches, which are accepted, change nothing, and are spoken of once.

/// What was written, and which of its words change nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written<T> {
    pub(crate) meant: T,
    pub(crate) without_effect: Vec<String>,
}

/// What to say about the words of a command.
pub(crate) fn hint<'a>(words: impl Iterator<Item = &'a String>) -> Option<String> {
    let mut words: Vec<&str> = words.map(String::as_str).collect();
    words.sort_unstable();
    words.dedup();
    match words.as_slice() {
        [] => None,
        [word] => Some(format!(
            "{word} changes nothing here: mounts have no labels and no caches of their own"
        )),
        [..] => Some(format!(
            "{} change nothing here: mounts have no labels and no caches of their own",
            words.join(", ")
        )),
    }
}
