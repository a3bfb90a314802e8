//! Names that differ only in case, where the file system does not tell them apart: simulated by a link of the other name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::convert::Infallible;
use std::os::unix::fs::symlink;

use container_model::{ContainerId, ContainerQuery};
use container_state::{DeleteError, FindError, LoadError, OwnError, ReserveError};

mod fixture;

use fixture::{Root, config};

/// A store with the container "web", whose files are found under "Web" as well.
fn case_insensitive() -> (Root, ContainerId) {
    let root = Root::new();
    root.create("web", 1);
    symlink("web", root.store().paths().containers().join("Web")).unwrap();
    (root, "Web".parse().unwrap())
}

#[test]
fn a_container_is_not_found_by_its_name_in_another_case() {
    let (root, other) = case_insensitive();
    let store = root.store();
    let find = |words: &str| store.find(&ContainerQuery::typed(words));
    assert!(matches!(find("Web"), Err(FindError::NotFound { .. })));
    assert!(matches!(find("We"), Err(FindError::NotFound { .. })));
    assert_eq!(find("web").unwrap().as_str(), "web");
    assert!(matches!(store.load(&other), Err(LoadError::NotFound { .. })));
    assert!(store.load(&"web".parse().unwrap()).is_ok());
}

#[test]
fn a_container_is_not_removed_by_its_name_in_another_case() {
    let (root, other) = case_insensitive();
    let store = root.store();
    assert!(matches!(
        store.delete(&other),
        Err(DeleteError::Own(OwnError::NotFound { .. }))
    ));
    assert!(store.load(&"web".parse().unwrap()).is_ok());
}

#[test]
fn a_name_that_differs_only_in_case_is_refused_with_the_reason() {
    let (root, other) = case_insensitive();
    let store = root.store();
    let error = store.reserve(&other).unwrap_err();
    assert!(
        matches!(&error, ReserveError::CaseOnly { existing, .. } if existing.as_str() == "web"),
        "{error}"
    );
    let text = error.to_string();
    assert!(text.contains("\"Web\"") && text.contains("\"web\""), "{text}");
    assert!(store.load(&"web".parse().unwrap()).is_ok());
}

#[test]
fn names_that_differ_only_in_case_are_two_containers_where_the_file_system_has_both() {
    let root = Root::new();
    let probe = root.path().join("probe");
    std::fs::write(&probe, b"").unwrap();
    if root.path().join("PROBE").exists() {
        return;
    }
    let store = root.store();
    for name in ["web", "Web"] {
        store.create(&config(name, 1), |_| Ok::<_, Infallible>(())).unwrap();
    }
    assert_eq!(store.list().unwrap().containers.len(), 2);
    store.delete(&"Web".parse().unwrap()).unwrap();
    assert_eq!(root.entries(), ["web"]);
}
