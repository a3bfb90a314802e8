//! Proves what the command line does without a machine: help, usage errors, messages, formats, completion scripts.

use container_e2e::{BUSYBOX, Home};

#[test]
fn help_is_a_result_and_a_wrong_flag_is_not() {
    let home = Home::empty();
    assert!(home.run(["--help"]).success().text().contains("Usage: container"));
    assert!(
        home.run(["help", "image", "pull"])
            .success()
            .text()
            .contains("registry")
    );
    assert!(
        home.run(["--version"])
            .success()
            .text()
            .starts_with("container CLI version ")
    );
    let outcome = home.run(["run", "--nonsense", BUSYBOX]).with_code(64);
    assert!(outcome.stdout.is_empty() && outcome.stderr.contains("--nonsense"));
    home.run(["nonsense"]).with_code(64);
    home.run(Vec::<&str>::new()).with_code(64);
}

#[test]
fn contradictions_are_usage_errors() {
    let home = Home::empty();
    home.run(["run", "--ulimit", "nofile=1", "--ulimit", "nofile=2", BUSYBOX])
        .failure(64, &["nofile", "twice"]);
    for (flags, reason) in [
        (&["--network", "none", "--network", "web"][..], "cannot be combined"),
        (&["--no-dns", "--dns", "10.0.0.1"], "--no-dns"),
        (&["-p", "8000-8001:80"], "2 ports of the host"),
        (&["-p", "8000:80", "-p", "8000:81"], "overlap"),
        (&["-p", "8000:80", "--network", "none"], "without a network"),
    ] {
        let words = ["run"].iter().chain(flags).chain(&[BUSYBOX, "true"]);
        home.run(words).failure(64, &[reason]);
    }
    home.run(["stop"]).failure(64, &["--all"]);
    home.run(["stop", "--all", "web"]).failure(64, &["--all"]);
    home.run(["run", "not an image"]).failure(64, &["not an image"]);
    home.run(["run", "--name", "-x", BUSYBOX]).with_code(64);
    home.run(["kill", "--signal", "NONSENSE", "web"]).with_code(64);
}

#[test]
fn networks_are_made_shown_and_deleted() {
    let home = Home::empty();
    let made = home.run([
        "network",
        "create",
        "--subnet",
        "10.231.7.9/24",
        "--label",
        "a=b",
        "web",
    ]);
    assert_eq!(made.success().text(), "web");
    home.run(["network", "create", "--subnet", "10.231.0.0/16", "other"])
        .failure(1, &["overlaps 10.231.7.0/24 of network web"]);
    home.run(["network", "create", "none"]).with_code(64);
    let shown = home.run(["network", "inspect", "web"]).success().json();
    assert_eq!(shown[0]["status"]["ipv4Gateway"], "10.231.7.1");
    assert_eq!(shown[0]["configuration"]["mode"], "nat");
    assert_eq!(home.run(["network", "ls", "-q"]).success().text(), "default\nweb");
    home.run(["network", "inspect", "wed"])
        .failure(1, &["did you mean web?"]);
    home.run(["network", "delete", "default"])
        .failure(1, &["cannot be deleted"]);
    assert_eq!(home.run(["network", "prune"]).success().text(), "web");
    home.run(["run", "--network", "web", BUSYBOX, "true"])
        .failure(125, &["\"web\" not found"]);
}

#[test]
fn several_operands_are_all_tried() {
    let home = Home::empty();
    let outcome = home.run(["delete", "first", "second"]).with_code(1);
    assert!(
        outcome.stderr.contains("first") && outcome.stderr.contains("second"),
        "{}",
        outcome.stderr
    );
    assert_eq!(outcome.stderr.lines().count(), 2);
}

#[test]
fn what_is_missing_is_named_and_not_found() {
    let home = Home::empty();
    for verb in [
        "stop", "start", "kill", "delete", "inspect", "logs", "wait", "restart", "pause", "unpause", "attach", "top",
        "stats",
    ] {
        home.run([verb, "ghost"]).failure(1, &["container \"ghost\" not found"]);
        home.run([verb, ""]).failure(1, &["container \"\" not found"]);
    }
    home.run(["exec", "ghost", "true"])
        .failure(125, &["\"ghost\" not found"]);
    home.run(["image", "load", "-i", "/ghost.tar"])
        .failure(1, &["/ghost.tar: file or directory not found"]);
    for verb in ["inspect", "delete", "save"] {
        home.run(["image", verb, "ghost:1"])
            .failure(1, &["\"ghost:1\" not found"]);
    }
}

#[test]
fn every_message_begins_alike_and_none_is_drowned() {
    let home = Home::empty();
    for words in [&["run", "--nonsense"][..], &["nonsense"], &["stop"], &["stop", "ghost"]] {
        let outcome = home.run(words);
        assert!(outcome.stderr.starts_with("Error: "), "{}", outcome.stderr);
        assert_eq!(outcome.stderr.to_lowercase().matches("error:").count(), 1);
    }
    let path = format!("/{}", "x".repeat(4096));
    let outcome = home.run(["create", "--env-file", &path, BUSYBOX]);
    assert!(
        outcome.stderr.starts_with("Error: ") && outcome.stderr.len() < 1000,
        "{}",
        outcome.stderr
    );
    let outcome = home.run(["stop", "\u{1b}[2J\u{202e}ghost"]);
    assert!(!outcome.stderr.contains(['\u{1b}', '\u{202e}']), "{:?}", outcome.stderr);
}

#[test]
fn empty_lists_have_a_header_and_nothing_when_quiet() {
    let home = Home::empty();
    let table = home.run(["list"]).success();
    assert_eq!(table.text(), "ID  IMAGE  OS  ARCH  STATE  IP  CPUS  MEMORY  STARTED");
    assert!(home.run(["list", "--quiet"]).success().stdout.is_empty());
    assert_eq!(home.run(["list", "--format", "json"]).success().stdout, b"[]\n");
    assert_eq!(home.run(["list", "--format", "yaml"]).success().stdout, b"[]\n");
    assert_eq!(home.run(["list", "--format", "toml"]).success().stdout, b"items = []\n");
    assert_eq!(home.run(["image", "ls"]).success().text(), "NAME  TAG  DIGEST");
}

#[test]
fn completion_scripts_are_there() {
    let home = Home::empty();
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            home.run(["--generate-completion-script", shell])
                .success()
                .text()
                .contains("container")
        );
    }
}

#[test]
fn the_system_tells_its_accelerator_and_where_its_state_is() {
    let home = Home::empty();
    let status = home.run(["system", "status", "--format", "json"]).success().json();
    assert_eq!(status["appRoot"], home.app_root().to_str().unwrap());
    assert!(
        ["kvm", "hvf", "tcg", "virtualization-framework"].contains(&status["accelerator"].as_str().unwrap()),
        "{status}"
    );
    assert!(home.run(["system", "status"]).success().text().starts_with("FIELD"));
    assert!(home.run(["s", "version"]).success().text().starts_with("COMPONENT"));
}
