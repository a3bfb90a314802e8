//! Which templates go, and which stay.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod fixture;

use container_templates::{Pruned, PublishError, TemplateKey, TemplateStore};
use fixture::{Root, TOKEN, begin, fill, found, image, is_absent, make};

fn names(keys: &[TemplateKey]) -> Vec<String> {
    let mut names: Vec<_> = keys.iter().map(ToString::to_string).collect();
    names.sort();
    names
}

fn removed(pruned: &Pruned) -> Vec<TemplateKey> {
    pruned.removed.iter().map(|template| template.key).collect()
}

fn size_of_one(store: &TemplateStore) -> u64 {
    store.list().unwrap()[0].size_bytes
}

#[test]
fn what_is_in_use_stays() {
    let root = Root::new();
    let [used, idle] = ["used", "idle"].map(|name| make(&root.store, name));
    let in_use = found(&root.store, &used);
    let pruned = root.store.prune_unused().unwrap();
    assert_eq!(removed(&pruned), [idle]);
    assert!(pruned.freed_bytes() > 0);
    assert_eq!(removed(&root.store.prune_to(0).unwrap()), []);
    assert!(in_use.memory().exists() && in_use.state().exists() && in_use.disk().exists());
    // Two can use it.
    let again = found(&root.store, &used);
    drop(in_use);
    assert_eq!(removed(&root.store.prune_unused().unwrap()), []);
    drop(again);
    assert_eq!(removed(&root.store.prune_unused().unwrap()), [used]);
    assert!(root.names().is_empty());
}

#[test]
fn what_is_discarded_while_in_use_is_found_no_more_and_goes_later() {
    let root = Root::new();
    let key = make(&root.store, "a");
    let in_use = found(&root.store, &key);
    root.store.discard(&key).unwrap();
    assert!(is_absent(&root.store, &key) && root.store.list().unwrap().is_empty());
    root.store.sweep();
    assert_eq!(root.names().len(), 1, "its files stay as long as it is used");
    let anew = make(&root.store, "a");
    drop(in_use);
    root.store.sweep();
    assert_eq!(root.names(), names(&[anew]));
    root.store.discard(&anew).unwrap();
    root.store.discard(&anew).unwrap();
    assert!(root.names().is_empty());
}

#[test]
fn templates_go_with_their_images() {
    let root = Root::new();
    let [kept, gone] = ["kept", "gone"].map(|name| make(&root.store, name));
    let damaged = make(&root.store, "damaged");
    std::fs::write(root.of(&damaged).join("manifest.json"), "{").unwrap();
    let pruned = root.store.retain(|of| *of == image("kept")).unwrap();
    assert_eq!(names(&removed(&pruned)), names(&[gone, damaged]));
    assert_eq!(root.names(), names(&[kept]));
}

#[test]
fn those_used_longest_ago_go_first() {
    let root = Root::new();
    let [second, first, third] =
        [("second", 200), ("first", 100), ("third", 300)].map(|(name, used)| root.make_used_at(name, used));
    let one = size_of_one(&root.store);
    assert_eq!(removed(&root.store.prune_to(3 * one).unwrap()), []);
    assert_eq!(removed(&root.store.prune_to(2 * one).unwrap()), [first]);
    // A use makes it the last.
    found(&root.store, &second);
    assert_eq!(removed(&root.store.prune_to(one).unwrap()), [third]);
    assert_eq!(root.names(), names(&[second]));
}

#[test]
fn the_limit_is_kept_when_one_is_made() {
    let root = Root::new();
    let [old, new] = [("old", 100), ("new", 200)].map(|(name, used)| root.make_used_at(name, used));
    let one = size_of_one(&root.store);
    let limited = root.store.clone().limited_to(2 * one + one / 2);
    let third = make(&limited, "third");
    assert_eq!(root.names(), names(&[new, third]));
    // The one used longest ago is in use.
    let in_use = found(&root.store, &new);
    root.make_used_at_again(&new, 50);
    let fourth = make(&limited, "fourth");
    assert_eq!(root.names(), names(&[new, fourth]));
    drop(in_use);
    assert!(is_absent(&root.store, &old));
}

#[test]
fn one_that_finds_no_room_is_not_kept() {
    let root = Root::new();
    let used = make(&root.store, "used");
    let one = size_of_one(&root.store);
    let too_large = begin(&root.store.clone().limited_to(one / 2), "large");
    fill(&too_large);
    let error = too_large.publish(TOKEN).unwrap_err();
    assert!(matches!(error, PublishError::NoRoom { used_bytes: 0, .. }), "{error}");
    assert_eq!(root.names(), names(&[used]), "nothing had to go for it");

    let _in_use = found(&root.store, &used);
    let second = begin(&root.store.clone().limited_to(one + one / 2), "second");
    fill(&second);
    let error = second.publish(TOKEN).unwrap_err();
    assert!(
        matches!(error, PublishError::NoRoom { used_bytes, .. } if used_bytes == one),
        "{error}"
    );
    assert_eq!(root.names(), names(&[used]));
}
