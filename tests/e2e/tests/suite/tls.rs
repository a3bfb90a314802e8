//! Proves that certificate authorities of the settings are trusted for registries with TLS, and that unknown ones are refused with advice.

use container_e2e::{Access, Home, Image, Layer, PASSWORD, Registry, USER, noise};

/// A registry with TLS and an image.
fn registry(password: bool) -> Registry {
    let registry = Registry::with(Access { password, tls: true });
    let scratch = tempfile::tempdir().unwrap();
    let archive = scratch.path().join("image.tar");
    Image::new(
        "localhost/data:1",
        Layer::default().file("data", 0o644, &noise(4, 50_000)),
    )
    .write(&archive);
    registry.push(&archive, "data:1");
    registry
}

/// Pulls and pushes. `https` has to be given, because registries on this machine are asked by plain http otherwise.
fn use_it(home: &Home, registry: &Registry) {
    let (name, target) = (registry.name("data:1"), registry.name("copy:1"));
    home.run(["image", "pull", "--scheme", "https", &name]).success();
    home.run(["image", "tag", &name, &target]).success();
    home.run(["image", "push", "--scheme", "https", &target]).success();
    assert_eq!(registry.manifest("copy:1"), registry.manifest("data:1"));
}

#[test]
fn an_authority_that_nobody_knows_is_refused_with_what_to_do() {
    let registry = registry(false);
    let home = Home::empty();
    home.run(["image", "pull", "--scheme", "https", &registry.name("data:1")])
        .failure(1, &["certificate", registry.address()]);
    assert!(home.run(["image", "ls", "-q"]).success().stdout.is_empty());
}

#[test]
fn an_authority_in_the_settings_is_trusted() {
    let registry = registry(false);
    let home = Home::empty();
    home.set_up(&format!("[registry]\nca-files = [{:?}]\n", registry.authority()));
    use_it(&home, &registry);
}

#[test]
fn an_authority_and_a_scheme_may_be_for_one_registry_only() {
    let (registry, other) = (registry(false), registry(false));
    let home = Home::empty();
    home.set_up(&format!(
        "[registry.hosts.{:?}]\nscheme = \"https\"\nca-files = [{:?}]\n",
        registry.address(),
        registry.authority()
    ));
    home.run(["image", "pull", &registry.name("data:1")]).success();
    home.run(["image", "pull", "--scheme", "https", &other.name("data:1")])
        .failure(1, &["certificate"]);
}

#[test]
fn tls_and_a_password_go_together() {
    let registry = registry(true);
    let home = Home::empty();
    home.set_up(&format!("[registry]\nca-files = [{:?}]\n", registry.authority()));
    let words = [
        "registry",
        "login",
        "--scheme",
        "https",
        "-u",
        USER,
        "--password-stdin",
        registry.address(),
    ];
    home.run_with_input(words, PASSWORD).success();
    use_it(&home, &registry);
}

#[test]
fn an_authority_that_cannot_be_read_is_named() {
    let registry = registry(false);
    let home = Home::empty();
    let file = home.file("no-such.pem");
    home.set_up(&format!("[registry]\nca-files = [{file:?}]\n"));
    home.run(["image", "pull", "--scheme", "https", &registry.name("data:1")])
        .failure(1, &[file.to_str().unwrap()]);
}

#[test]
fn plain_http_to_a_registry_with_tls_says_so() {
    let registry = registry(false);
    let home = Home::empty();
    home.run(["image", "pull", "--scheme", "http", &registry.name("data:1")])
        .failure(1, &[registry.address()]);
}
