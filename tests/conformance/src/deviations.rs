//! Cases whose result is another one on purpose.

/// Ids, and why.
const DEVIATIONS: &[(&str, &str)] = &[
    (
        "038-ci-pipeline-modified",
        "lists the environment of a command, and the recorded one has variables of where it was recorded",
    ),
    (
        "048-xattrs-file-in-archive",
        "extended attributes are kept; BuildKit's layers have none but security.capability",
    ),
];

/// Why a case is not to have the recorded result, if it is not.
pub(crate) fn reason(id: &str) -> Option<&'static str> {
    DEVIATIONS
        .iter()
        .find(|(listed, _)| *listed == id)
        .map(|(_, reason)| *reason)
}
