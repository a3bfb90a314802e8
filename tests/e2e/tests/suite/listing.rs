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
fn templates_of_lists_have_dockers_fields_and_those_of_inspect_apples() {
    let home = Home::new();
    home.run(["create", "--name", "made", "-l", "team=a b", BUSYBOX, "echo", "hi"])
        .success();
    let shown = |words: &[&str]| home.run(words.iter().copied()).success().text();
    assert_eq!(
        shown(&[
            "ls",
            "-a",
            "--format",
            r#"{{.Names}}\t{{.State}}\t{{.Command}}\t{{.Label "team"}}"#
        ]),
        "made\tcreated\t\"echo hi\"\ta b"
    );
    let table = shown(&["ls", "-a", "--format", "table {{.ID}}\t{{.Status}}"]);
    assert_eq!(table, "CONTAINER ID   STATUS\nmade           Created");
    assert_eq!(
        shown(&[
            "inspect",
            "-f",
            "{{.id}} {{index .configuration.labels \"team\"}} {{.status.state}}",
            "made"
        ]),
        "made a b stopped"
    );
    assert_eq!(shown(&["inspect", "--format", "json", "made"]).lines().count(), 1);
    let (repository, tag) = BUSYBOX.split_once(':').unwrap();
    let images = shown(&["image", "list", "--format", "{{.Repository}} {{.Tag}}"]);
    assert!(
        images.lines().any(|line| line == format!("{repository} {tag}")),
        "{images}"
    );
    assert_eq!(
        shown(&["network", "list", "--format", "{{.Name}} {{.Internal}}"]),
        "default false"
    );
    home.run(["volume", "create", "-l", "k=v", "data"]).success();
    assert_eq!(
        shown(&["volume", "list", "--format", "{{.Name}} {{.Driver}} {{.Labels}}"]),
        "data local k=v"
    );
    assert_eq!(
        shown(&["volume", "inspect", "-f", "{{.configuration.driver}}", "data"]),
        "local"
    );
    let version = shown(&["system", "version", "--format", "{{.Client.Version}}"]);
    assert!(version.starts_with(|char: char| char.is_ascii_digit()), "{version}");
    let mistake = home.run(["ls", "-a", "--format", "{{.Nmaes}}"]).with_code(64);
    let text = &mistake.stderr;
    assert!(text.contains("column 3") && text.contains(".Names"), "{text}");
    home.run(["ls", "--format", "{{.Names"]).with_code(64);
    home.run(["ls", "--format", "jsno"]).with_code(64);
}

#[test]
fn lists_are_filtered_as_by_docker() {
    let home = Home::new();
    home.run(["volume", "create", "-l", "k=v", "data"]).success();
    home.run(["volume", "create", "idle"]).success();
    home.run([
        "create",
        "--name",
        "first",
        "-l",
        "team=a",
        "-v",
        "data:/data",
        BUSYBOX,
        "true",
    ])
    .success();
    home.run(["run", "--name", "second", "-l", "team=b", BUSYBOX, "sh", "-c", "exit 4"])
        .with_code(4);
    let shown = |words: &[&str]| home.run(words.iter().copied()).success().text();
    let listed = |filter: &str| shown(&["ps", "-aq", "--filter", filter]);
    for (filter, names) in [
        ("name=ir", "first"),
        ("name=^/second$", "second"),
        ("id=se", "second"),
        ("status=created", "first"),
        ("status=stopped", "first\nsecond"),
        ("label=team", "first\nsecond"),
        ("label=team=b", "second"),
        ("exited=4", "second"),
        ("volume=data", "first"),
        ("network=default", "first\nsecond"),
        ("ancestor=localhost/busybox", "first\nsecond"),
        ("ancestor=localhost/other", ""),
        ("before=second", "first"),
        ("since=first", "second"),
    ] {
        assert_eq!(listed(filter), names, "{filter}");
    }
    assert_eq!(shown(&["ls", "-q", "-f", "exited=4"]), "second");
    assert_eq!(shown(&["ls", "-q", "--latest"]), "second");
    assert_eq!(shown(&["ls", "-q", "-n", "5"]), "first\nsecond");
    assert!(shown(&["ls", "-as"]).lines().next().unwrap().ends_with(" SIZE"));
    let sized = home.run(["inspect", "--size", "second"]).success().json();
    assert!(sized[0]["status"]["sizeInBytes"].as_u64() > Some(0), "{sized}");
    assert_eq!(
        home.run(["inspect", "--type", "volume", "data"]).success().stdout,
        home.run(["volume", "inspect", "data"]).success().stdout
    );
    let image = |filter| shown(&["image", "list", "-q", "--filter", filter]);
    assert_eq!(image("reference=localhost/busy*"), BUSYBOX);
    assert_eq!(image("dangling=true"), "");
    let volumes = |filter| shown(&["volume", "list", "-q", "--filter", filter]);
    assert_eq!(
        (volumes("label=k=v"), volumes("dangling=true")),
        ("data".to_owned(), "idle".to_owned())
    );
    assert_eq!(shown(&["network", "list", "-q", "--filter", "name=nothing"]), "");
    home.run(["ls", "--filter", "nmae=x"])
        .failure(64, &["nmae", "ancestor"]);
    home.run(["ls", "--filter", "before=nobody"])
        .failure(1, &["nobody", "not found"]);
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
