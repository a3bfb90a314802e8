//! Proves what `doctor` says of a host where containers run, and of one where something is missing.

use container_e2e::Home;
use serde_json::Value;

/// What was found, by the name of the check.
fn finding<'a>(findings: &'a Value, check: &str) -> &'a Value {
    let all = findings.as_array().expect("a list");
    let found = all.iter().find(|finding| finding["check"] == check);
    found.unwrap_or_else(|| panic!("no {check:?} in {findings}"))
}

#[test]
fn where_containers_run_only_emulation_is_to_be_mended() {
    let home = Home::new().with("CONTAINER_ACCEL", "tcg");
    let findings = home.run(["doctor", "--format", "json"]).success().json();
    for check in [
        "settings",
        "state",
        "space",
        "sockets",
        "guest",
        "hypervisor",
        "kernel",
        "containers",
        "clock",
        "open files",
    ] {
        let verdict = &finding(&findings, check)["verdict"];
        // A machine that is nearly full or gives few open files runs containers all the same.
        let is_fine = verdict == "good" || (verdict == "poor" && ["space", "open files"].contains(&check));
        assert!(is_fine, "{findings}");
    }
    let backend = finding(&findings, "hypervisor")["detail"].as_str().unwrap_or_default();
    let accelerator = finding(&findings, "accelerator");
    if backend.starts_with("QEMU") {
        assert_eq!(accelerator["verdict"], "poor");
        let remedy = accelerator["remedy"].as_str().unwrap_or_default();
        assert!(
            remedy.contains("unset CONTAINER_ACCEL") || remedy.contains("use an image for"),
            "{findings}"
        );
    }
    let table = home.run(["doctor"]).success();
    assert!(table.text().starts_with("CHECK "), "{table:?}");
    let checks = home.run(["doctor", "--format", "{{.Check}}={{.Verdict}}"]).success();
    assert!(checks.text().lines().any(|line| line == "settings=good"), "{checks:?}");
    home.assert_quiet();
}

#[test]
fn what_keeps_containers_from_running_is_told_with_the_way_out() {
    let home = Home::new();
    let empty = home.file("empty");
    std::fs::create_dir(&empty).expect("a directory");
    let home = home.with("CONTAINER_INSTALL_ROOT", &empty);
    home.set_up("[container]\ncpus = \"many\"\n");
    let outcome = home.run(["doctor", "--format", "json"]).with_code(1);
    let findings = outcome.json();
    for (check, text) in [
        ("settings", "cpus"),
        ("guest", "No such file"),
        ("kernel", "No such file"),
    ] {
        let finding = finding(&findings, check);
        assert_eq!(finding["verdict"], "bad", "{findings}");
        assert!(
            finding["detail"].as_str().unwrap_or_default().contains(text),
            "{findings}"
        );
    }
    let remedy = &finding(&findings, "guest")["remedy"];
    assert!(
        remedy.as_str().unwrap_or_default().contains("CONTAINER_INSTALL_ROOT"),
        "{findings}"
    );
    let table = home.run(["doctor"]).with_code(1);
    assert!(table.text().contains("  try: install the program again"), "{table:?}");
}

#[test]
fn a_record_that_cannot_be_read_is_named() {
    let home = Home::new();
    let directory = home.app_root().join("containers/broken");
    home.run(["list"]).success();
    std::fs::create_dir_all(&directory).expect("a directory");
    std::fs::write(directory.join("config.json"), "{").expect("a file");
    let findings = home.run(["doctor", "--format", "json"]).success().json();
    let found = finding(&findings, "containers");
    assert_eq!(found["verdict"], "poor");
    assert!(
        found["detail"].as_str().unwrap_or_default().ends_with("broken"),
        "{found}"
    );
    home.run(["delete", "--force", "broken"]).success();
    let findings = home.run(["doctor", "--format", "json"]).success().json();
    assert_eq!(finding(&findings, "containers")["verdict"], "good");
}
