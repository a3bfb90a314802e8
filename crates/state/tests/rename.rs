//! A container that does not run gets another name, wholly or not at all.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod fixture;

use std::fs;
use std::thread;

use container_model::ContainerId;
use container_state::{LoadError, OwnError, RenameError, ReserveError};
use fixture::{Root, config};

fn id(name: &str) -> ContainerId {
    name.parse().unwrap()
}

#[test]
fn a_renamed_container_is_the_same_under_its_new_name_only() {
    let root = Root::new();
    let web = root.create("web", 1);
    let store = root.store();
    fs::write(store.bundle(&web).root_disk(), "its disk").unwrap();
    let renamed = store.rename(&web, &id("shop")).unwrap();
    let found = store.load(&id("shop")).unwrap();
    assert_eq!(found.config, renamed);
    assert_eq!((found.config.id.as_str(), found.config.hostname()), ("shop", "shop"));
    assert_eq!(fs::read(found.bundle.root_disk()).unwrap(), b"its disk");
    assert!(matches!(store.load(&web), Err(LoadError::NotFound { .. })));
    assert_eq!(root.entries(), ["shop"]);
    assert!(!found.bundle.directory().join("config.renamed.json").exists());
    root.create("web", 2);
    assert_eq!(store.list().unwrap().containers.len(), 2);
}

#[test]
fn a_taken_name_an_owned_and_a_missing_container_are_refused_and_nothing_changes() {
    let root = Root::new();
    let [web, db] = ["web", "db"].map(|name| root.create(name, 1));
    let store = root.store();
    let taken = store.rename(&web, &db).unwrap_err();
    assert!(
        matches!(taken, RenameError::Reserve(ReserveError::NameTaken { .. })),
        "{taken}"
    );
    let missing = store.rename(&id("ghost"), &id("shop")).unwrap_err();
    assert!(
        matches!(missing, RenameError::Own(OwnError::NotFound { .. })),
        "{missing}"
    );
    let in_making = store.reserve(&id("new")).unwrap();
    let taken = store.rename(&web, &id("new")).unwrap_err();
    assert!(
        matches!(taken, RenameError::Reserve(ReserveError::NameTaken { .. })),
        "{taken}"
    );
    drop(in_making);
    let owned = store.own(&web).unwrap();
    let owned_error = store.rename(&web, &id("shop")).unwrap_err();
    assert!(
        matches!(owned_error, RenameError::Own(OwnError::Taken { .. })),
        "{owned_error}"
    );
    drop(owned);
    assert_eq!(root.entries(), ["db", "web"]);
    store.rename(&web, &id("new")).unwrap();
}

#[test]
fn a_container_whose_maker_has_not_let_go_of_it_keeps_its_name() {
    let root = Root::new();
    let store = root.store();
    let mut new = store.reserve(&id("web")).unwrap();
    new.record(&config("web", 1)).unwrap();
    new.release();
    let refused = store.rename(&id("web"), &id("shop")).unwrap_err();
    assert!(matches!(refused, RenameError::Own(OwnError::Taken { .. })), "{refused}");
    new.keep().unwrap();
    store.rename(&id("web"), &id("shop")).unwrap();
}

#[test]
fn a_renaming_that_was_cut_short_is_undone_or_finished() {
    let root = Root::new();
    let web = root.create("web", 1);
    let store = root.store();
    let [old, new] = [&web, &id("shop")].map(|id| store.bundle(id));
    // Killed before the directory was renamed.
    let mut record: serde_json::Value = serde_json::from_slice(&fs::read(old.config()).unwrap()).unwrap();
    record["id"] = "shop".into();
    fs::write(old.directory().join("config.renamed.json"), record.to_string()).unwrap();
    assert_eq!(store.load(&web).unwrap().config.id, web);
    // Killed after that.
    fs::rename(old.directory(), new.directory()).unwrap();
    let listed = store.list().unwrap();
    assert!(listed.damaged.is_empty(), "{:?}", listed.damaged);
    assert_eq!(listed.containers[0].config.id.as_str(), "shop");
    assert!(!new.directory().join("config.renamed.json").exists());
}

#[test]
fn of_many_renamings_at_once_one_wins_and_nothing_is_lost() {
    let root = Root::new();
    for round in 0..20 {
        let web = root.create("web", round);
        let other = root.create("other", round);
        let store = root.store();
        let outcomes: Vec<bool> = thread::scope(|scope| {
            let renamings: Vec<_> = [(&web, "left"), (&web, "right"), (&other, "left"), (&other, "right")]
                .into_iter()
                .map(|(from, to)| {
                    let store = store.clone();
                    scope.spawn(move || store.rename(from, &id(to)).is_ok())
                })
                .collect();
            renamings.into_iter().map(|renaming| renaming.join().unwrap()).collect()
        });
        let listed = store.list().unwrap();
        assert!(listed.damaged.is_empty(), "{:?}", listed.damaged);
        let names: Vec<&str> = listed.containers.iter().map(|found| found.config.id.as_str()).collect();
        assert_eq!(names.len(), 2, "{names:?} {outcomes:?}");
        for found in &listed.containers {
            assert_eq!(found.bundle.id(), &found.config.id);
            store.delete(&found.config.id).unwrap();
        }
        assert!(outcomes.iter().filter(|done| **done).count() <= 2);
        assert!(root.entries().is_empty(), "{:?}", root.entries());
    }
}
