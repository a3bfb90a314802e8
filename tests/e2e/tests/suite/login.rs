//! Proves that registries with a password take credentials of logins, the environment and Docker's files, and that wrong ones are named.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use container_e2e::{Access, Home, Image, Layer, Outcome, PASSWORD, Registry, USER, noise};
use serde_json::json;

/// A protected registry with an image.
struct Scene {
    registry: Registry,
    name: String,
}

impl Scene {
    fn new() -> Self {
        let registry = Registry::with(Access {
            password: true,
            tls: false,
        });
        let scratch = tempfile::tempdir().unwrap();
        let archive = scratch.path().join("image.tar");
        Image::new(
            "localhost/secret:1",
            Layer::default().file("data", 0o644, &noise(3, 50_000)),
        )
        .write(&archive);
        registry.push(&archive, "secret:1");
        let name = registry.name("secret:1");
        Self { registry, name }
    }

    fn log_in(&self, home: &Home, password: &str) -> Outcome {
        let words = [
            "registry",
            "login",
            "-u",
            USER,
            "--password-stdin",
            self.registry.address(),
        ];
        home.run_with_input(words, format!("{password}\n"))
    }

    /// Pulls, pushes under another name, and checks that the password is nowhere to be read.
    fn use_it(&self, home: &Home) {
        let pulled = home.run(["image", "pull", &self.name]).success();
        let target = self.registry.name("copy:1");
        home.run(["image", "tag", &self.name, &target]).success();
        let pushed = home.run(["image", "push", &target]).success();
        assert_eq!(self.registry.manifest("copy:1"), self.registry.manifest("secret:1"));
        for outcome in [pulled, pushed] {
            assert_silent(&outcome);
        }
    }
}

fn assert_silent(outcome: &Outcome) {
    assert!(
        !outcome.stderr.contains(PASSWORD) && !outcome.text().contains(PASSWORD),
        "{outcome:?}"
    );
}

#[test]
fn a_login_opens_the_registry_until_the_logout() {
    let scene = Scene::new();
    let home = Home::empty();
    home.run(["image", "pull", &scene.name])
        .failure(1, &["registry login", scene.registry.address()]);
    assert_silent(&scene.log_in(&home, PASSWORD).success());
    let listed = home.run(["registry", "list"]).success().text();
    assert!(
        listed.contains(scene.registry.address()) && listed.contains(USER),
        "{listed}"
    );
    assert_eq!(
        home.run(["registry", "list", "-q"]).success().text(),
        scene.registry.address()
    );
    scene.use_it(&home);
    assert_private(&home);
    home.run(["registry", "logout", scene.registry.address()]).success();
    assert!(home.run(["registry", "list", "-q"]).success().stdout.is_empty());
    home.run(["image", "rm", "--force", &scene.name]).success();
    home.run(["image", "pull", &scene.name]).failure(1, &["registry login"]);
}

/// Checks that files with the password are readable by their owner only.
fn assert_private(home: &Home) {
    for entry in fs::read_dir(home.app_root()).unwrap().flatten() {
        let bytes = fs::read(entry.path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        if text.contains(USER) {
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", entry.path().display());
        }
    }
}

#[test]
fn a_wrong_password_is_not_kept() {
    let scene = Scene::new();
    let home = Home::empty();
    let outcome = scene.log_in(&home, "letmein");
    assert!(!outcome.stderr.contains("letmein"), "{}", outcome.stderr);
    outcome.failure(1, &[USER, scene.registry.address()]);
    assert!(home.run(["registry", "list", "-q"]).success().stdout.is_empty());
}

#[test]
fn a_wrong_password_in_the_environment_is_told() {
    let scene = Scene::new();
    let home = Home::empty()
        .with("CONTAINER_REGISTRY_HOST", scene.registry.address())
        .with("CONTAINER_REGISTRY_USER", USER)
        .with("CONTAINER_REGISTRY_TOKEN", "letmein");
    let outcome = home.run(["image", "pull", &scene.name]);
    assert!(!outcome.stderr.contains("letmein"), "{}", outcome.stderr);
    outcome.failure(1, &[USER, scene.registry.address()]);
}

#[test]
fn the_environment_may_have_the_password() {
    let scene = Scene::new();
    let home = Home::empty()
        .with("CONTAINER_REGISTRY_HOST", scene.registry.address())
        .with("CONTAINER_REGISTRY_USER", USER)
        .with("CONTAINER_REGISTRY_TOKEN", PASSWORD);
    scene.use_it(&home);
    assert!(home.run(["registry", "list", "-q"]).success().stdout.is_empty());
}

#[test]
fn a_password_for_another_registry_stays_where_it_is() {
    let scene = Scene::new();
    let home = Home::empty()
        .with("CONTAINER_REGISTRY_HOST", "registry.example")
        .with("CONTAINER_REGISTRY_USER", USER)
        .with("CONTAINER_REGISTRY_TOKEN", PASSWORD);
    home.run(["image", "pull", &scene.name]).failure(1, &["registry login"]);
}

#[test]
fn what_docker_knows_is_used() {
    let scene = Scene::new();
    let home = Home::empty();
    fs::create_dir(home.docker_directory()).unwrap();
    let auth = base64(format!("{USER}:{PASSWORD}").as_bytes());
    let file = json!({ "auths": { (scene.registry.address()): { "auth": auth } } });
    fs::write(home.docker_directory().join("config.json"), file.to_string()).unwrap();
    scene.use_it(&home);
}

#[test]
fn dockers_credential_helpers_are_asked() {
    let scene = Scene::new();
    let home = Home::empty();
    let programs = home.file("programs");
    for directory in [home.docker_directory(), programs.clone()] {
        fs::create_dir(directory).unwrap();
    }
    let answer = json!({ "ServerURL": scene.registry.address(), "Username": USER, "Secret": PASSWORD });
    let helper = programs.join("docker-credential-e2e");
    let words = format!(
        "#!/bin/sh\n[ \"$1\" = get ] || exit 1\nread -r asked\nprintf '%s' \"$asked\" >'{}'\ncat <<'END'\n{answer}\nEND\n",
        home.file("asked").display()
    );
    fs::write(&helper, words).unwrap();
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    let file = json!({ "credHelpers": { (scene.registry.address()): "e2e" } });
    fs::write(home.docker_directory().join("config.json"), file.to_string()).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let home = home.with("PATH", path);
    scene.use_it(&home);
    assert_eq!(
        fs::read_to_string(home.file("asked")).unwrap(),
        scene.registry.address()
    );
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut bits = [0; 4];
        bits[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(bits);
        for digit in 0..4 {
            let value = usize::try_from(bits >> (18 - 6 * digit) & 63).unwrap();
            text.push(if digit <= group.len() {
                char::from(ALPHABET[value])
            } else {
                '='
            });
        }
    }
    text
}
