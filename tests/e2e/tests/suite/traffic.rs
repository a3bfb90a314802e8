//! Proves that pulls, runs, deletions and garbage collections at once in one store do not harm each other.

use container_e2e::{
    Compression, Home, Layer, Layout, Outcome, Registry, Started, busybox_layer, host_architecture, noise,
};
use serde_json::json;

/// Rounds, unless `E2E_ROUNDS` says otherwise.
const ROUNDS: u64 = 10;

/// A registry with `left` and `right`, which share a layer with each other and with `tool`, which has programs.
fn registry() -> Registry {
    let registry = Registry::start();
    let scratch = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(&scratch.path().join("layout"));
    for (number, name) in ["tool", "left", "right"].into_iter().enumerate() {
        let own = Layer::default().file(name, 0o644, &noise(number as u64, 1 << 20));
        let layers = vec![(busybox_layer(), Compression::Gzip), (own, Compression::Gzip)];
        let config = json!({ "Env": ["PATH=/bin"], "Cmd": ["sh"] });
        let image = layout.image(host_architecture(), layers, &config);
        layout.name(name, image);
        registry.push_from(&layout.reference(name), &format!("{name}:1"));
    }
    registry
}

fn rounds() -> u64 {
    let rounds = std::env::var("E2E_ROUNDS").ok();
    rounds.and_then(|text| text.parse().ok()).unwrap_or(ROUNDS)
}

#[test]
fn two_pulls_a_prune_and_a_run_do_not_harm_each_other() {
    let registry = registry();
    let [tool, left, right] = ["tool:1", "left:1", "right:1"].map(|name| registry.name(name));
    let home = Home::empty();
    for round in 0..rounds() {
        // Every second prune takes all images that no container has, also those that the others are just pulling.
        let prune: &[&str] = if round % 2 == 0 {
            &["image", "prune"]
        } else {
            &["image", "prune", "--all"]
        };
        let said = round.to_string();
        let started: [Started; 4] = [
            home.spawn(["image", "pull", "--progress", "none", &left]),
            home.spawn(["run", "--rm", "--progress", "none", &tool, "echo", &said]),
            home.spawn(["image", "pull", "--progress", "none", &right]),
            home.spawn(prune),
        ];
        let [_, run, ..] = started.map(|command| Outcome::success(command.wait()));
        assert_eq!(run.text(), said);
        home.store().assert_valid();
        if round % 2 == 0 {
            // The next prune then has images to remove while they are fetched again.
            home.run(["image", "rm", "--force", &left, &right]).success();
        }
    }
    home.run(["image", "prune"]).success();
    home.store().assert_tidy();
    home.run(["image", "prune", "--all"]).success();
    home.store().assert_tidy();
    assert!(home.store().disks().is_empty());
}

#[test]
fn a_prune_spares_what_a_container_has() {
    let registry = registry();
    let home = Home::empty();
    let [tool, left] = ["tool:1", "left:1"].map(|name| registry.name(name));
    home.run(["image", "pull", &left]).success();
    home.run(["create", "--name", "kept", &tool, "echo", "still here"])
        .success();
    home.run(["image", "prune", "--all"]).success();
    assert_eq!(home.run(["image", "ls", "-q"]).success().text(), tool);
    home.store().assert_tidy();
    assert_eq!(home.run(["start", "-a", "kept"]).success().text(), "still here");
    home.run(["image", "rm", &tool])
        .failure(1, &["used by container kept", "--force"]);
    home.run(["rm", "kept"]).success();
    home.run(["image", "rm", &tool]).success();
    home.run(["image", "prune"]).success();
    assert!(home.store().disks().is_empty());
}

#[test]
fn a_name_that_moves_leaves_an_image_that_a_prune_takes() {
    let registry = registry();
    let home = Home::empty();
    let [left, right, moving] = ["left:1", "right:1", "moving:1"].map(|name| registry.name(name));
    for name in [&left, &right] {
        home.run(["image", "pull", name]).success();
        home.run(["image", "tag", name, &moving]).success();
        home.run(["image", "rm", name]).success();
    }
    home.run(["image", "prune"]).success();
    assert_eq!(home.run(["image", "ls", "-q"]).success().text(), moving);
    home.store().assert_valid();
    home.store().assert_tidy();
    assert_eq!(home.store().disks().len(), 2);
}
