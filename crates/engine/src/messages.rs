//! What the engine and the parts below it say by themselves, through `tracing`.

/// Crates whose warnings are written for the user. Those of the others are for people who look into a fault.
const FOR_USERS: [&str; 2] = ["container_credentials", "container_registry"];

/// Whether a warning with this target is written for the user, to be shown as it is.
#[must_use]
pub fn is_for_users(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or(target);
    FOR_USERS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_crates_speak_to_users() {
        assert!(is_for_users("container_credentials::docker::helper"));
        assert!(!is_for_users("container_image::store"));
        assert!(!is_for_users("rustls"));
    }
}
