//! Containers in the making: what other commands see of them, and what is undone when their making ends early.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod fixture;

use container_model::{ContainerQuery, Phase};
use container_state::{LoadError, OwnError, ReserveError};
use fixture::{Root, config};
use time::OffsetDateTime;

fn mark_as_abandoned(root: &Root, name: &str) {
    let bundle = root.store().bundle(&name.parse().unwrap());
    std::fs::write(bundle.maker(), b"").unwrap();
}

#[test]
fn a_reserved_name_is_taken_but_there_is_nothing_to_be_seen() {
    let root = Root::new();
    let store = root.store();
    let config = config("db", 1);
    let new = store.reserve(&config.id).unwrap();
    assert!(matches!(store.reserve(&config.id), Err(ReserveError::NameTaken { .. })));
    assert!(matches!(store.load(&config.id), Err(LoadError::NotFound { .. })));
    assert!(matches!(store.own(&config.id), Err(OwnError::NotFound { .. })));
    assert!(store.find(&ContainerQuery::typed("d")).is_err());
    assert!(store.list().unwrap().containers.is_empty());
    drop(new);
    assert_eq!(root.entries(), Vec::<String>::new());
    drop(store.reserve(&config.id).unwrap());
}

#[test]
fn a_container_that_is_not_kept_is_undone() {
    let root = Root::new();
    let store = root.store();
    let config = config("db", 1);
    let mut new = store.reserve(&config.id).unwrap();
    new.record(&config).unwrap();
    assert_eq!(store.load(&config.id).unwrap().config, config);
    assert!(matches!(store.own(&config.id), Err(OwnError::Taken { .. })));
    drop(new);
    assert_eq!(root.entries(), Vec::<String>::new());
    let mut new = store.reserve(&config.id).unwrap();
    new.record(&config).unwrap();
    new.release();
    drop(new);
    assert_eq!(root.entries(), Vec::<String>::new());
}

#[test]
fn a_kept_container_lasts() {
    let root = Root::new();
    let store = root.store();
    let config = config("db", 1);
    let mut new = store.reserve(&config.id).unwrap();
    new.record(&config).unwrap();
    new.keep().unwrap();
    assert_eq!(store.load(&config.id).unwrap().state.phase, Phase::Created);
    drop(store.own(&config.id).unwrap());
}

#[test]
fn an_older_container_of_the_name_is_not_undone() {
    let root = Root::new();
    let store = root.store();
    let id = root.create("db", 1);
    drop(store.reserve(&id));
    assert_eq!(store.load(&id).unwrap().config, config("db", 1));
}

#[test]
fn a_newer_container_of_the_name_is_neither_undone_nor_kept() {
    let root = Root::new();
    let store = root.store();
    let config = config("db", 1);
    let first = || {
        let mut new = store.reserve(&config.id).unwrap();
        new.record(&config).unwrap();
        new.release();
        store.delete(&config.id).unwrap();
        new
    };
    let dropped = first();
    root.create("db", 2);
    drop(dropped);
    assert_eq!(store.load(&config.id).unwrap().config, fixture::config("db", 2));
    store.delete(&config.id).unwrap();

    let kept = first();
    let mut second = store.reserve(&config.id).unwrap();
    second.record(&fixture::config("db", 3)).unwrap();
    kept.keep().unwrap();
    assert!(second.bundle().maker().exists(), "the second is not kept");
    drop(second);
    assert_eq!(root.entries(), Vec::<String>::new());
}

#[test]
fn what_a_dead_maker_left_is_removed_by_the_next_look() {
    let root = Root::new();
    let store = root.store();
    for name in ["db", "db-1", "kept"] {
        root.create(name, 1);
    }
    mark_as_abandoned(&root, "db");
    mark_as_abandoned(&root, "db-1");
    assert!(matches!(
        store.load(&"db".parse().unwrap()),
        Err(LoadError::NotFound { .. })
    ));
    let listing = store.list().unwrap();
    assert_eq!((listing.containers.len(), listing.damaged.len()), (1, 0));
    assert_eq!(root.entries(), ["kept"]);
}

#[test]
fn a_record_that_a_loss_of_power_has_emptied_goes_if_nobody_was_told_of_its_container() {
    let root = Root::new();
    let store = root.store();
    for name in ["db", "db-1", "told"] {
        root.create(name, 1);
        std::fs::write(store.bundle(&name.parse().unwrap()).config(), b"").unwrap();
    }
    mark_as_abandoned(&root, "db");
    mark_as_abandoned(&root, "db-1");
    assert!(matches!(
        store.load(&"db".parse().unwrap()),
        Err(LoadError::NotFound { .. })
    ));
    assert_eq!(store.list().unwrap().damaged.len(), 1);
    assert_eq!(root.entries(), ["told"]);
}

#[test]
fn what_a_dead_maker_left_stays_as_long_as_a_launcher_has_it() {
    let root = Root::new();
    let store = root.store();
    let id = root.create("db", 1);
    mark_as_abandoned(&root, "db");
    let launcher = store.own(&id).unwrap();
    let started = OffsetDateTime::UNIX_EPOCH;
    launcher.write_phase(Phase::Running { started, paused: false }).unwrap();
    assert_eq!(
        store.load(&id).unwrap().state.phase,
        Phase::Running { started, paused: false }
    );
    assert!(launcher.bundle().is_abandoned());
    drop(launcher);
    assert!(store.list().unwrap().containers.is_empty());
    assert_eq!(root.entries(), Vec::<String>::new());
}

#[test]
fn a_launcher_that_has_a_container_removes_it_for_its_maker() {
    let root = Root::new();
    let store = root.store();
    let config = config("db", 1);
    let mut new = store.reserve(&config.id).unwrap();
    new.record(&config).unwrap();
    new.release();
    let launcher = store.own(&config.id).unwrap();
    assert!(!launcher.bundle().is_abandoned());
    drop(new);
    assert!(launcher.bundle().is_abandoned() && launcher.bundle().config().exists());
}
