//! A stack of layers has one meaning, however it is stored.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod layer_support;
mod stack_support;
mod support;

use container_image::{CollectScope, ImagesInUse, LayerDisk, LoadError, LoadOptions, LoadSource, NoProgress};
use container_model::Layer;
use container_oci::{Platform, Reference};
use layer_support::{Tar, assert_clean};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use stack_support::model::{Member, MemberKind, applied};
use stack_support::stacked::stacked;
use stack_support::{View, What};
use support::TestStore;
use support::images::archive_of_layers;

/// An image of these layers in a store of its own.
struct Stack {
    test: TestStore,
    runtime: tokio::runtime::Runtime,
    name: Reference,
}

impl Stack {
    fn new(layers: &[Vec<u8>]) -> Self {
        Self::load(layers).unwrap()
    }

    /// Fails where a layer by itself is invalid.
    fn load(layers: &[Vec<u8>]) -> Result<Self, LoadError> {
        let test = TestStore::in_memory();
        let path = archive_of_layers(test.root.path(), "stack:1", layers);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let options = LoadOptions::default();
        let load = test.store.load(LoadSource::Path(path), &options, &NoProgress);
        runtime.block_on(load)?;
        let name = "stack:1".parse().unwrap();
        Ok(Self { test, runtime, name })
    }

    /// The disks with which a machine that takes `max_disks` starts.
    fn disks(&self, max_disks: usize) -> Result<Vec<std::path::PathBuf>, String> {
        Ok(self.layers(max_disks)?.into_iter().map(|disk| disk.path).collect())
    }

    fn layers(&self, max_disks: usize) -> Result<Vec<LayerDisk>, String> {
        let platform = Platform::host();
        let resolve = self.test.store.resolve(&self.name, &platform, max_disks);
        let image = self.runtime.block_on(resolve).map_err(|error| error.to_string())?;
        assert!(image.layers.len() <= max_disks.max(1), "{}", image.layers.len());
        Ok(image.layers)
    }

    /// What such a machine shows.
    fn view(&self, max_disks: usize) -> Result<View, String> {
        self.disks(max_disks).map(|disks| stacked(&disks))
    }

    /// What every machine shows.
    fn any_view(&self) -> View {
        let view = self.view(16).unwrap();
        for max_disks in [1, 2, 3] {
            assert_eq!(self.view(max_disks).unwrap(), view, "{max_disks} disks");
        }
        for disk in self.test.files("layers").iter().filter(|name| name.ends_with(".ext4")) {
            assert_clean(&self.test.root.path().join("layers").join(disk));
        }
        view
    }
}

fn paths(view: &View) -> Vec<&str> {
    view.keys()
        .map(String::as_str)
        .filter(|path| !path.is_empty())
        .collect()
}

/// A base with a `/tmp` of its own kind and a merged `/usr`.
fn base() -> Vec<u8> {
    let tar = Tar::new().with(0o1777, 7, 1000).directory("tmp");
    let tar = tar.with(0o755, 0, 1000).directory("usr").with(0o2750, 3, 2000);
    let tar = tar.pax(&[("SCHILY.xattr.user.k", b"v")]).directory("usr/lib");
    tar.with(0o777, 0, 0)
        .symlink("lib", "usr/lib")
        .with(0o644, 0, 0)
        .file("usr/lib/old", b"old")
        .file("tmp/gone", b"gone")
        .end()
}

#[test]
fn directories_that_a_layer_does_not_describe_are_as_those_below() {
    let upper = Tar::new().file("tmp/new", b"1").file("usr/lib/deep/new", b"2").end();
    let stack = Stack::new(&[base(), upper]);
    let view = stack.any_view();
    let (tmp, lib) = (&view["tmp"], &view["usr/lib"]);
    assert_eq!((tmp.mode, tmp.uid, tmp.modified), (0o1777, 7, 1000));
    assert_eq!((lib.mode, lib.gid, lib.modified), (0o2750, 3, 2000));
    assert_eq!(lib.xattrs["user.k"], b"v");
    assert_eq!(view["usr/lib/deep"].mode, 0o755);
    assert!(view.contains_key("tmp/gone") && view.contains_key("tmp/new"));
    // Layers that several images share stay disks of their own.
    assert_eq!(stack.disks(16).unwrap().len(), 3);
    assert_eq!(stack.disks(2).unwrap().len(), 1);
}

#[test]
fn a_stack_whose_layers_describe_what_they_have_is_only_its_layers() {
    let upper = Tar::new()
        .with(0o700, 1, 5)
        .directory("usr")
        .file("usr/new", b"1")
        .end();
    let stack = Stack::new(&[base(), upper]);
    assert_eq!(stack.disks(16).unwrap().len(), 2);
    assert_eq!(stack.any_view()["usr"].mode, 0o700);
    let nothing_hidden = Tar::new().file("srv/new", b"1").end();
    assert_eq!(Stack::new(&[base(), nothing_hidden]).disks(16).unwrap().len(), 2);
}

#[test]
fn the_root_is_as_the_topmost_layer_that_describes_it_says() {
    let lower = Tar::new().with(0o711, 4, 9).directory("./").end();
    let upper = Tar::new().file("new", b"1").end();
    let view = Stack::new(&[lower, upper]).any_view();
    assert_eq!((view[""].mode, view[""].uid), (0o711, 4));
}

#[test]
fn a_lone_whiteout_leaves_its_directory_as_it_is() {
    let upper = Tar::new().file("tmp/.wh.gone", b"").end();
    let view = Stack::new(&[base(), upper]).any_view();
    assert_eq!((view["tmp"].mode, view["tmp"].uid), (0o1777, 7));
    assert!(!view.contains_key("tmp/gone"));
}

#[test]
fn whiteouts_of_what_is_not_there_make_only_their_directory() {
    let upper = Tar::new().file("srv/.wh.gone", b"").file(".wh.nothing", b"").end();
    let view = Stack::new(&[base(), upper]).any_view();
    assert_eq!(
        paths(&view),
        ["lib", "srv", "tmp", "tmp/gone", "usr", "usr/lib", "usr/lib/old"]
    );
}

#[test]
fn entries_and_whiteouts_go_through_the_links_of_lower_layers() {
    let upper = Tar::new()
        .file("lib/.wh.old", b"")
        .file("lib/new", b"1")
        .file("lib/deep/new", b"2")
        .end();
    let view = Stack::new(&[base(), upper]).any_view();
    assert_eq!(view["lib"].what, What::Symlink("usr/lib".to_owned()));
    assert_eq!(view["usr/lib/new"].what, What::File(b"1".to_vec()));
    assert!(view.contains_key("usr/lib/deep/new") && !view.contains_key("usr/lib/old"));
    assert_eq!(view["usr/lib"].mode, 0o2750);
}

#[test]
fn a_layer_above_one_that_goes_through_a_link_is_stacked() {
    let through = Tar::new().file("lib/new", b"1").end();
    let above = Tar::new().file("tmp/more", b"2").end();
    let stack = Stack::new(&[base(), through, above]);
    // The two lowest layers, the highest, and its cover.
    assert_eq!(stack.disks(16).unwrap().len(), 3);
    assert_eq!(stack.any_view()["tmp"].mode, 0o1777);
}

#[test]
fn a_directory_that_a_layer_describes_replaces_a_link() {
    let upper = Tar::new()
        .with(0o700, 0, 0)
        .directory("lib")
        .file("lib/new", b"1")
        .end();
    let view = Stack::new(&[base(), upper]).any_view();
    assert_eq!((&view["lib"].what, view["lib"].mode), (&What::Directory, 0o700));
    assert!(!view.contains_key("usr/lib/new") && view.contains_key("usr/lib/old"));
}

#[test]
fn what_is_no_directory_gives_way_to_one() {
    let lower = Tar::new()
        .file("file", b"1")
        .file("other", b"1")
        .symlink("to-file", "other")
        .symlink("loop", "loop")
        .end();
    let upper = Tar::new()
        .file("file/below", b"2")
        .file("to-file/below", b"3")
        .file("loop/below", b"4")
        .end();
    let view = Stack::new(&[lower, upper]).any_view();
    assert_eq!(
        paths(&view),
        [
            "file",
            "file/below",
            "loop",
            "loop/below",
            "other",
            "to-file",
            "to-file/below"
        ]
    );
}

#[test]
fn a_link_that_leads_nowhere_gets_its_directory() {
    let lower = Tar::new().symlink("run", "/var/run").end();
    let upper = Tar::new().file("run/pid", b"1").end();
    let view = Stack::new(&[lower, upper]).any_view();
    assert_eq!(paths(&view), ["run", "var", "var/run", "var/run/pid"]);
}

#[test]
fn hard_links_lead_to_files_of_lower_layers() {
    let upper = Tar::new()
        .hard_link("usr/lib/again", "lib/old")
        .file("usr/lib/.wh.old", b"")
        .end();
    let view = Stack::new(&[base(), upper]).any_view();
    assert_eq!(view["usr/lib/again"].what, What::File(b"old".to_vec()));
    assert!(!view.contains_key("usr/lib/old"));
}

#[test]
fn a_hard_link_leads_to_a_symbolic_link_that_its_layer_goes_through() {
    let lower = Tar::new().symlink("a", "b").end();
    let upper = Tar::new().directory("a/d").hard_link("c", "a").end();
    let view = Stack::new(&[lower, upper]).any_view();
    assert_eq!(paths(&view), ["a", "b", "b/d", "c"]);
    assert_eq!(view["c"].what, What::Symlink("b".into()));
}

#[test]
fn hard_links_to_what_no_layer_has_are_named() {
    let link = Tar::new().hard_link("link", "elsewhere/file").end();
    for layers in [vec![link.clone()], vec![base(), link]] {
        for max_disks in [1, 16] {
            let error = Stack::new(&layers).view(max_disks).unwrap_err();
            assert!(
                error.contains("hard link") && error.contains("elsewhere/file"),
                "{error}"
            );
        }
    }
}

#[test]
fn whiteouts_concern_lower_layers_only_wherever_they_stand() {
    let upper = Tar::new()
        .file("tmp/gone", b"anew")
        .file("tmp/.wh.gone", b"")
        .file("usr/new", b"1")
        .file(".wh.usr", b"")
        .end();
    let view = Stack::new(&[base(), upper]).any_view();
    assert_eq!(view["tmp/gone"].what, What::File(b"anew".to_vec()));
    assert_eq!(paths(&view), ["lib", "tmp", "tmp/gone", "usr", "usr/new"]);
    assert_eq!((view["usr"].mode, view["usr"].uid), (0o755, 0));
}

#[test]
fn an_opaque_directory_keeps_its_metadata_and_loses_its_contents() {
    let upper = Tar::new().file("tmp/.wh..wh..opq", b"").file("tmp/new", b"1").end();
    let view = Stack::new(&[base(), upper]).any_view();
    assert_eq!((view["tmp"].mode, view["tmp"].uid), (0o1777, 7));
    assert!(view.contains_key("tmp/new") && !view.contains_key("tmp/gone"));
    let upper = Tar::new().file(".wh..wh..opq", b"").file("new", b"1").end();
    assert_eq!(paths(&Stack::new(&[base(), upper]).any_view()), ["new"]);
}

#[test]
fn names_may_come_in_any_spelling_and_the_last_member_of_a_name_counts() {
    let upper = Tar::new()
        .file("./tmp/new", b"1")
        .file("/tmp/new", b"2")
        .file("tmp//./../tmp/new", b"3")
        .end();
    let view = Stack::new(&[base(), upper]).any_view();
    assert_eq!(view["tmp/new"].what, What::File(b"3".to_vec()));
    assert_eq!(view["tmp"].mode, 0o1777);
}

fn path() -> impl Strategy<Value = String> {
    proptest::collection::vec("[abc]", 1..4).prop_map(|names| names.join("/"))
}

fn kind() -> impl Strategy<Value = MemberKind> {
    let target = proptest::sample::select(&["a", "b", "/a", "/b/c", "a/b", "c/a", "/c"][..]);
    prop_oneof![
        4 => Just(MemberKind::Directory),
        4 => any::<u8>().prop_map(MemberKind::File),
        2 => target.prop_map(|target| MemberKind::Symlink(target.to_owned())),
        1 => path().prop_map(MemberKind::HardLink),
        1 => Just(MemberKind::Fifo),
        2 => Just(MemberKind::Whiteout),
        1 => Just(MemberKind::Opaque),
    ]
}

fn member() -> impl Strategy<Value = Member> {
    let mode = proptest::sample::select(&[0o755_u16, 0o1777, 0o700, 0o2750][..]);
    (
        path(),
        kind(),
        mode,
        0..3_u32,
        0..3_u32,
        proptest::option::weighted(0.2, any::<u8>()),
    )
        .prop_map(|(path, kind, mode, owner, modified, xattr)| Member {
            path,
            kind,
            mode,
            owner,
            modified,
            xattr,
        })
}

fn tar_of(layer: &[Member]) -> Vec<u8> {
    let mut tar = Tar::new();
    for member in layer {
        tar = tar.with(member.mode, member.owner, member.modified);
        let has_xattrs = !matches!(
            member.kind,
            MemberKind::Whiteout | MemberKind::Opaque | MemberKind::HardLink(_)
        );
        if let Some(value) = member.xattr.filter(|_| has_xattrs) {
            tar = tar.pax(&[("SCHILY.xattr.user.k", &[value])]);
        }
        let path = member.path.as_str();
        tar = match &member.kind {
            MemberKind::Directory => tar.directory(path),
            MemberKind::File(byte) => tar.file(path, &[*byte; 5]),
            MemberKind::Symlink(target) => tar.symlink(path, target),
            MemberKind::HardLink(target) => tar.hard_link(path, target),
            MemberKind::Fifo => tar.fifo(path),
            MemberKind::Whiteout => match path.rsplit_once('/') {
                Some((parent, name)) => tar.file(&format!("{parent}/.wh.{name}"), b""),
                None => tar.file(&format!(".wh.{path}"), b""),
            },
            MemberKind::Opaque => tar.file(&format!("{path}/.wh..wh..opq"), b""),
        };
    }
    tar.end()
}

/// A layer as sane tools write it: no name twice, nothing below what is no directory.
fn tidy(members: Vec<Member>) -> Vec<Member> {
    let is_tree = |member: &Member| matches!(member.kind, MemberKind::Directory | MemberKind::Opaque);
    let mut tidied: Vec<Member> = Vec::new();
    for member in members {
        let below = |one: &Member, other: &Member| other.path.starts_with(&format!("{}/", one.path));
        let fits = tidied.iter().all(|other| {
            other.path != member.path
                && (is_tree(other) || !below(other, &member))
                && (is_tree(&member) || !below(&member, other))
        });
        if fits {
            tidied.push(member);
        }
    }
    tidied
}

/// An order of a layer's members.
type Order = fn(&[Member]) -> Vec<&Member>;

/// What containerd's rules give, if they give the same for every order of the members of a layer.
fn model(layers: &[Vec<Member>]) -> Option<View> {
    let orders: [Order; 4] = [
        |layer| layer.iter().collect(),
        |layer| layer.iter().rev().collect(),
        |layer| {
            let mut members: Vec<&Member> = layer.iter().collect();
            members.sort_by_key(|member| &member.path);
            members
        },
        |layer| {
            let mut members: Vec<&Member> = layer.iter().collect();
            members.sort_by_key(|member| std::cmp::Reverse(&member.path));
            members
        },
    ];
    let views = orders.map(|order| applied(layers.iter().map(|layer| order(layer))).map(comparable));
    let [first, ..] = &views;
    views.iter().all(|view| view == first).then(|| first.clone()).flatten()
}

/// Leaves out what depends on when files are made in a directory, and the root, which containerd leaves as it is.
fn comparable(mut view: View) -> View {
    view.remove("");
    for seen in view.values_mut().filter(|seen| seen.what == What::Directory) {
        seen.modified = 0;
    }
    view
}

#[test]
fn a_stack_shows_the_same_however_it_is_stored() {
    let layer = (proptest::collection::vec(member(), 1..7), any::<bool>());
    let layer = layer.prop_map(|(members, is_tidy)| if is_tidy { tidy(members) } else { members });
    let layers = proptest::collection::vec(layer, 1..5);
    let compared = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(800)
    });
    let outcome = runner.run(&layers, |layers| {
        let model = model(&layers);
        compared.set(compared.get() + u32::from(model.is_some()));
        let tars: Vec<Vec<u8>> = layers.iter().map(|layer| tar_of(layer)).collect();
        let stack = match Stack::load(&tars) {
            Ok(stack) => stack,
            Err(error) => {
                prop_assert_eq!(model, None, "{}", error);
                return Ok(());
            }
        };
        let view = stack.view(16);
        match &view {
            Ok(_) => {
                stack.any_view();
            }
            Err(_) => prop_assert!(stack.view(1).is_err()),
        }
        if let Some(model) = model {
            prop_assert_eq!(view.map(comparable), Ok(model));
        }
        Ok(())
    });
    outcome.unwrap();
    // Of the others, containerd takes none or makes a tree that depends on the order of members, or the layer undoes what it has done itself.
    assert!(compared.get() >= 200, "{}", compared.get());
}

#[test]
fn disks_of_an_older_format_are_made_again() {
    let upper = Tar::new().file("tmp/new", b"1").end();
    let stack = Stack::new(&[base(), upper]);
    let layers = stack.test.root.path().join("layers");
    let before = stack.view(16).unwrap();
    for name in stack.test.files("layers").iter().filter(|name| name.ends_with(".json")) {
        let record: serde_json::Value = serde_json::from_slice(&std::fs::read(layers.join(name)).unwrap()).unwrap();
        let mut record = record;
        record["diskFormat"] = 2.into();
        record.as_object_mut().unwrap().remove("stacking");
        std::fs::write(layers.join(name), record.to_string()).unwrap();
    }
    assert_eq!(stack.view(16).unwrap(), before);
    assert_eq!(before["tmp"].mode, 0o1777);
}

#[test]
fn the_cover_of_an_image_stays_with_it_and_goes_with_it() {
    let upper = Tar::new().file("tmp/new", b"1").end();
    let stack = Stack::new(&[base(), upper]);
    let cover = stack.disks(16).unwrap().pop().unwrap();
    let collect = || {
        let in_use = || Ok::<_, std::io::Error>(ImagesInUse::default());
        let collected = stack.test.store.collect_garbage(CollectScope::Unreachable, in_use);
        collected.unwrap();
    };
    collect();
    assert!(cover.is_file());
    stack.test.delete("stack:1");
    collect();
    assert_eq!(stack.test.files("layers"), [""; 0]);
}

#[test]
fn disks_tell_what_is_on_them() {
    let upper = Tar::new().file("tmp/new", b"1").end();
    let stack = Stack::new(&[base(), upper]);
    let kinds = |max_disks| {
        let layers = stack.layers(max_disks).unwrap();
        let kind = |disk: &LayerDisk| {
            assert!(disk.path.ends_with(format!("{}.ext4", disk.id().hex())));
            match disk.layer {
                Layer::Single { .. } => "single",
                Layer::Merged { .. } => "merged",
                Layer::Cover { .. } => "cover",
                Layer::Untold { .. } => "untold",
            }
        };
        layers.iter().map(kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(16), ["single", "single", "cover"]);
    assert_eq!(kinds(1), ["merged"]);
}
