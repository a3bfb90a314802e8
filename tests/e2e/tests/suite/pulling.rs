//! Proves that images are pulled from a real registry on the loopback interface, on demand and once for several commands.

use std::path::{Path, PathBuf};

use container_e2e::{Home, Image, Layer, Registry};

fn archive(home: &Home) -> PathBuf {
    let path = home.file("image.tar");
    let layer = Layer::default()
        .directory("bin", 0o755)
        .file("bin/busybox", 0o755, &std::fs::read(busybox()).unwrap())
        .link("bin/sh", "busybox");
    Image::new("localhost/pulled:1", layer).write(&path);
    path
}

fn busybox() -> &'static str {
    if Path::new("/bin/busybox").exists() {
        "/bin/busybox"
    } else {
        "/usr/bin/busybox"
    }
}

#[test]
fn run_pulls_what_is_not_here() {
    let home = Home::empty();
    let registry = Registry::start();
    registry.push(&archive(&home), "team/tool:1");
    let name = registry.name("team/tool:1");
    let outcome = home
        .run(["run", "--rm", &name, "/bin/sh", "-c", "echo pulled"])
        .success();
    assert_eq!(outcome.text(), "pulled");
    assert!(outcome.stderr.contains("pulling"), "{}", outcome.stderr);
    let again = home
        .run(["run", "--rm", &name, "/bin/sh", "-c", "echo again"])
        .success();
    assert_eq!((again.text().as_str(), again.stderr.as_str()), ("again", ""));
}

#[test]
fn a_pull_prints_the_name_and_shows_progress_on_standard_error() {
    let home = Home::empty();
    let registry = Registry::start();
    registry.push(&archive(&home), "tool:1");
    let name = registry.name("tool:1");
    let outcome = home.run(["image", "pull", "--progress", "plain", &name]).success();
    assert_eq!(outcome.text(), name);
    assert!(outcome.stderr.contains("layer "), "{}", outcome.stderr);
    assert_eq!(
        home.run(["image", "pull", "--progress", "none", &name])
            .success()
            .stderr,
        ""
    );
}

#[test]
fn a_tag_that_does_not_exist_is_named() {
    let home = Home::empty();
    let registry = Registry::start();
    let name = registry.name("no/such:tag");
    home.run(["image", "pull", &name]).failure(1, &["no/such:tag"]);
    home.run(["run", "--rm", &name, "true"]).failure(125, &["no/such:tag"]);
    assert!(home.run(["image", "ls", "-q"]).success().stdout.is_empty());
}

#[test]
fn a_layer_damaged_in_the_registry_is_refused() {
    let home = Home::empty();
    let registry = Registry::start();
    registry.push(&archive(&home), "damaged:1");
    registry.damage_blobs(100_000);
    let name = registry.name("damaged:1");
    home.run(["image", "pull", &name]).failure(1, &["sha256:"]);
    assert!(home.run(["image", "ls", "-q"]).success().stdout.is_empty());
}

#[test]
fn two_pulls_of_the_same_image_share_the_work() {
    let home = Home::empty();
    let registry = Registry::start();
    registry.push(&archive(&home), "tool:1");
    let name = registry.name("tool:1");
    let started: Vec<_> = (0..4).map(|_| home.spawn(["image", "pull", &name])).collect();
    for started in started {
        started.wait().success();
    }
    assert_eq!(home.run(["image", "ls", "-q"]).success().text(), name);
}
