//! Proves that directories and files of the host appear in containers with owners that work, that nothing beside them does, and that their file
//! server lives as long as the machine.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, eventually};
use rustix::process::{Pid, Signal, kill_process};

/// A home whose machines QEMU runs, and a directory of it to share.
fn home() -> (Home, PathBuf) {
    let home = Home::new().with("CONTAINER_BACKEND", "qemu");
    let shared = home.file("shared");
    fs::create_dir(&shared).unwrap();
    fs::write(shared.join("file"), "of the host\n").unwrap();
    (home, shared)
}

/// Runs a script in a container that is removed at its end.
#[track_caller]
fn shell(home: &Home, flags: &[&str], script: &str) -> String {
    let line = [&["run", "--rm"], flags, &[BUSYBOX, "sh", "-c", script]].concat();
    home.run(line).success().text()
}

fn volume(source: &Path, rest: &str) -> String {
    format!("{}:{rest}", source.display())
}

/// File servers of a launcher: their names are all that is known of them, for they have neither environment nor paths among their arguments.
pub(crate) fn file_servers(launcher: i32) -> Vec<Pid> {
    let of_launcher = |entry: fs::DirEntry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let words = fs::read(entry.path().join("cmdline")).ok()?;
        let status = fs::read_to_string(entry.path().join("status")).ok()?;
        let is_server = words.split(|byte| *byte == 0).nth(1) == Some(b"file-server");
        let parent = format!("PPid:\t{launcher}");
        (is_server && status.lines().any(|line| line == parent)).then(|| Pid::from_raw(id).unwrap())
    };
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(of_launcher)
        .collect()
}

/// Whether a process has ended, although nobody may have waited for it: a zombie has no arguments.
fn is_gone(process: Pid) -> bool {
    fs::read(format!("/proc/{}/cmdline", process.as_raw_nonzero())).map_or(true, |words| words.is_empty())
}

pub(crate) fn launcher(home: &Home) -> i32 {
    let processes = home.processes();
    processes.iter().find(|process| process.is_launcher()).unwrap().id
}

#[test]
fn a_program_in_a_shared_directory_runs_time_after_time() {
    let (home, shared) = home();
    // Each start reads it anew, into pages that have held other parts of it.
    let script = "cp /bin/busybox /d/busybox; for i in 1 2 3 4 5 6; do
        /d/busybox md5sum /d/busybox >/dev/null; echo $?; /d/busybox ls -lR /etc >/dev/null; echo $?
    done";
    let codes = shell(&home, &["-v", &volume(&shared, "/d")], script);
    assert_eq!(codes, ["0"; 12].join("\n"));
}

#[test]
fn files_belong_to_the_container_s_user_and_what_is_set_is_kept() {
    let (home, shared) = home();
    let host_owner = fs::metadata(shared.join("file")).unwrap().uid();
    let bind = volume(&shared, "/d");
    let script = "stat -c %u:%g /d /d/file; cat /d/file; echo made >/d/made; stat -c %u:%g:%a /d/made; chown 0 /d/made 2>/dev/null || echo refused";
    let seen = shell(&home, &["-v", &bind, "-u", "1000:100"], script);
    assert_eq!(seen, "1000:100\n1000:100\nof the host\n1000:100:644\nrefused");
    assert_eq!(fs::read_to_string(shared.join("made")).unwrap(), "made\n");

    shell(
        &home,
        &["-v", &bind],
        "chown 999:998 /d/file; chmod 4710 /d/file; ln -s /etc/passwd /d/link; mkfifo /d/pipe",
    );
    let on_host = fs::metadata(shared.join("file")).unwrap();
    assert_eq!(
        (on_host.uid(), on_host.mode() & 0o7777),
        (host_owner, 0o710),
        "no special bits on the host"
    );
    let script = "stat -c %u:%g:%a /d/file; stat -c %u /d/made; readlink /d/link";
    // What the container's user makes has no record, and belongs to that of the next one.
    assert_eq!(shell(&home, &["-v", &bind], script), "999:998:4710\n0\n/etc/passwd");
    home.assert_quiet();
}

#[test]
fn read_only_is_the_host_s_word_and_a_single_file_is_all_that_is_seen() {
    let (home, shared) = home();
    fs::write(shared.join("secret"), "secret\n").unwrap();
    let bind = format!("type=bind,source={},target=/d,readonly", shared.display());
    let single = volume(&shared.join("file"), "/etc/app/config");
    let script = "for c in 'touch /d/new' 'rm /d/file' 'chmod 600 /d/file' 'mkdir /d/x' 'mv /d/file /d/y'; do $c 2>&1 | grep -o 'Read-only.*'; done
        cat /d/file; ls -A /etc/app; echo more >>/etc/app/config; rm /etc/app/config 2>/dev/null || echo held";
    let expected = "Read-only file system\n".repeat(5) + "of the host\nconfig\nheld";
    assert_eq!(shell(&home, &["--mount", &bind, "-v", &single], script), expected);
    assert_eq!(fs::read_to_string(shared.join("file")).unwrap(), "of the host\nmore\n");
}

#[test]
fn what_changes_on_the_host_is_seen_by_a_running_container_and_the_other_way_round() {
    let (home, shared) = home();
    // A relative source begins where the command runs.
    let mut command = home.command([
        "run",
        "-d",
        "--name",
        "dev",
        "-v",
        "./shared:/d",
        BUSYBOX,
        "sleep",
        "1000",
    ]);
    let status = command.current_dir(shared.parent().unwrap()).status().unwrap();
    assert!(status.success());
    fs::write(shared.join("file"), "edited\n").unwrap();
    fs::write(shared.join("new"), "").unwrap();
    eventually("the container sees it", COMMAND_LIMIT, || {
        home.run(["exec", "dev", "sh", "-c", "cat /d/file; ls /d"]).text() == "edited\nfile\nnew"
    });
    let script = "mkdir -p /d/many && cd /d/many && for i in $(seq 1500); do : >$i; done; find /d -type f | wc -l";
    assert_eq!(home.run(["exec", "dev", "sh", "-c", script]).success().text(), "1502");
    assert_eq!(fs::read_dir(shared.join("many")).unwrap().count(), 1500);
    let mounts = home.run(["inspect", "dev"]).success().json()[0]["configuration"]["mounts"].clone();
    assert_eq!(mounts[0]["source"], shared.display().to_string());
    assert_eq!(mounts[0]["destination"], "/d");
    home.run(["kill", "dev"]).success();
    home.assert_quiet();
}

#[test]
fn the_file_server_and_the_machine_end_together() {
    let (home, shared) = home();
    let bind = volume(&shared, "/d");
    for (victim, reason) in [("server", "the file server ended by signal 9"), ("launcher", "")] {
        home.run(["run", "-d", "--name", victim, "-v", &bind, BUSYBOX, "sleep", "1000"])
            .success();
        let launcher = launcher(&home);
        let servers = file_servers(launcher);
        assert_eq!(servers.len(), 1);
        let killed = if victim == "server" {
            servers[0]
        } else {
            Pid::from_raw(launcher).unwrap()
        };
        kill_process(killed, Signal::KILL).unwrap();
        eventually("the container has stopped", COMMAND_LIMIT, || {
            home.status(victim)["state"] == "stopped"
        });
        let said = home.status(victim)["reason"].as_str().unwrap().to_owned();
        assert!(said.contains(reason), "{said}");
        eventually("the server has gone", COMMAND_LIMIT, || is_gone(servers[0]));
        home.assert_quiet();
        assert_eq!(shell(&home, &["-v", &bind], "cat /d/file"), "of the host");
    }
}

#[test]
fn what_cannot_be_shared_is_refused_before_anything_is_made() {
    let (home, shared) = home();
    let lost = volume(&shared.join("lost"), "/d");
    home.run(["create", "-v", &lost, BUSYBOX])
        .failure(64, &["cannot share", "lost", "no such file or directory"]);
    home.run(["create", "-v", "/dev/null:/d", BUSYBOX])
        .failure(64, &["only directories, plain files and sockets"]);
    assert_eq!(home.run(["list", "-aq"]).success().text(), "");
    // One that has gone since.
    let bind = volume(&shared, "/d");
    home.run(["create", "--name", "later", "-v", &bind, BUSYBOX, "true"])
        .success();
    fs::rename(&shared, shared.with_extension("moved")).unwrap();
    home.run(["start", "later"])
        .failure(125, &["cannot mount", "shared", "/d"]);
}
