//! Proves that a container whose host's disk is full stands still, says so, loses nothing and goes on by itself once there is room, and that
//! it can be ended meanwhile.

use std::path::Path;

use container_e2e::{BUSYBOX, Home, Image, Outcome};
use container_require::{may_mount_in_a_namespace, require};
use serde_json::Value;

/// The host's disk, bytes.
const DISK_BYTES: u64 = 64 << 20;

/// What is on it besides containers and images, bytes.
const BALLAST_BYTES: u64 = 40 << 20;

/// What the container writes, bytes: more than is left, less than there is without the ballast.
const WRITTEN_BYTES: u64 = 24 << 20;

/// Looks of `until_done` at its condition, one in half a second.
const PATIENCE: u32 = 240;

/// A home whose app root is a small disk with the busybox image while `script` runs. The script finds the words `until_done CONDITION`, which wait,
/// `is_paused`, which says whether the container `writer` stands still, and `$WRITE`, the beginning of a script that writes in it.
fn on_a_small_disk(script: &str) -> (Home, Outcome) {
    let home = Home::empty();
    let image = home.file("image.tar");
    Image::busybox(BUSYBOX).write(&image);
    let script = format!(
        "mount -t tmpfs -o size={DISK_BYTES} small \"$ROOT\" && cd '{directory}' || exit 99
         \"$PROGRAM\" image load --progress none --input '{image}' >&2 || exit 98
         head -c {BALLAST_BYTES} /dev/zero >\"$ROOT/ballast\" || exit 97
         until_done() {{
            n=0
            while ! eval \"$1\"; do
                n=$((n + 1)); [ $n -lt {PATIENCE} ] || {{ echo \"never: $1\" >&2; exit 96; }}
                sleep 0.5
            done
         }}
         is_paused() {{ \"$PROGRAM\" inspect writer | grep -q '\"paused\": \"the host.s disk is full: .*rootfs.ext4 cannot grow\"'; }}
         WRITE='head -c {WRITTEN_BYTES} /dev/urandom >/written; sync; touch /complete; sync'
         {script}",
        directory = directory(&home).display(),
        image = image.display(),
    );
    let outcome = home.with_own_mounts(&script);
    (home, outcome)
}

/// Where the script's own files are, which are not on the small disk.
fn directory(home: &Home) -> std::path::PathBuf {
    home.file("home")
}

fn read(directory: &Path, name: &str) -> String {
    std::fs::read_to_string(directory.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn a_container_stands_still_while_the_disk_is_full_and_then_goes_on() {
    require!(may_mount_in_a_namespace(), "mounts in user namespaces of one's own");
    let (home, outcome) = on_a_small_disk(&format!(
        "\"$PROGRAM\" run --name writer {BUSYBOX} sh -c \"[ -e /complete ] || {{ $WRITE; until [ -e /go ]; do sleep 0.2; done; }}; md5sum </written\" >first 2>errors &
         running=$!
         until_done is_paused
         until_done 'grep -q \"container is paused: \" errors'
         cp errors errors-while-paused
         \"$PROGRAM\" list --format json >listed
         rm \"$ROOT/ballast\"
         until_done 'grep -q \"container goes on: \" errors'
         # The container ends once this file is there, with which touch itself may be killed.
         \"$PROGRAM\" exec writer touch /go
         wait $running || {{ cat errors \"$ROOT\"/containers/writer/launcher.log >&2; exit 95; }}
         cat \"$ROOT/containers/writer/launcher.log\" >launcher.log
         \"$PROGRAM\" start --attach writer >second || exit 94
         \"$PROGRAM\" delete writer >&2"
    ));
    outcome.success();
    let directory = directory(&home);
    let errors = read(&directory, "errors-while-paused");
    assert!(
        errors.contains("Warning: the container is paused: the host's disk is full: /"),
        "{errors}"
    );
    assert!(
        errors.contains("/containers/writer/rootfs.ext4 cannot grow; free some space"),
        "{errors}"
    );
    let errors = read(&directory, "errors");
    let lines: Vec<&str> = errors.lines().filter(|line| line.starts_with("Warning")).collect();
    assert_eq!(lines.len(), 2, "each thing is said once: {errors}");
    assert_eq!(
        lines[1],
        "Warning: the container goes on: the host's disk has room again"
    );
    let listed: Value = serde_json::from_str(&read(&directory, "listed")).unwrap();
    assert_eq!(listed[0]["status"]["state"], "running", "{listed}");
    let log = read(&directory, "launcher.log");
    assert!(
        log.contains("the host's disk is full") && log.contains("goes on"),
        "{log}"
    );
    let (first, second) = (read(&directory, "first"), read(&directory, "second"));
    assert!(first.len() > 32, "{first}");
    assert_eq!(first, second, "what was written is on the disk");
}

#[test]
fn a_container_on_a_full_disk_is_stopped_and_killed_and_how_it_ended_is_on_record() {
    require!(may_mount_in_a_namespace(), "mounts in user namespaces of one's own");
    for verb in ["kill", "stop --time 1"] {
        let (home, outcome) = on_a_small_disk(&format!(
            "\"$PROGRAM\" run -d --name writer {BUSYBOX} sh -c \"$WRITE; sleep 1000\" >&2 || exit 95
             until_done is_paused
             \"$PROGRAM\" {verb} writer >&2 || exit 94
             until_done '\"$PROGRAM\" inspect writer | grep -q \"\\\"state\\\": \\\"stopped\\\"\"'
             \"$PROGRAM\" inspect writer >ended
             \"$PROGRAM\" list --all --quiet >listed
             df \"$ROOT\" >&2
             \"$PROGRAM\" delete writer >&2"
        ));
        outcome.success();
        let directory = directory(&home);
        let ended: Value = serde_json::from_str(&read(&directory, "ended")).unwrap();
        let status = &ended[0]["status"];
        assert_eq!(status["exitCode"], 137, "{verb}: {status}");
        assert_eq!(
            status["reason"], "its machine was switched off while the host's disk was full",
            "{verb}"
        );
        assert_eq!(read(&directory, "listed"), "writer\n");
    }
}

#[test]
fn a_container_whose_launcher_was_killed_is_seen_and_deleted_on_a_full_disk() {
    require!(may_mount_in_a_namespace(), "mounts in user namespaces of one's own");
    let (home, outcome) = on_a_small_disk(&format!(
        "\"$PROGRAM\" run -d --name writer {BUSYBOX} sh -c \"$WRITE; sleep 1000\" >&2 || exit 95
         until_done is_paused
         killed=0
         for process in /proc/[0-9]*; do
            # Other tests beside this one have a container of the same name.
            tr '\\0' ' ' <$process/cmdline 2>/dev/null | grep -q 'launcher[ ]writer' || continue
            tr '\\0' '\\n' <$process/environ 2>/dev/null | grep -qxF \"CONTAINER_APP_ROOT=$ROOT\" || continue
            kill -9 ${{process#/proc/}} && killed=$((killed + 1))
         done
         [ $killed = 1 ] || {{ echo \"$killed launchers were killed\" >&2; exit 94; }}
         until_done '\"$PROGRAM\" inspect writer | grep -q \"\\\"state\\\": \\\"stopped\\\"\"'
         \"$PROGRAM\" inspect writer >ended
         \"$PROGRAM\" list --all --quiet >listed
         \"$PROGRAM\" delete writer >&2"
    ));
    outcome.success();
    let directory = directory(&home);
    let ended: Value = serde_json::from_str(&read(&directory, "ended")).unwrap();
    assert_eq!(ended[0]["status"]["reason"], "the launcher was killed", "{ended}");
    assert_eq!(read(&directory, "listed"), "writer\n");
}
