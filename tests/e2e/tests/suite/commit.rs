//! Proves that an image made of a container has its changes and is run as it was, and that nothing breaks one in the making.

use std::thread;

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, eventually};
use serde_json::Value;

/// The configuration of an image as `image inspect` shows it.
fn config(home: &Home, image: &str) -> Value {
    let inspected = home.run(["image", "inspect", image]).success().json();
    inspected[0]["variants"][0]["config"].clone()
}

#[test]
fn an_image_of_a_container_has_its_changes_and_is_run_as_it_was() {
    let home = Home::new();
    let script =
        "mkdir -p /srv/new && echo made >/srv/new/file && rm -f /bin/false && chown 7:8 /srv/new/file && echo run";
    home.run([
        "run",
        "--name",
        "web",
        "-e",
        "COLOR=red",
        "-w",
        "/srv",
        "-l",
        "kept=yes",
        "-v",
        "/data",
        BUSYBOX,
        "sh",
        "-c",
        script,
    ])
    .success();
    let line = [
        "commit",
        "-m",
        "a note",
        "-a",
        "Ada <ada@example.org>",
        "-c",
        "ENV SHAPE=round",
        "--change",
        "EXPOSE 8080/udp",
        "--pause=false",
        "web",
        "localhost/made:1",
    ];
    let digest = home.run(line).success().text();
    assert!(digest.starts_with("sha256:"), "{digest}");
    let listed = home.run(["image", "list", "-q"]).success().text();
    assert!(listed.contains("localhost/made:1"), "{listed}");
    // The same command does the same once more.
    assert_eq!(home.run(["run", "--rm", "localhost/made:1"]).success().text(), "run");
    let check = "cat /srv/new/file; stat -c %u:%g /srv/new/file; ls /bin/false 2>&1 | grep -c 'No such'; echo $COLOR $SHAPE; pwd";
    let seen = home
        .run(["run", "--rm", "localhost/made:1", "sh", "-c", check])
        .success()
        .text();
    assert_eq!(seen, "made\n7:8\n1\nred round\n/srv");
    let made = config(&home, "localhost/made:1");
    assert_eq!(made["author"], "Ada <ada@example.org>");
    let step = made["history"].as_array().unwrap().last().unwrap();
    assert_eq!(step["comment"], "a note");
    assert_eq!(made["config"]["Labels"]["kept"], "yes");
    assert_eq!(made["config"]["ExposedPorts"].to_string(), r#"{"8080/udp":{}}"#);
    assert_eq!(made["config"]["Volumes"].to_string(), r#"{"/data":{}}"#);
    assert_eq!(made["rootfs"]["diff_ids"].as_array().unwrap().len(), 2);

    // Without a name it is known by its digest, until it is pruned.
    let digest = home.run(["commit", "web"]).success().text();
    let seen = home
        .run(["run", "--rm", &digest, "cat", "/srv/new/file"])
        .success()
        .text();
    assert_eq!(seen, "made");
    home.run(["image", "prune"]).success();
    home.run(["image", "inspect", &digest]).with_code(1);
    // An image of an image of a container.
    home.run([
        "run",
        "--name",
        "again",
        "localhost/made:1",
        "sh",
        "-c",
        "echo two >/srv/new/file; mkdir /bin/false",
    ])
    .success();
    home.run(["commit", "again", "localhost/made:2"]).success();
    let seen = home.run([
        "run",
        "--rm",
        "localhost/made:2",
        "sh",
        "-c",
        "cat /srv/new/file; ls -d /bin/false",
    ]);
    assert_eq!(seen.success().text(), "two\n/bin/false");
    home.run(["commit", "-c", "RUN make", "web", "x"]).failure(64, &["RUN"]);
    home.store().assert_valid();
    home.assert_quiet();
}

#[test]
fn an_image_of_a_container_that_writes_is_of_one_moment() {
    let home = Home::new();
    // Each line is written to both files, the second one after the first is on the disk.
    let script = "i=0; while true; do i=$((i+1)); echo $i >>/one; sync; echo $i >>/two; sync; mkdir -p /d/$i; done";
    home.run(["run", "-d", "--name", "busy", BUSYBOX, "sh", "-c", script])
        .success();
    let lines = || {
        home.run(["exec", "busy", "sh", "-c", "touch /two; wc -l </two"])
            .success()
            .text()
            .trim()
            .parse::<u64>()
            .unwrap()
    };
    eventually("it writes", COMMAND_LIMIT, || lines() > 5);
    home.run(["commit", "busy", "localhost/moment:1"]).success();
    let check = "one=$(tail -n 1 /one); two=$(tail -n 1 /two); echo $((one - two)); seq $two >/expected; cmp /two /expected && echo whole";
    let seen = home
        .run(["run", "--rm", "localhost/moment:1", "sh", "-c", check])
        .success()
        .text();
    assert!(["0\nwhole", "1\nwhole"].contains(&seen.as_str()), "{seen}");
    // It has gone on.
    let before = lines();
    eventually("it writes on", COMMAND_LIMIT, || lines() > before);
    home.run(["delete", "--force", "busy"]).success();
    home.assert_quiet();
}

#[test]
fn deleting_and_pruning_meanwhile_leaves_a_whole_image_or_none() {
    let home = Home::new();
    let script = "dd if=/dev/urandom of=/big bs=1M count=40 2>/dev/null; echo kept >/file";
    for round in 0..3 {
        let (name, image) = (format!("web{round}"), format!("localhost/made:{round}"));
        home.run(["run", "--name", &name, BUSYBOX, "sh", "-c", script])
            .success();
        thread::scope(|scope| {
            let committing = scope.spawn(|| home.run(["commit", &name, &image]));
            thread::sleep(std::time::Duration::from_millis(200 * round));
            let pruned = home.run(["image", "prune", "--all"]).text();
            home.run(["delete", "--force", &name]);
            let outcome = committing.join().unwrap();
            let names = home.run(["image", "list", "-q"]).success().text();
            // One that was made before the pruning is unused, and goes with it.
            let is_pruned = pruned.contains(&format!("untagged {image}\n"));
            if outcome.code == 0 && !is_pruned {
                assert!(names.contains(&image), "{names}");
                let line = ["run", "--rm", &image, "cat", "/file"];
                assert_eq!(home.run(line).success().text(), "kept");
            } else {
                assert!(!names.contains(&image), "{names}");
            }
        });
        home.store().assert_valid();
        home.run(["delete", "--force", &name]);
    }
    home.assert_quiet();
}
