//! Proves that users see what a build does, what is odd about a Dockerfile, and what builds keep.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use container_e2e::{BUSYBOX, Home, Pty, build};
use serde_json::Value;

/// A context with this Dockerfile and a file.
fn context(home: &Home, dockerfile: &str) -> PathBuf {
    container_e2e::context(home, dockerfile, &[("file", "content")])
}

/// A Dockerfile of which four things are odd.
const ODD: &str = "FROM scratch as one\nCOPY file /\nCOPY $FIEL /\nCMD run\n";

#[test]
fn a_dockerfile_is_checked_without_being_built() {
    let home = Home::new();
    let context = context(&home, ODD);
    fs::write(context.join(".dockerignore"), "file\n").unwrap();
    let before = home.run(["image", "list", "-q"]).success().text();
    for flag in ["--check", "--call=check"] {
        let checked = build(&home, &context, &[flag]).with_code(1);
        let text = checked.text();
        for expected in [
            "WARNING: FromAsCasing - https://",
            "attempting to Copy file \"file\" that is excluded by .dockerignore\nDockerfile:2\n",
            "usage of undefined variable '$FIEL'\nDockerfile:3\n",
            "  4 | >>> CMD run\n",
            "Check complete, 4 warnings have been found!",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }
    assert_eq!(home.run(["image", "list", "-q"]).success().text(), before);
    fs::write(context.join("Dockerfile"), format!("# check=skip=all\n{ODD}")).unwrap();
    let checked = build(&home, &context, &["--check"]).success();
    assert_eq!(checked.text(), "Check complete, no warnings found.");
    fs::write(context.join("Dockerfile"), "FROM scratch\nCPOY a b\n").unwrap();
    build(&home, &context, &["--check"]).failure(1, &["Dockerfile:2", "unknown instruction", "did you mean"]);
}

#[test]
fn warnings_come_at_the_end_of_a_build_and_end_it_where_the_dockerfile_asks_for_that() {
    let home = Home::new();
    let dockerfile = "FROM scratch\nCOPY file /\nCMD run\n";
    let context = context(&home, dockerfile);
    let built = build(&home, &context, &[]).success();
    let expected =
        " 1 warning found (--check shows the lines):\n - JSONArgsRecommended: JSON arguments recommended for CMD";
    assert!(
        built.stderr.contains(expected) && built.stderr.trim_end().ends_with("(line 3)"),
        "{}",
        built.stderr
    );
    fs::write(context.join("Dockerfile"), format!("# check=error=true\n{dockerfile}")).unwrap();
    build(&home, &context, &["-t", "localhost/odd:1"]).failure(
        1,
        &[
            "lint violation found for rules: JSONArgsRecommended",
            " 1 warning found",
        ],
    );
    let listed = home.run(["image", "list", "-q"]).success().text();
    assert!(!listed.contains("localhost/odd"), "{listed}");
    let switch = "BUILDKIT_DOCKERFILE_CHECK=skip=JSONArgsRecommended";
    let built = build(&home, &context, &["--build-arg", switch]).success();
    assert!(!built.stderr.contains("warning"), "{}", built.stderr);
}

#[test]
fn programs_can_follow_a_build() {
    let home = Home::new().with("BUILDKIT_PROGRESS", "rawjson");
    let context = context(&home, "FROM scratch\nCOPY file /\nCMD run\n");
    let built = build(&home, &context, &[]).success();
    let lines: Vec<Value> = built
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let vertices = || lines.iter().filter_map(|line| line["vertexes"].as_array()).flatten();
    let copy: Vec<&Value> = vertices()
        .filter(|vertex| vertex["name"] == "[1/1] COPY file /")
        .collect();
    assert!(
        copy.len() == 2 && copy[0]["completed"].is_null() && copy[1]["completed"].is_string(),
        "{copy:?}"
    );
    assert!(
        lines.iter().any(|line| line["warnings"][0]["url"].is_string()),
        "{lines:?}"
    );
    let quiet = build(&home, &context, &["-q"]).success();
    assert_eq!((quiet.stderr.as_str(), quiet.text().starts_with("sha256:")), ("", true));
    let odd = home.with("BUILDKIT_PROGRESS", "loud");
    build(&odd, &context, &[]).failure(64, &["BUILDKIT_PROGRESS", "loud"]);
}

#[test]
fn a_terminal_shows_what_is_being_done_and_what_was_done() {
    let home = Home::new();
    let context = context(
        &home,
        &format!("FROM {BUSYBOX}\nCOPY file /\nRUN echo hello; exec sleep 1000\n"),
    );
    let words = [OsStr::new("build"), context.as_os_str()];
    let mut pty = Pty::spawn(&home.command(words));
    pty.expect("[+] Building ");
    pty.expect(" => => # hello");
    // The block is drawn again, in place, for a terminal that has less room by then.
    pty.resize(6, 50);
    pty.expect("\x1b[");
    pty.expect(" => [3/3] RUN echo hello");
    pty.send("\x03");
    pty.expect(" => CANCELED [3/3] RUN");
    assert_eq!(pty.wait(), 130);
    assert!(pty.is_cooked());
    home.assert_quiet();
    fs::write(context.join("Dockerfile"), format!("FROM {BUSYBOX}\nCOPY file /\n")).unwrap();
    let mut pty = Pty::spawn(&home.command(words));
    pty.expect("FINISHED");
    pty.expect(" => CACHED [2/2] COPY file /");
    pty.expect("sha256:");
    assert_eq!(pty.wait(), 0);
}

#[test]
fn a_shell_shows_what_a_failed_command_has_left() {
    let home = Home::new();
    let dockerfile = format!("FROM {BUSYBOX}\nENV GREETING=hello\nRUN echo left > /trace; exit 7\nRUN true\n");
    let context = context(&home, &dockerfile);
    let words = ["build", "--debug-shell", "-t", "localhost/none:1"].map(OsStr::new);
    let mut pty = Pty::spawn(&home.command(words.into_iter().chain([context.as_os_str()])));
    pty.expect(" => ERROR [2/3] RUN echo left");
    pty.expect("exit code: 7");
    pty.expect("# ");
    pty.send("cat /trace; echo $GREETING-$((40 + 2))\r");
    pty.expect("left");
    pty.expect("hello-42");
    pty.send("exit\r");
    pty.expect("Dockerfile:3");
    pty.expect("did not complete successfully: exit code: 7");
    assert_eq!(pty.wait(), 1);
    assert!(pty.is_cooked());
    home.assert_quiet();
    // Without a terminal it fails as ever.
    let failed = build(&home, &context, &["--debug-shell"]);
    failed.failure(1, &["--debug-shell has no effect", "exit code: 7"]);
    let listed = home.run(["image", "list", "-q"]).success().text();
    assert!(!listed.contains("localhost/none"), "{listed}");
}

#[test]
fn what_builds_keep_is_listed_counted_and_taken_away() {
    let home = Home::new();
    let dockerfile =
        format!("FROM {BUSYBOX} AS one\nCOPY file /first\nFROM {BUSYBOX}\nCOPY --from=one /first /second\n");
    let context = context(&home, &dockerfile);
    build(&home, &context, &["-t", "localhost/kept:1"]).success();
    let records = home.run(["builder", "df", "--format", "json"]).success().json();
    let of = |what: &str| {
        let is_it = |record: &&Value| record["description"].as_str().unwrap().contains(what);
        let found = records.as_array().unwrap().iter().find(is_it);
        found.unwrap_or_else(|| panic!("{what}: {records}")).clone()
    };
    // The layer of the image is the image's; that of the stage is there for later builds only.
    assert_eq!(
        (&of("/second")["shared"], &of("/second")["reclaimable"]),
        (&true.into(), &false.into())
    );
    assert_eq!(
        (&of("file /first")["shared"], &of("file /first")["type"]),
        (&false.into(), &"regular".into())
    );
    let usage = || home.run(["system", "df", "--format", "json"]).success().json()["buildCache"].clone();
    assert_eq!((&usage()["total"], &usage()["active"]), (&2.into(), &1.into()));
    assert!(home.run(["builder", "du"]).success().text().contains("Reclaimable:"));

    assert_eq!(
        home.run(["builder", "prune", "--filter", "until=24h"]).success().text(),
        ""
    );
    let pruned = home.run(["builder", "prune", "-f"]).success();
    assert_eq!(pruned.text(), of("file /first")["id"].as_str().unwrap());
    assert!(pruned.stderr.contains("Reclaimed "), "{}", pruned.stderr);
    assert_eq!(usage()["total"], 1);
    let again = build(&home, &context, &["-t", "localhost/kept:1"]).success();
    assert!(again.stderr.contains("CACHED"), "{}", again.stderr);
    home.run(["builder", "prune", "--all"]).success();
    assert_eq!(usage()["total"], 0);
    let kept = home
        .run(["run", "--rm", "localhost/kept:1", "cat", "/second"])
        .success()
        .text();
    assert_eq!(kept, "content");
}

#[test]
fn the_cache_is_no_larger_after_a_build_than_the_settings_allow() {
    let home = Home::new();
    home.set_up("[build]\ncache-max-size = 0\n");
    let dockerfile =
        format!("FROM {BUSYBOX} AS one\nCOPY file /first\nFROM {BUSYBOX}\nCOPY --from=one /first /second\n");
    let context = context(&home, &dockerfile);
    build(&home, &context, &["-t", "localhost/small:1"]).success();
    let records = home.run(["builder", "df", "--format", "json"]).success().json();
    let seen: Vec<&Value> = records
        .as_array()
        .unwrap()
        .iter()
        .map(|record| &record["shared"])
        .collect();
    assert_eq!(seen, [&Value::Bool(true)], "{records}");
}

#[test]
fn scripts_that_manage_a_builder_learn_that_there_is_none() {
    let home = Home::new();
    let none = "none is needed";
    for words in [
        &["builder", "start", "-c", "4", "-m", "2G", "--dns", "1.1.1.1"][..],
        &["builder", "stop"],
        &["builder", "rm", "--force"],
    ] {
        let outcome = home.run(words).success();
        assert!(outcome.stderr.contains(none) && outcome.text().is_empty(), "{words:?}");
    }
    let status = home.run(["builder", "status"]).success();
    assert!(
        status.text() == "builder is not running" && status.stderr.contains(none),
        "{}",
        status.stderr
    );
    assert_eq!(
        home.run(["builder", "status", "--format", "json"]).success().json(),
        serde_json::json!([])
    );
    assert_eq!(home.run(["builder", "status", "-q"]).success().text(), "");
}
