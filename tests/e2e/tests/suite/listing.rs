//! Proves which containers `list` shows, the shape of its output and of `inspect`'s, and the states in it.

use container_e2e::{BUSYBOX, Home, guest_architecture};

#[test]
fn only_running_containers_are_listed_unless_all_are_asked_for() {
    let home = Home::new();
    home.run(["create", "--name", "made", BUSYBOX, "true"]).success();
    home.start_sleeper("runs");
    assert_eq!(home.run(["list", "-q"]).success().text(), "runs");
    assert_eq!(home.run(["ls", "-aq"]).success().text(), "made\nruns");
    let table = home.run(["list", "--all"]).success().text();
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        lines[0],
        ["ID", "IMAGE", "OS", "ARCH", "STATE", "IP", "CPUS", "MEMORY", "STARTED"]
    );
    assert_eq!(&lines[1][..3], ["made", BUSYBOX, "linux"]);
    assert!(lines[1].contains(&"stopped") && lines[2].contains(&"running"));
}

#[test]
fn machines_get_the_shape_that_scripts_know() {
    let home = Home::new();
    home.run([
        "create", "--name", "web", "-l", "a=b", "-m", "512m", "-c", "2", "-e", "X=1", BUSYBOX, "echo", "hi",
    ])
    .success();
    let outcome = home.run(["list", "--all", "--format", "json"]).success();
    assert_eq!(outcome.stdout.iter().filter(|byte| **byte == b'\n').count(), 1);
    let listed = outcome.json();
    let inspected = home.run(["inspect", "web"]).success();
    assert!(inspected.text().starts_with("[\n"));
    assert_eq!(inspected.json(), listed);
    let web = &listed[0];
    assert_eq!(web["id"], "web");
    assert_eq!(web["status"]["state"], "stopped");
    assert_eq!(web["status"]["networks"], serde_json::json!([]));
    let configuration = &web["configuration"];
    assert_eq!(configuration["image"]["reference"], BUSYBOX);
    assert_eq!(configuration["labels"]["a"], "b");
    assert_eq!(configuration["resources"]["cpus"], 2);
    assert_eq!(configuration["resources"]["memoryInBytes"], 512 << 20);
    assert_eq!(configuration["initProcess"]["executable"], "echo");
    assert_eq!(configuration["initProcess"]["arguments"], serde_json::json!(["hi"]));
    assert!(
        home.run(["ls", "-a", "--format", "yaml"])
            .success()
            .text()
            .starts_with("- ")
    );
    assert!(
        home.run(["ls", "-a", "--format", "toml"])
            .success()
            .text()
            .contains("[[items]]")
    );
}

#[test]
fn the_record_names_the_platform_of_the_machine() {
    let home = Home::new();
    let architecture = guest_architecture();
    let machine = match architecture.as_str() {
        "amd64" => "x86_64",
        "arm64" => "aarch64",
        other => other,
    };
    let outcome = home.run(["run", "--name", "known", BUSYBOX, "uname", "-m"]).success();
    assert_eq!(outcome.text(), machine);
    let inspected = home.run(["inspect", "known"]).success().json();
    let platform = &inspected[0]["configuration"]["platform"];
    assert_eq!(
        (&platform["os"], &platform["architecture"]),
        (&"linux".into(), &architecture.as_str().into()),
        "{inspected}"
    );
    let table = home.run(["list", "--all"]).success().text();
    assert!(
        table
            .lines()
            .nth(1)
            .unwrap()
            .split_whitespace()
            .any(|word| word == architecture),
        "{table}"
    );
}

#[test]
fn the_record_says_when_and_how_it_ended() {
    let home = Home::new();
    home.run(["run", "--name", "ended", BUSYBOX, "sh", "-c", "exit 4"])
        .with_code(4);
    let status = home.status("ended");
    assert_eq!((&status["state"], &status["exitCode"]), (&"stopped".into(), &4.into()));
    let (started, finished) = (
        status["startedDate"].as_str().unwrap(),
        status["finishedDate"].as_str().unwrap(),
    );
    assert!(
        started.ends_with('Z') && started.len() == 20 && started <= finished,
        "{status}"
    );
}

#[test]
fn a_unique_beginning_of_the_id_is_enough() {
    let home = Home::new();
    let id = home.run(["create", BUSYBOX, "true"]).success().text();
    assert_eq!(id.len(), 36);
    assert_eq!(home.run(["inspect", &id[..8]]).success().json()[0]["id"], id.as_str());
}
