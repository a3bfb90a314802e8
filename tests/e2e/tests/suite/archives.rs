//! Proves that images in archives are exchanged with skopeo in every format and in both directions, byte for byte, and that an archive
//! that cannot be finished does not appear.

use std::fs;
use std::path::{Path, PathBuf};

use container_e2e::{Access, Compression, Home, Layer, Layout, Outcome, Skopeo, Started, host_architecture, noise};
use serde_json::{Value, json};

/// A layout with two images that share a layer; their own layers are compressed in this way.
fn layout(scratch: &Path, own_compression: Compression) -> Layout {
    let mut layout = Layout::new(&scratch.join("layout"));
    for name in ["one", "two"] {
        let shared = Layer::default().file("shared", 0o644, &noise(1, 200_000));
        let own = Layer::default().file(name, 0o644, name.as_bytes());
        let layers = vec![(shared, Compression::Gzip), (own, own_compression)];
        let image = layout.image(host_architecture(), layers, &json!({"Cmd": [format!("/{name}")]}));
        layout.name(&format!("example.com/{name}:1"), image);
    }
    layout
}

fn skopeo(scratch: &Path) -> Skopeo<'_> {
    Skopeo::new(scratch, Access::default())
}

/// A home with both images of [`layout`], which it loads as a directory.
fn filled_home(scratch: &Path) -> Home {
    let home = Home::empty();
    let layout = layout(scratch, Compression::Zstd);
    let loaded = home
        .run(["image", "load", "-i", layout.path().to_str().unwrap()])
        .success();
    assert_eq!(names(&loaded), ["example.com/one:1", "example.com/two:1"]);
    home
}

fn names(outcome: &Outcome) -> Vec<String> {
    let mut names: Vec<String> = outcome.text().lines().map(str::to_owned).collect();
    names.sort();
    names
}

/// Unpacks a tar archive: skopeo insists on the owners in an OCI archive, which an ordinary user cannot set.
fn unpacked(archive: &Path, scratch: &Path) -> PathBuf {
    let directory = tempfile::tempdir_in(scratch).unwrap().keep();
    let mut archive = tar::Archive::new(fs::File::open(archive).unwrap());
    archive.unpack(&directory).unwrap();
    directory
}

/// The manifest behind a name, from the index of a layout.
fn manifest(layout: &Path, name: &str) -> Vec<u8> {
    let index: Value = serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
    let is_named = |descriptor: &&Value| {
        let annotations = &descriptor["annotations"];
        annotations["org.opencontainers.image.ref.name"] == name || annotations["io.containerd.image.name"] == name
    };
    let manifests = index["manifests"].as_array().unwrap();
    let descriptor = manifests
        .iter()
        .find(is_named)
        .unwrap_or_else(|| panic!("no {name} in {index}"));
    let digest = descriptor["digest"].as_str().unwrap().replace(':', "/");
    fs::read(layout.join("blobs").join(digest)).unwrap()
}

#[test]
fn an_oci_archive_of_several_images_keeps_every_byte() {
    let scratch = tempfile::tempdir().unwrap();
    let home = filled_home(scratch.path());
    let archive = home.file("saved.tar");
    let saved = home
        .run([
            "image",
            "save",
            "-o",
            archive.to_str().unwrap(),
            "example.com/one:1",
            "example.com/two:1",
        ])
        .success();
    assert_eq!(names(&saved), ["example.com/one:1", "example.com/two:1"]);
    let saved = unpacked(&archive, scratch.path());
    for name in ["example.com/one:1", "example.com/two:1"] {
        let original = manifest(&scratch.path().join("layout"), name);
        assert_eq!(manifest(&saved, name), original, "{name}");
    }
    // And it comes in again as it went out.
    let other = Home::empty();
    let loaded = other.run(["image", "load", "-i", archive.to_str().unwrap()]).success();
    assert_eq!(names(&loaded), ["example.com/one:1", "example.com/two:1"]);
    other.store().assert_valid();
    other.store().assert_tidy();
}

#[test]
fn skopeo_reads_an_oci_directory_that_we_wrote() {
    let scratch = tempfile::tempdir().unwrap();
    let home = filled_home(scratch.path());
    let directory = home.file("saved");
    home.run([
        "image",
        "save",
        "--format",
        "oci-dir",
        "-o",
        directory.to_str().unwrap(),
        "example.com/one:1",
    ])
    .success();
    let copy = format!("dir:{}", scratch.path().join("copy").display());
    skopeo(scratch.path()).copy(&format!("oci:{}", directory.display()), &copy);
    assert_eq!(
        skopeo(scratch.path()).raw(&copy),
        manifest(&scratch.path().join("layout"), "example.com/one:1")
    );
}

#[test]
fn docker_archives_are_exchanged_in_both_directions() {
    let scratch = tempfile::tempdir().unwrap();
    let home = filled_home(scratch.path());
    let archive = home.file("docker.tar");
    home.run([
        "image",
        "save",
        "--format",
        "docker-archive",
        "-o",
        archive.to_str().unwrap(),
        "example.com/one:1",
        "example.com/two:1",
    ])
    .success();
    // To skopeo, image by image.
    for name in ["one", "two"] {
        let image = format!("docker-archive:{}:example.com/{name}:1", archive.display());
        let directory = scratch.path().join(format!("from-ours-{name}"));
        skopeo(scratch.path()).copy(&image, &format!("dir:{}", directory.display()));
        let command = &config_of(&directory)["config"]["Cmd"];
        assert_eq!(command, &json!([format!("/{name}")]));
    }
    // From skopeo, which has no zstd in this format.
    let theirs = scratch.path().join("theirs.tar");
    let source = layout(&scratch.path().join("again"), Compression::Gzip).reference("example.com/two:1");
    skopeo(scratch.path()).copy_with(
        &[],
        &source,
        &format!("docker-archive:{}:example.com/two:from-skopeo", theirs.display()),
    );
    let other = Home::empty();
    for (archive, expected) in [
        (&theirs, vec!["example.com/two:from-skopeo"]),
        (&archive, vec!["example.com/one:1", "example.com/two:1"]),
    ] {
        let loaded = other.run(["image", "load", "-i", archive.to_str().unwrap()]).success();
        assert_eq!(names(&loaded), expected);
    }
    other.store().assert_valid();
    other.store().assert_tidy();
}

/// The configuration of an image in skopeo's `dir` format, where blobs are files named by their digests.
fn config_of(directory: &Path) -> Value {
    let read = |name: &str| serde_json::from_slice::<Value>(&fs::read(directory.join(name)).unwrap()).unwrap();
    let manifest = read("manifest.json");
    let digest = manifest["config"]["digest"].as_str().unwrap();
    read(digest.trim_start_matches("sha256:"))
}

#[test]
fn archives_go_through_pipes() {
    let scratch = tempfile::tempdir().unwrap();
    let home = filled_home(scratch.path());
    for format in ["oci-archive", "docker-archive"] {
        let command = home.command(["image", "save", "--format", format, "example.com/one:1"]);
        let saved = Started::spawn(command, None).wait().success();
        assert!(saved.stderr.contains("example.com/one:1"), "{}", saved.stderr);
        let other = Home::empty();
        let loaded = other.run_with_input(["image", "load"], saved.stdout).success();
        assert_eq!(names(&loaded), ["example.com/one:1"], "{format}");
        other.store().assert_valid();
    }
}

#[test]
fn an_archive_that_cannot_be_finished_does_not_appear() {
    let scratch = tempfile::tempdir().unwrap();
    let home = filled_home(scratch.path());
    let archive = home.file("saved.tar");
    home.run([
        "image",
        "save",
        "-o",
        archive.to_str().unwrap(),
        "example.com/one:1",
        "example.com/none:1",
    ])
    .failure(1, &["example.com/none:1"]);
    assert!(!archive.exists());
}
