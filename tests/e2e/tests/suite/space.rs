//! Proves that disk space comes back: what containers delete, what they deleted last, and what `system df -v` says of it; and that a disk
//! has the size that was asked for.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use container_e2e::{BUSYBOX, Home};
use serde_json::Value;

const MIB: u64 = 1 << 20;

fn allocated(file: &Path) -> u64 {
    fs::metadata(file).unwrap().blocks() * 512
}

fn disk(home: &Home, container: &str) -> PathBuf {
    home.app_root().join("containers").join(container).join("rootfs.ext4")
}

fn volume(home: &Home, volume: &str) -> PathBuf {
    home.app_root().join("volumes").join(volume).join("volume.img")
}

/// Writes 60 MiB into each directory, and makes sure that they are on the disk.
fn fill(directories: &[&str]) -> String {
    let each = directories
        .iter()
        .map(|directory| format!("dd if=/dev/urandom of={directory}/big bs=1M count=60 2>/dev/null; "));
    format!("{}sync; ", each.collect::<String>())
}

#[test]
fn clean_gives_back_what_was_deleted_on_all_disks_that_can_be_written_to() {
    let home = Home::new();
    home.run(["volume", "create", "-s", "1g", "data"]).success();
    home.run(["run", "-d", "--name", "web", "-v", "data:/d", BUSYBOX, "sleep", "1000"])
        .success();
    home.run(["run", "-d", "--name", "fixed", "--read-only", BUSYBOX, "sleep", "1000"])
        .success();
    let (own, data) = (disk(&home, "web"), volume(&home, "data"));
    let before = (allocated(&own), allocated(&data));
    home.run(["exec", "web", "sh", "-c", &fill(&["/root", "/d"])]).success();
    assert!(allocated(&own) >= before.0 + 60 * MIB && allocated(&data) >= before.1 + 60 * MIB);
    home.run(["exec", "web", "rm", "/root/big", "/d/big"]).success();
    assert_eq!(home.run(["clean", "web", "fixed"]).success().text(), "web\nfixed");
    // At once: what the kernel does by itself comes later.
    for (file, before) in [(&own, before.0), (&data, before.1)] {
        assert!(allocated(file) <= before + 8 * MIB, "{} of {before}", allocated(file));
    }
    // The container goes on.
    home.run(["exec", "web", "sh", "-c", "echo kept >/root/file && cat /root/file"])
        .success();
    home.run(["stop", "-t", "1", "fixed"]).success();
    let outcome = home.run(["clean", "fixed", "nothing", "web"]);
    assert_eq!(outcome.text(), "web");
    outcome.failure(1, &["fixed", "stopped", "nothing", "not found"]);
    home.run(["clean"]).failure(64, &["CONTAINER"]);
    home.run(["delete", "--force", "web", "fixed"]).success();
    home.assert_quiet();
}

#[test]
fn what_is_deleted_last_is_given_back_with_the_end() {
    let home = Home::new();
    home.run(["volume", "create", "-s", "1g", "data"]).success();
    let script = format!("{} echo kept >/root/file; rm /root/big /d/big", fill(&["/root", "/d"]));
    home.run(["run", "--name", "web", "-v", "data:/d", BUSYBOX, "sh", "-c", &script])
        .success();
    for file in [disk(&home, "web"), volume(&home, "data")] {
        let left = allocated(&file);
        assert!(left < 24 * MIB, "{} has {left}", file.display());
    }
    // Once more, by a container that leaves only the volume behind.
    let script = format!("{} rm /d/big", fill(&["/d"]));
    home.run(["run", "--rm", "-v", "data:/d", BUSYBOX, "sh", "-c", &script])
        .success();
    assert!(allocated(&volume(&home, "data")) < 24 * MIB);
    // What was not deleted is there, and nothing is wrong with the disks.
    for file in [disk(&home, "web"), volume(&home, "data")] {
        check(&file);
    }
    home.assert_quiet();
}

#[test]
fn what_is_deleted_last_is_given_back_on_a_disk_that_was_copied_to_as_well() {
    let home = Home::new();
    let script = format!("{} cat /copied; rm /root/big", fill(&["/root"]));
    home.run(["create", "--name", "web", BUSYBOX, "sh", "-c", &script])
        .success();
    let copied = home.file("copied");
    fs::write(&copied, "copied").unwrap();
    home.run(["cp", copied.to_str().unwrap(), "web:/copied"]).success();
    assert_eq!(home.run(["start", "-a", "web"]).success().text(), "copied");
    // The command does not wait for it, other than with volumes.
    home.assert_quiet();
    let left = allocated(&disk(&home, "web"));
    assert!(left < 24 * MIB, "{left}");
    check(&disk(&home, "web"));
}

fn check(disk: &Path) {
    let checked = std::process::Command::new("e2fsck")
        .arg("-fn")
        .arg(disk)
        .output()
        .unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

#[test]
fn df_tells_what_each_costs_and_what_could_be_had_back() {
    let home = Home::new();
    home.run(["volume", "create", "-s", "1g", "data"]).success();
    home.run([
        "run",
        "--name",
        "web",
        BUSYBOX,
        "dd",
        "if=/dev/urandom",
        "of=/big",
        "bs=1M",
        "count=20",
    ])
    .success();
    let table = home.run(["system", "df", "-v"]).success().text();
    let line = |start: &str| table.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
    assert!(line("web").contains("stopped") && line("data").contains('0'), "{table}");
    assert!(line(BUSYBOX).contains(" 1 "), "{table}");
    let json = home
        .run(["system", "df", "--verbose", "--format", "json"])
        .success()
        .text();
    let json: Value = serde_json::from_str(&json).unwrap();
    let web = &json["containers"]["items"][0];
    assert!(web["sizeInBytes"].as_u64().unwrap() >= 20 * MIB, "{json}");
    assert_eq!(web["reclaimable"], web["sizeInBytes"]);
    let image = &json["images"]["items"][0];
    assert!(image["sizeInBytes"].as_u64().unwrap() > 0, "{json}");
    assert_eq!(image["reclaimable"], 0, "a container was made from it");
    let plain = home.run(["system", "df", "--format", "json"]).success().text();
    assert!(!plain.contains("items"), "{plain}");
    home.assert_quiet();
}

#[test]
fn a_disk_has_the_size_asked_for_and_a_full_one_stops_nobody() {
    let home = Home::new();
    let script = "dd if=/dev/zero of=/full bs=1M 2>&1 | grep -o 'No space left on device'; rm /full; echo goes on >/after; cat /after";
    let line = [
        "run",
        "--name",
        "small",
        "--storage-opt",
        "size=48m",
        BUSYBOX,
        "sh",
        "-c",
        script,
    ];
    assert_eq!(home.run(line).success().text(), "No space left on device\ngoes on");
    assert_eq!(fs::metadata(disk(&home, "small")).unwrap().len(), 48 * MIB);
    let inspected = home.run(["inspect", "small"]).success().text();
    let inspected: Value = serde_json::from_str(&inspected).unwrap();
    assert_eq!(inspected[0]["configuration"]["resources"]["storage"], 48 * MIB);
    let size = "df -k / | awk 'END {print ($2 > 3900000 && $2 < 4194305)}'";
    let line = ["run", "--rm", "--storage-size", "4g", BUSYBOX, "sh", "-c", size];
    assert_eq!(home.run(line).success().text(), "1");
    home.run(["run", "--rm", "--storage-size", "4m", BUSYBOX, "true"])
        .failure(64, &["4mb", "8mb"]);
    home.run(["run", "--rm", "--storage-opt", "inodes=4", BUSYBOX, "true"])
        .failure(64, &["inodes", "size=SIZE"]);
    home.assert_quiet();
}
