//! Proves that the tar of a container's root has what its programs see, running or not, and that `diff` names what has changed.

use std::fs;

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, Image, eventually};
use serde_json::json;

use crate::debian;
use crate::layers::LIST;

/// Makes files of every kind that a tar can have in /data.
const MAKE: &str = r"
set -e
mkdir -p /data/deep/er /data/mode && cd /data
echo text >plain && chmod 4751 plain && chown 12:345678 plain
ln plain deep/hard && ln -s ../plain deep/soft && ln -s /nowhere dangling
mkfifo -m 640 pipe && mknod -m 604 char c 1 7 && mknod block b 7 300
truncate -s 3G holes && echo end >>holes && printf x | dd of=holes bs=1 seek=1000000 conv=notrunc 2>/dev/null
touch $(printf 'bytes\377\200') 'two words' $(printf '%0250d' 7)
printf 'new\nline' >'a
b'
setfattr -n user.color -v red plain && setfattr -n user.empty deep
touch -d '1999-12-31 23:59:59.123456789' plain && touch -d '2150-01-01' pipe && touch -d '1969-05-05' deep
chmod 1777 mode && chown 0:7 mode && touch -h -d '2001-02-03' dangling
dd if=/dev/urandom of=random bs=1000 count=3000 2>/dev/null
rm /etc/debian_version && echo changed >/etc/issue
";

fn debian_home() -> Home {
    let home = Home::empty();
    let archive = home.file("archive.tar");
    Image::from_tar("localhost/debian:1", fs::read(debian::root_tar(&home)).unwrap())
        .config(json!({"Cmd": ["bash"]}))
        .write(&archive);
    home.run(["image", "load", "-i", archive.to_str().unwrap()]).success();
    fs::remove_file(&archive).unwrap();
    home
}

/// What a container of the exported root sees in it.
fn seen_in(home: &Home, exported: &std::path::Path, name: &str) -> String {
    let archive = home.file("exported-image.tar");
    Image::from_tar(name, fs::read(exported).unwrap())
        .config(json!({"Cmd": ["bash"]}))
        .write(&archive);
    home.run(["image", "load", "-i", archive.to_str().unwrap()]).success();
    fs::remove_file(&archive).unwrap();
    let script = format!("{LIST} list /data; list /etc");
    home.run(["run", "--rm", name, "bash", "-c", &script]).success().text()
}

/// Files that a container has of its own, whatever the image has there.
fn without_own_files(listing: &str) -> Vec<&str> {
    const OWN: [&str; 3] = ["./hosts", "./hostname", "./resolv.conf"];
    let is_own = |line: &&str| OWN.iter().any(|own| line.contains(own)) || line.starts_with(". d");
    listing.lines().filter(|line| !is_own(line)).collect()
}

#[test]
fn the_tar_has_what_programs_see_whether_the_container_runs_or_not() {
    let home = debian_home();
    home.run([
        "run",
        "-d",
        "--name",
        "web",
        "--tmpfs",
        "/mounted",
        "localhost/debian:1",
        "sleep",
        "1000",
    ])
    .success();
    home.run(["exec", "web", "bash", "-c", MAKE]).success();
    let script = format!("{LIST} touch /mounted/in; list /data; list /etc");
    let inside = home.run(["exec", "web", "bash", "-c", &script]).success().text();
    let running = home.file("running.tar");
    home.run(["export", "-o", running.to_str().unwrap(), "web"]).success();
    // It goes on, and nothing is left of the copy.
    home.run(["exec", "web", "bash", "-c", "echo more >/after"]).success();
    let bundle = home.app_root().join("containers/web");
    let names = || {
        fs::read_dir(&bundle)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect::<Vec<_>>()
    };
    assert!(
        names().iter().all(|name| !name.to_string_lossy().contains("copy")),
        "{:?}",
        names()
    );
    home.run(["stop", "-t", "1", "web"]).success();
    let stopped = home.run(["export", "web"]).success().stdout;
    let stopped_path = home.file("stopped.tar");
    fs::write(&stopped_path, &stopped).unwrap();

    assert!(inside.lines().count() > 100, "{inside}");
    for (tar, name) in [(running, "localhost/running:1"), (stopped_path, "localhost/stopped:1")] {
        let seen = seen_in(&home, &tar, name);
        assert_eq!(without_own_files(&seen), without_own_files(&inside), "{name}");
        let script = "ls -A /mounted /proc | head -3; ls /after";
        let ls = home.run(["run", "--rm", name, "bash", "-c", script]);
        assert_eq!(ls.text().contains("/after"), name.contains("stopped"));
    }
    home.run(["export", "nothing"]).failure(1, &["nothing", "not found"]);
    home.assert_quiet();
}

#[test]
fn diff_names_what_was_added_changed_and_deleted() {
    let home = Home::new();
    let script = "mkdir /new && echo x >/new/file && rm /bin/true && echo y >/etc/added && echo done && sleep 1000";
    home.run([
        "run", "-d", "--name", "web", "--tmpfs", "/scratch", BUSYBOX, "sh", "-c", script,
    ])
    .success();
    eventually("all is changed", COMMAND_LIMIT, || {
        home.run(["logs", "web"]).success().text() == "done"
    });
    let expected = [
        "C /bin",
        "D /bin/true",
        "C /etc",
        "A /etc/added",
        "A /new",
        "A /new/file",
    ];
    let running = home.run(["diff", "web"]).success().text();
    home.run(["stop", "-t", "1", "web"]).success();
    let stopped = home.run(["diff", "web"]).success().text();
    assert_eq!(running, stopped);
    for line in expected {
        assert!(stopped.lines().any(|found| found == line), "{line}: {stopped}");
    }
    let json = home.run(["diff", "--format", "json", "web"]).success().json();
    let deleted = json!({"kind": "D", "path": "/bin/true"});
    assert!(json.as_array().unwrap().contains(&deleted), "{json}");
    home.run(["create", "--name", "idle", BUSYBOX, "true"]).success();
    assert_eq!(home.run(["diff", "idle"]).success().text(), "");
    home.run(["diff", "nothing"]).failure(1, &["nothing", "not found"]);
    home.assert_quiet();
}
