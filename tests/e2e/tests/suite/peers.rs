//! Proves that images which skopeo pushed are pulled and pushed again unchanged, and that skopeo reads what we pushed.

use container_e2e::{Compression, Home, Image, Layer, Layout, Registry, host_architecture, noise};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// A layout with an image of three layers, each compressed in another way.
fn layout(scratch: &tempfile::TempDir) -> Layout {
    let mut layout = Layout::new(&scratch.path().join("layout"));
    let layer = |number: u64| Layer::default().file(&format!("file-{number}"), 0o644, &noise(number, 300_000));
    let layers = vec![
        (layer(1), Compression::Gzip),
        (layer(2), Compression::Zstd),
        (layer(3), Compression::None),
    ];
    let image = layout.image(host_architecture(), layers, &json!({"Cmd": ["/file-1"]}));
    layout.name("latest", image);
    layout
}

#[test]
fn what_skopeo_pushed_is_pulled_and_pushed_again_unchanged() {
    let scratch = tempfile::tempdir().unwrap();
    let home = Home::empty();
    let (from, to) = (Registry::start(), Registry::start());
    from.push_from(&layout(&scratch).reference("latest"), "there/tool:1");
    let manifest = from.manifest("there/tool:1");
    let source = from.name("there/tool:1");
    home.run(["image", "pull", &source]).success();
    assert_eq!(listed_digest(&home), digest(&manifest));

    // To another registry, to another repository of the same, and once more, when everything is there.
    let copies = [
        (&to, "here/tool:2"),
        (&from, "elsewhere/tool:2"),
        (&to, "here/tool:2"),
        (&to, "here/tool:latest"),
    ];
    for (registry, repository) in copies {
        let target = registry.name(repository);
        home.run(["image", "tag", &source, &target]).success();
        let outcome = home.run(["image", "push", &target]).success();
        assert!(outcome.text().contains(&target), "{outcome:?}");
        assert_eq!(registry.manifest(repository), manifest, "{repository}");
    }

    // skopeo verifies every digest of what it fetches.
    let fetched = format!("dir:{}", scratch.path().join("fetched").display());
    to.skopeo()
        .copy(&format!("docker://{}", to.name("here/tool:2")), &fetched);
    assert_eq!(to.skopeo().raw(&fetched), manifest);
    home.store().assert_valid();
}

fn listed_digest(home: &Home) -> String {
    let listed = home.run(["image", "list", "--format", "json"]).success().json();
    let mut found = Vec::new();
    find_digests(&listed, &mut found);
    found.first().cloned().unwrap_or_default()
}

/// The digest of the descriptor that a name points at, wherever in the output it is.
fn find_digests(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| match value.as_str() {
            Some(text) if key == "digest" => found.push(text.to_owned()),
            _ => find_digests(value, found),
        }),
        Value::Array(elements) => elements.iter().for_each(|element| find_digests(element, found)),
        _ => {}
    }
}

#[test]
fn a_loaded_image_is_pushed_as_it_was_in_the_archive() {
    let home = Home::empty();
    let registry = Registry::start();
    let (name, archive) = (registry.name("made/here:1"), home.file("image.tar"));
    Image::new(&name, Layer::default().file("data", 0o644, &noise(1, 100_000))).write(&archive);
    home.run(["image", "load", "-i", archive.to_str().unwrap()]).success();
    home.run(["image", "push", &name]).success();
    let manifest = registry.manifest("made/here:1");
    assert_eq!(listed_digest(&home), digest(&manifest));
    let other = Home::empty();
    other.run(["image", "pull", &name]).success();
    assert_eq!(listed_digest(&other), digest(&manifest));
}

#[test]
fn docker_manifests_keep_their_format() {
    let scratch = tempfile::tempdir().unwrap();
    let home = Home::empty();
    let registry = Registry::start();
    let layout = plain_layout(&scratch);
    registry.skopeo().copy_with(
        &["--format=v2s2"],
        &layout.reference("latest"),
        &format!("docker://{}", registry.name("docker:1")),
    );
    let manifest = registry.manifest("docker:1");
    let text = String::from_utf8_lossy(&manifest);
    assert!(
        text.contains("application/vnd.docker.distribution.manifest.v2+json"),
        "{text}"
    );
    let (source, target) = (registry.name("docker:1"), registry.name("docker:2"));
    home.run(["image", "pull", &source]).success();
    home.run(["image", "tag", &source, &target]).success();
    home.run(["image", "push", &target]).success();
    assert_eq!(registry.manifest("docker:2"), manifest);
}

fn plain_layout(scratch: &tempfile::TempDir) -> Layout {
    let mut layout = Layout::new(&scratch.path().join("plain"));
    let layer = Layer::default().file("data", 0o644, &noise(9, 100_000));
    let image = layout.image(host_architecture(), vec![(layer, Compression::Gzip)], &json!({}));
    layout.name("latest", image);
    layout
}

#[test]
fn pushing_what_is_not_here_says_so() {
    let home = Home::empty();
    let registry = Registry::start();
    let name = registry.name("no/such:1");
    home.run(["image", "push", &name]).failure(1, &["no/such:1"]);
}
