//! Proves that several running containers use a volume of type shared at once, with owners that last, and that it gets what the image has as a whole
//! or not at all.

use std::fs;
use std::path::PathBuf;

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, eventually};
use serde_json::json;

/// A home whose machines QEMU runs, with a volume of type shared that is called `both`.
fn home() -> Home {
    let home = Home::new().with("CONTAINER_BACKEND", "qemu");
    home.run(["volume", "create", "--opt", "type=shared", "both"]).success();
    home
}

/// Runs a script in a container that is removed at its end.
#[track_caller]
fn shell(home: &Home, mounts: &[&str], script: &str) -> String {
    let line = [&["run", "--rm"], mounts, &[BUSYBOX, "sh", "-c", script]].concat();
    home.run(line).success().text()
}

fn directory(home: &Home) -> PathBuf {
    home.app_root().join("volumes").join("both")
}

#[test]
fn containers_that_run_at_the_same_time_see_what_the_other_one_writes() {
    let home = home();
    let wait = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done";
    for (name, mount) in [("one", "both:/d"), ("two", "both:/d"), ("reader", "both:/r:ro")] {
        home.run(["run", "-d", "--name", name, "-v", mount, BUSYBOX, "sh", "-c", wait])
            .success();
    }
    let exec = |name: &str, script: &str| home.run(["exec", name, "sh", "-c", script]).success().text();
    exec(
        "one",
        "echo one >/d/file; chown 7:8 /d/file; mkdir /d/sub; chmod 1777 /d/sub",
    );
    eventually("the others see it", COMMAND_LIMIT, || {
        exec("two", "cat /d/file 2>/dev/null || true") == "one"
    });
    exec(
        "two",
        "echo two >>/d/file; ln -s /nowhere /d/sub/link; chown -h 9:9 /d/sub/link",
    );
    let script = "cat /r/file; stat -c %u:%g:%a /r /r/file /r/sub; touch /r/x 2>&1 | grep -o Read-only";
    eventually("the reader sees it", COMMAND_LIMIT, || {
        exec("reader", script) == "one\ntwo\n0:0:755\n7:8:644\n0:0:1777\nRead-only"
    });
    home.run(["volume", "delete", "both"]).with_code(1);
    home.run(["stop", "one", "two", "reader"]).success();
    // The owner of what can carry none has outlived the machines.
    assert_eq!(shell(&home, &["-v", "both:/d"], "stat -c %u:%g /d/sub/link"), "9:9");
    let mounts = [
        "--volumes-from",
        "one:ro",
        "--mount",
        "type=volume,source=both,target=/s,volume-subpath=sub",
    ];
    let script = "cat /d/file; ls /s; touch /d/x 2>/dev/null || echo refused; touch /s/y && echo taken";
    assert_eq!(shell(&home, &mounts, script), "one\ntwo\nlink\nrefused\ntaken");
    home.run(["delete", "one", "two", "reader"]).success();
    home.run(["volume", "delete", "both"]).success();
    assert!(!directory(&home).exists());
}

#[test]
fn a_new_one_gets_what_the_image_has_once() {
    let home = home();
    let count = "find /bin ! -type d | wc -l; stat -c %i /bin/busybox /bin/sh | sort -u | wc -l";
    let of_image = shell(&home, &[], count);
    // Both at once: one of them copies, and the other one has all of it.
    let start = |name: &str| {
        let mut command = home.command([
            "run",
            "--rm",
            "--name",
            name,
            "-v",
            "both:/bin",
            BUSYBOX,
            "sh",
            "-c",
            count,
        ]);
        command.stdout(std::process::Stdio::piped()).spawn().unwrap()
    };
    for child in [start("one"), start("two")] {
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), of_image);
    }
    // As if a machine had been killed while it copied.
    let data = directory(&home).join("data");
    fs::remove_file(data.join("sh")).unwrap();
    fs::create_dir(data.join("half")).unwrap();
    fs::write(directory(&home).join("filling"), "").unwrap();
    assert_eq!(shell(&home, &["-v", "both:/bin:ro"], count), of_image);
    assert!(!data.join("half").exists() && !directory(&home).join("filling").exists());
    // What is there stays.
    assert_eq!(
        shell(
            &home,
            &["-v", "both:/etc"],
            "ls /etc/busybox; ls /etc/group 2>/dev/null | wc -l"
        ),
        "/etc/busybox\n0"
    );
}

#[test]
fn it_is_shown_counted_and_removed_like_a_disk() {
    let home = home();
    home.run(["volume", "create", "--opt", "type=shared", "-s", "1g", "x"])
        .failure(64, &["size: a volume of type shared"]);
    let script = "dd if=/dev/zero of=/d/file bs=1M count=3 2>/dev/null; mkdir -p /d/a/b; chmod 0 /d/a /d/a/b";
    shell(&home, &["-v", "both:/d"], script);
    let shown = home.run(["volume", "inspect", "both"]).success().json()[0].clone();
    let configuration = &shown["configuration"];
    assert_eq!(configuration["options"], json!({ "type": "shared" }));
    assert_eq!(configuration["source"], json!(directory(&home).join("data")));
    assert!(configuration.get("sizeInBytes").is_none_or(serde_json::Value::is_null));
    let table = home.run(["volume", "ls"]).success().text();
    assert!(table.contains("both  named  local   type=shared"), "{table}");
    let usage = home.run(["system", "df", "--format", "json"]).success().json();
    assert!(
        usage["volumes"]["reclaimable"]
            .as_u64()
            .is_none_or(|bytes| bytes >= 3 << 20),
        "{usage}"
    );
    home.run(["volume", "prune"]).success();
    assert!(!directory(&home).exists());
}
