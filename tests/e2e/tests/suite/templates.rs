//! Templates as users see them: how they are turned off, counted and removed.

use container_e2e::{BUSYBOX, Home};
use serde_json::Value;

fn record(home: &Home, name: &str) -> Value {
    let path = home.app_root().join("containers").join(name).join("config.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_container_that_always_boots_says_so_on_record() {
    let home = Home::new();
    home.run(["create", "--name", "cold", "--cold", BUSYBOX, "true"])
        .success();
    home.run(["create", "--name", "usual", BUSYBOX, "true"]).success();
    assert_eq!(record(&home, "cold")["options"]["cold"], true);
    assert_eq!(record(&home, "usual")["options"]["cold"], Value::Null);
    home.run(["start", "--attach", "cold"]).success();
}

#[test]
fn a_misspelt_word_about_templates_is_refused() {
    let home = Home::new().with("CONTAINER_TEMPLATES", "ON");
    let expected = "CONTAINER_TEMPLATES=ON: off, on or force is expected";
    home.run(["run", "--rm", BUSYBOX, "true"]).failure(125, &[expected]);
    let home = home.with("CONTAINER_TEMPLATES", "off");
    home.run(["run", "--rm", BUSYBOX, "true"]).success();
    home.set_up("[templates]\nmax-size = \"1m\"");
    home.run(["run", "--rm", BUSYBOX, "true"]).failure(
        125,
        &[
            "templates.max-size",
            "line 2",
            "1mb is too little: at least 256mb is needed",
        ],
    );
}

#[test]
fn unreadable_settings_stand_in_the_way_of_no_start() {
    let home = Home::new();
    home.run(["create", "--name", "made", BUSYBOX, "true"]).success();
    home.set_up("[templates]\nenabled = 1");
    home.run(["start", "--attach", "made"]).success();
}

#[test]
fn templates_are_counted_and_what_is_no_template_goes_with_the_next_prune() {
    let home = Home::new();
    let json = home.run(["system", "df", "--format", "json"]).success().json();
    for key in ["total", "active", "sizeInBytes", "reclaimable"] {
        assert!(json["templates"][key].is_u64(), "{json}");
    }
    let table = home.run(["system", "df"]).success().text();
    assert!(
        table.lines().nth(4).is_some_and(|line| line.starts_with("Templates ")),
        "{table}"
    );
    // What is left of one whose files are gone.
    let directory = home.app_root().join("templates").join("ab".repeat(32));
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("memory"), [1; 100_000]).unwrap();
    let verbose = home.run(["system", "df", "-v"]).success().text();
    assert!(verbose.contains("abababababab  <none>"), "{verbose}");
    home.run(["image", "prune"]).success();
    assert!(!directory.exists());
}
