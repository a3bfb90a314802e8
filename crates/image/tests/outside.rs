//! What documents from outside say, and leave empty: names with digests, platforms, entry points.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod support;

use std::path::PathBuf;

use container_image::{
    CatalogError, ImageQuery, LoadOptions, LoadSource, LoadedImage, NoProgress, PlatformChoice, SaveFormat, SaveTarget,
};
use container_oci::{Descriptor, Digest, Platform, Reference, annotation, media_type};
use serde_json::{Value, json};
use support::layout::Layout;
use support::{MAX_DISKS, TestStore};

fn reference(name: &str) -> Reference {
    name.parse().unwrap()
}

fn write(test: &TestStore, layout: Layout) -> PathBuf {
    let path = test.root.path().join("image.tar");
    layout.write(&path);
    path
}

async fn load(test: &TestStore, path: PathBuf) -> Result<Vec<LoadedImage>, String> {
    let source = LoadSource::Path(path);
    let loaded = test.store.load(source, &LoadOptions::default(), &NoProgress).await;
    loaded.map_err(|error| error.to_string())
}

/// A layout with one image, whose descriptor `list` lists.
fn one(change: impl FnOnce(&mut Value), list: impl FnOnce(&mut Layout, Descriptor)) -> Layout {
    let mut layout = Layout::default();
    let image = layout.image(&Platform::host().to_string(), change);
    list(&mut layout, image);
    layout
}

#[tokio::test]
async fn a_name_with_another_digest_than_the_image_has_is_refused() {
    let wrong = Digest::Sha256([0xaa; 32]);
    for key in [
        annotation::IMAGE_NAME,
        annotation::APPLE_IMAGE_NAME,
        annotation::REF_NAME,
    ] {
        for name in [
            format!("docker.io/library/a@{wrong}"),
            format!("docker.io/library/a:1@{wrong}"),
        ] {
            let test = TestStore::new();
            let layout = one(
                |_| {},
                |layout, mut image| {
                    image.annotations.insert(key.to_owned(), name.clone());
                    layout.listed.push(image);
                },
            );
            let error = load(&test, write(&test, layout)).await.unwrap_err();
            assert!(error.contains("the archive gives the name \"a"), "{error}");
            test.assert_untouched();
            let query = ImageQuery::from(name.as_str());
            assert!(matches!(
                test.store.find(&query),
                Err(CatalogError::NoDigest { .. } | CatalogError::NotFound { .. })
            ));
        }
    }
}

#[tokio::test]
async fn tags_of_docker_do_not_name_other_digests_either() {
    let (test, mut layout) = (TestStore::new(), Layout::default());
    let image = layout.image(&Platform::host().to_string(), |_| {});
    let manifest: Value =
        serde_json::from_slice(&layout.blobs[&format!("blobs/sha256/{}", image.digest.hex())]).unwrap();
    let config = manifest["config"]["digest"]
        .as_str()
        .unwrap()
        .replace("sha256:", "blobs/sha256/");
    let wrong = Digest::Sha256([0xaa; 32]);
    let tags = json!([{"Config": config, "RepoTags": [format!("a@{wrong}")], "Layers": []}]);
    layout
        .blobs
        .insert("manifest.json".to_owned(), tags.to_string().into_bytes());
    // As a layout whose image has no other name, and as an archive that is no layout.
    layout.listed.push(image);
    let path = write(&test, layout);
    let error = load(&test, path.clone()).await.unwrap_err();
    assert!(error.contains("the archive gives the name \"a@"), "{error}");
    let mut members = support::images::members(&path);
    members.retain(|(name, _)| name != "index.json");
    support::images::write_tar(&path, &members);
    let error = load(&test, path).await.unwrap_err();
    assert!(error.contains("the archive gives the name \"a@"), "{error}");
    test.assert_untouched();
}

#[tokio::test]
async fn a_true_digest_is_a_name_and_its_tag_a_remark() {
    let test = TestStore::new();
    let layout = one(
        |_| {},
        |layout, image| {
            let (digest, name) = (image.digest, "docker.io/library/a");
            layout.name(image.clone(), &format!("{name}:1@{digest}"));
            layout.name(image, &format!("{name}:1"));
        },
    );
    let digest = layout.listed[0].digest;
    load(&test, write(&test, layout)).await.unwrap();
    let names: Vec<String> = test
        .store
        .list()
        .unwrap()
        .iter()
        .map(|image| image.reference.familiar())
        .collect();
    assert_eq!(names, [format!("a@{digest}"), "a:1".to_owned()]);
    let found = test
        .store
        .find(&ImageQuery::from(format!("a:2@{digest}").as_str()))
        .unwrap();
    assert_eq!(found, reference(&format!("a@{digest}")));
    let wrong = reference(&format!("b@{}", Digest::Sha256([0xaa; 32])));
    let error = test.store.tag(&found, &wrong).unwrap_err();
    assert!(
        matches!(error, CatalogError::OtherDigest { actual, .. } if actual == digest),
        "{error}"
    );
}

#[tokio::test]
async fn a_part_of_an_index_does_not_go_out_under_the_digest_of_the_whole() {
    let (test, mut layout) = (TestStore::new(), Layout::default());
    let here = layout.image(&Platform::host().to_string(), |_| {});
    let other = layout.image("linux/s390x", |_| {});
    let root = layout.index(vec![here.clone(), other]);
    layout.name(root.clone(), &format!("docker.io/library/a@{}", root.digest));
    load(&test, write(&test, layout)).await.unwrap();
    let name = reference(&format!("a@{}", root.digest));
    let platform = PlatformChoice::Only(Platform::host());
    let path = test.root.path().join("part.tar");
    for (asked, loaded_as) in [
        (name.clone(), format!("a@{}", here.digest)),
        (reference(&format!("a:7@{}", root.digest)), "a:7".to_owned()),
    ] {
        let target = SaveTarget::Path(path.clone());
        let asked = [asked];
        let saved = test
            .store
            .save(&asked, &platform, SaveFormat::OciArchive, target, &NoProgress);
        saved.await.unwrap();
        let fresh = TestStore::new();
        assert_eq!(
            load(&fresh, path.clone()).await.unwrap()[0].reference,
            reference(&loaded_as)
        );
    }
}

#[tokio::test]
async fn an_image_that_does_not_say_what_it_runs_on_runs_here() {
    for untold in [
        json!({}),
        json!({"os": "", "architecture": ""}),
        json!({"os": null, "architecture": null}),
    ] {
        let test = TestStore::new();
        let change = |config: &mut Value| {
            let fields = config.as_object_mut().unwrap();
            fields.remove("os");
            fields.remove("architecture");
            fields.extend(untold.as_object().unwrap().clone());
        };
        let layout = one(change, |layout, mut image| {
            image.platform = None;
            // An index may leave it open as well.
            let root = layout.index(vec![image]);
            layout.name(root, "demo:1");
        });
        let loaded = load(&test, write(&test, layout)).await.unwrap();
        assert_eq!(loaded[0].platforms, [Platform::host()]);
        let name = reference("demo:1");
        let image = test.store.resolve(&name, &Platform::host(), MAX_DISKS).await.unwrap();
        assert_eq!(image.config.platform, Platform::host());
        assert_eq!(
            test.store.inspect(&name).unwrap().variants[0].platform,
            Platform::host()
        );
        test.store.history(&name, &Platform::host()).unwrap();
    }
}

#[tokio::test]
async fn what_is_empty_is_not_there() {
    let test = TestStore::new();
    let change = |config: &mut Value| {
        config["config"]["Entrypoint"] = json!([""]);
        config["created"] = json!("");
    };
    let layout = one(change, |layout, mut image| {
        for key in [annotation::IMAGE_NAME, annotation::REF_NAME] {
            image.annotations.insert(key.to_owned(), String::new());
        }
        layout.listed.push(image);
    });
    let digest = layout.listed[0].digest;
    load(&test, write(&test, layout)).await.unwrap();
    let image = &test.store.list().unwrap()[0];
    assert_eq!(image.reference, reference(&format!("untagged@{digest}")));
    let config = &image.variants[0].config;
    assert_eq!((&config.config.entrypoint, &config.created), (&Vec::new(), &None));
}

#[tokio::test]
async fn a_root_that_is_listed_without_a_media_type_is_what_it_says_itself() {
    let test = TestStore::new();
    let layout = one(
        |_| {},
        |layout, image| {
            let mut root = layout.index(vec![image]);
            root.media_type = "".into();
            layout.name(root, "demo:1");
        },
    );
    let loaded = load(&test, write(&test, layout)).await.unwrap();
    assert_eq!(loaded[0].descriptor.media_type.as_ref(), media_type::OCI_INDEX);
    let (name, platform) = (reference("demo:1"), Platform::host());
    test.store.resolve(&name, &platform, MAX_DISKS).await.unwrap();
}

#[tokio::test]
async fn history_is_that_of_the_image_that_would_run() {
    let (test, mut layout) = (TestStore::new(), Layout::default());
    let step = |text: &'static str, variant: Value| {
        move |config: &mut Value| {
            config["history"] = json!([{"created_by": text, "empty_layer": true}]);
            config["variant"] = variant;
        }
    };
    // The index says v2, the configurations say nothing of the kind, or something else.
    let plain = layout.image("linux/amd64", step("plain", json!(null)));
    let second = layout.image("linux/amd64/v2", step("second", json!("v3")));
    let root = layout.index(vec![plain, second]);
    layout.name(root, "demo:1");
    load(&test, write(&test, layout)).await.unwrap();
    let name = reference("demo:1");
    for (platform, text) in [
        ("linux/amd64", "plain"),
        ("linux/amd64/v2", "second"),
        ("linux/amd64/v3", "second"),
    ] {
        let platform = platform.parse().unwrap();
        let history = test.store.history(&name, &platform).unwrap();
        assert_eq!(history[0].created_by.as_deref(), Some(text), "{platform}");
        let image = test.store.resolve(&name, &platform, MAX_DISKS).await.unwrap();
        assert_eq!(
            image.config.history[0].created_by().as_deref(),
            Some(text),
            "{platform}"
        );
    }
}

#[tokio::test]
async fn members_are_found_under_every_spelling_of_their_names() {
    let test = TestStore::new();
    let layout = one(|_| {}, |layout, image| layout.name(image, "demo:1"));
    let members = support::images::members(&write(&test, layout));
    let config = members
        .iter()
        .find(|(_, bytes)| bytes.windows(6).any(|text| text == b"rootfs"))
        .unwrap();
    let path = test.root.path().join("docker.tar");
    for (member, named) in [
        ("./config.json", "config.json"),
        ("config.json", "./config.json"),
        ("a//config.json", "a/./config.json"),
        ("config.json", "a/../config.json"),
    ] {
        let list = json!([{"Config": named, "RepoTags": ["demo:1"], "Layers": []}]).to_string();
        let all = [
            (member.to_owned(), config.1.clone()),
            ("./manifest.json".to_owned(), list.into_bytes()),
        ];
        support::images::write_tar(&path, &all);
        let loaded = load(&test, path.clone()).await;
        assert_eq!(loaded.is_ok(), !named.contains(".."), "{member} {named}: {loaded:?}");
    }
}
