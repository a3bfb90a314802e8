//! What `oci-spec` loses of a resource limit, and so why the type is our own. A failure with a newer `oci-spec` is good news.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use container_model::Rlimit;
use oci_spec::runtime::PosixRlimit;
use serde_json::json;

#[test]
fn fields_of_other_versions_are_dropped() {
    let ours = json!({"resource": "RLIMIT_NOFILE", "soft": 1, "hard": 2, "newer": true});
    let limit: Rlimit = serde_json::from_value(ours.clone()).unwrap();
    assert_eq!(serde_json::to_value(limit).unwrap(), ours);
    let theirs = json!({"type": "RLIMIT_NOFILE", "soft": 1, "hard": 2, "newer": true});
    let limit: PosixRlimit = serde_json::from_value(theirs).unwrap();
    assert_eq!(serde_json::to_value(limit).unwrap().get("newer"), None);
}

#[test]
fn resources_of_other_versions_are_refused() {
    let ours = json!({"resource": "RLIMIT_NEWER", "soft": 1, "hard": 2});
    assert!(serde_json::from_value::<Rlimit>(ours).is_ok());
    let theirs = json!({"type": "RLIMIT_NEWER", "soft": 1, "hard": 2});
    assert!(serde_json::from_value::<PosixRlimit>(theirs).is_err());
}
