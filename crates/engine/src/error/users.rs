//! Containers as the reason why something cannot be deleted.

use container_model::ContainerId;

/// Containers that a message names before it counts the rest.
const NAMED_CONTAINERS: usize = 3;

/// `container a uses`, `containers a, b use`.
pub(super) fn users(containers: &[ContainerId]) -> String {
    let named: Vec<&str> = containers
        .iter()
        .take(NAMED_CONTAINERS)
        .map(ContainerId::as_str)
        .collect();
    let named_text = named.join(", ");
    match (containers.len(), containers.len() - named.len()) {
        (1, _) => format!("container {named_text} uses"),
        (_, 0) => format!("containers {named_text} use"),
        (_, more) => format!("containers {named_text} and {more} more use"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_named_until_they_are_many() {
        let containers: Vec<ContainerId> = ["aa", "bb", "cc", "dd", "ee"].map(|id| id.parse().unwrap()).to_vec();
        assert_eq!(users(&containers[..1]), "container aa uses");
        assert_eq!(users(&containers[..2]), "containers aa, bb use");
        assert_eq!(users(&containers), "containers aa, bb, cc and 2 more use");
    }
}
