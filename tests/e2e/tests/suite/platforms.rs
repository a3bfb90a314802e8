//! Proves that one platform of an image, or all of them with their attestations, can be pulled, pushed and run.

use container_e2e::{Compression, Home, Layer, Layout, Registry, host_architecture, noise};
use serde_json::{Value, json};

/// An index with an image for this machine, two for others, and attestations about the first two.
struct Scene {
    home: Home,
    registry: Registry,
    name: String,
    index: Vec<u8>,
}

const OTHERS: [&str; 2] = ["s390x", "riscv64"];

impl Scene {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let mut layout = Layout::new(&scratch.path().join("layout"));
        let shared = || {
            (
                Layer::default().file("etc/shared", 0o644, &noise(1, 50_000)),
                Compression::Gzip,
            )
        };
        let mut manifests: Vec<Value> = [host_architecture(), OTHERS[0], OTHERS[1]]
            .into_iter()
            .map(|architecture| {
                let own = Layer::default().file("etc/architecture", 0o644, architecture.as_bytes());
                layout.image(architecture, vec![shared(), (own, Compression::Gzip)], &json!({}))
            })
            .collect();
        manifests.push(layout.attestation(&manifests[0]));
        let index = layout.index(&manifests);
        layout.name("latest", index);
        let registry = Registry::start();
        registry.push_from(&layout.reference("latest"), "many:1");
        Self {
            home: Home::empty(),
            name: registry.name("many:1"),
            index: registry.manifest("many:1"),
            registry,
        }
    }

    /// The digest of an architecture's manifest.
    fn manifest(&self, architecture: &str) -> String {
        let index: Value = serde_json::from_slice(&self.index).unwrap();
        let manifests = index["manifests"].as_array().unwrap();
        let found = manifests
            .iter()
            .find(|manifest| manifest["platform"]["architecture"] == architecture);
        found.unwrap()["digest"].as_str().unwrap().to_owned()
    }

    fn tag(&self, repository: &str) -> String {
        let target = self.registry.name(repository);
        self.home.run(["image", "tag", &self.name, &target]).success();
        target
    }
}

fn digest(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

#[test]
fn all_platforms_are_pulled_and_pushed_whole_attestations_included() {
    let scene = Scene::new();
    scene
        .home
        .run(["image", "pull", "--all-platforms", &scene.name])
        .success();
    scene.home.store().assert_valid();
    let target = scene.tag("copy:all");
    scene.home.run(["image", "push", "--all-platforms", &target]).success();
    assert_eq!(scene.registry.manifest("copy:all"), scene.index);
    // Without a flag, too, the whole index is pushed, because all of it is here.
    let target = scene.tag("copy:default");
    scene.home.run(["image", "push", &target]).success();
    assert_eq!(scene.registry.manifest("copy:default"), scene.index);
    // skopeo finds everything in the registry.
    let fetched = tempfile::tempdir().unwrap();
    let layout = format!("oci:{}:latest", fetched.path().join("layout").display());
    scene
        .registry
        .skopeo()
        .copy(&format!("docker://{}", scene.registry.name("copy:all")), &layout);
    // Attestations are no images: they are not listed as variants.
    let inspected = scene.home.run(["image", "inspect", &scene.name]).success().json();
    assert_eq!(inspected[0]["variants"].as_array().unwrap().len(), 3, "{inspected}");
}

#[test]
fn one_platform_is_pushed_as_a_plain_image() {
    let scene = Scene::new();
    scene.home.run(["image", "pull", &scene.name]).success();
    let target = scene.tag("copy:one");
    scene.home.run(["image", "push", &target]).success();
    let pushed = scene.registry.manifest("copy:one");
    assert_eq!(digest(&pushed), scene.manifest(host_architecture()));
    scene
        .home
        .run(["image", "push", "--all-platforms", &target])
        .failure(1, &[OTHERS[0]]);
}

#[test]
fn another_platform_can_be_asked_for() {
    let scene = Scene::new();
    let platform = format!("linux/{}", OTHERS[0]);
    scene
        .home
        .run(["image", "pull", "--platform", &platform, &scene.name])
        .success();
    let target = scene.tag("copy:other");
    scene
        .home
        .run(["image", "push", "--platform", &platform, &target])
        .success();
    let pushed = scene.registry.manifest("copy:other");
    assert_eq!(digest(&pushed), scene.manifest(OTHERS[0]));
    let missing = ["image", "push", "--platform", "linux/riscv64", &target];
    scene.home.run(missing).failure(1, &["riscv64"]);
}

#[test]
fn some_platforms_are_neither_one_nor_all() {
    let scene = Scene::new();
    for architecture in [host_architecture(), OTHERS[0]] {
        let platform = format!("linux/{architecture}");
        scene
            .home
            .run(["image", "pull", "--platform", &platform, &scene.name])
            .success();
    }
    let target = scene.tag("copy:some");
    scene
        .home
        .run(["image", "push", &target])
        .failure(1, &["--platform", "--all-platforms"]);
}

#[test]
fn a_platform_that_the_image_lacks_is_told_with_those_it_has() {
    let scene = Scene::new();
    scene
        .home
        .run(["image", "pull", "--platform", "linux/mips64le", &scene.name])
        .failure(1, &["linux/mips64le", "linux/s390x"]);
}
