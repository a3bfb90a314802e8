//! Proves that faults of the host (missing or broken programs and files, a full disk) are errors that name the cause, and that no
//! half-made image or container is left.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, InstallTree, Started, eventually, noise};
use container_require::{may_mount_in_a_namespace, require};
use rustix::process::{Pid, Signal, kill_process};

/// For how long a launcher and its machine stand still.
const STANDSTILL: Duration = Duration::from_secs(8);

fn assert_nothing_left(home: &Home) {
    assert!(home.run(["ls", "-aq"]).success().stdout.is_empty());
    home.assert_quiet();
}

#[test]
fn a_missing_hypervisor_is_named_with_how_to_get_it() {
    // The one that is a program of its own.
    let home = Home::new().with("CONTAINER_BACKEND", "qemu");
    let empty = home.file("empty");
    fs::create_dir(&empty).unwrap();
    let mut command = home.command(["run", "--rm", BUSYBOX, "true"]);
    command.env("PATH", &empty);
    Started::spawn(command, None)
        .wait()
        .failure(125, &["qemu-system", "install"]);
    assert_nothing_left(&home);
}

#[test]
fn a_hypervisor_that_dies_at_once_is_told_with_its_last_words() {
    let home = Home::new();
    let programs = home.file("programs");
    fs::create_dir(&programs).unwrap();
    for name in ["qemu-system-x86_64", "qemu-system-aarch64"] {
        let path = programs.join(name);
        fs::write(&path, "#!/bin/sh\ncase \"$*\" in *version*) echo 'QEMU emulator version 7.2.0';; *) echo 'out of luck' >&2; exit 1;; esac\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = home.command(["run", "--rm", BUSYBOX, "true"]);
    command.env(
        "PATH",
        format!("{}:{}", programs.display(), std::env::var("PATH").unwrap()),
    );
    Started::spawn(command, None).wait().failure(125, &["out of luck"]);
    assert_nothing_left(&home);
}

#[test]
fn what_stood_still_with_the_host_goes_on_with_the_right_time() {
    let home = Home::new();
    let script = "echo up; exec sleep 100000";
    home.run(["run", "-d", "--name", "web", BUSYBOX, "sh", "-c", script])
        .success();
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let of_guest = || -> u64 {
        let shown = home.run(["exec", "web", "date", "+%s"]).success().text();
        shown.parse().unwrap()
    };
    let mut of_container = home.processes();
    of_container.retain(|process| process.is_launcher() || process.is_hypervisor());
    assert_eq!(of_container.len(), 2, "{of_container:?}");
    let signal = |signal| {
        for process in &of_container {
            kill_process(Pid::from_raw(process.id).unwrap(), signal).unwrap();
        }
    };
    signal(Signal::STOP);
    std::thread::sleep(STANDSTILL);
    signal(Signal::CONT);
    eventually("the time is right", COMMAND_LIMIT, || {
        let before = now();
        let shown = of_guest();
        (before - 2..=now() + 2).contains(&shown)
    });
    // The program is the one that was started.
    assert_eq!(home.run(["logs", "web"]).success().text(), "up");
    assert_eq!(home.status("web")["state"], "running");
    home.run(["delete", "--force", "web"]).success();
    home.assert_quiet();
}

#[test]
fn an_unreadable_kernel_is_named() {
    let home = Home::new();
    let kernel = home.file("kernel");
    fs::write(&kernel, b"\x7fELF").unwrap();
    fs::set_permissions(&kernel, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&kernel).is_err() {
        let name = kernel.to_str().unwrap();
        home.run(["run", "--rm", "--kernel", name, BUSYBOX, "true"])
            .failure(125, &[name]);
        home.run(["system", "kernel", "set", "--binary", name])
            .failure(1, &[name]);
    }
    home.run(["system", "kernel", "set", "--binary", "/etc/passwd"])
        .failure(1, &["/etc/passwd"]);
    home.shell("true").success();
    assert_nothing_left(&home);
}

#[test]
fn a_kernel_that_is_none_is_refused_in_bounded_time() {
    let home = Home::new().with("CONTAINER_BOOT_TIMEOUT_MS", "5000");
    let kernel = home.file("kernel");
    fs::write(&kernel, vec![0x41; 100_000]).unwrap();
    home.run(["run", "--rm", "--kernel", kernel.to_str().unwrap(), BUSYBOX, "true"])
        .with_code(125);
    assert_nothing_left(&home);
}

#[test]
fn a_missing_initramfs_is_named() {
    let home = Home::new();
    let tree = InstallTree::copy();
    for entry in fs::read_dir(tree.root().join("share/container")).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("initramfs") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    let mut command = home.command(["run", "--rm", BUSYBOX, "true"]);
    command.env("CONTAINER_INSTALL_ROOT", tree.root());
    Started::spawn(command, None).wait().failure(125, &["initramfs"]);
    assert_nothing_left(&home);
}

#[test]
fn a_full_disk_is_told_and_leaves_no_half_image() {
    require!(may_mount_in_a_namespace(), "mounts in user namespaces of one's own");
    let home = Home::empty();
    let image = home.file("image.tar");
    container_e2e::Image::new(
        "localhost/large:latest",
        container_e2e::Layer::default().file("data", 0o644, &noise(1, 8 << 20)),
    )
    .write(&image);
    let script = format!(
        "\"$PROGRAM\" image load --input '{}'; code=$?; \"$PROGRAM\" image list -q; find \"$ROOT/content/ingest\" \"$ROOT/layers\" -type f -size +100k; exit $code",
        image.display()
    );
    let script = format!("mount -t tmpfs -o size={} small \"$ROOT\" && {script}", 12 << 20);
    let outcome = home.with_own_mounts(&script);
    assert!(outcome.stdout.is_empty(), "{outcome:?}");
    outcome.failure(1, &["space"]);
}

#[test]
fn an_app_root_that_cannot_be_written_to_is_named() {
    let home = Home::empty();
    let mut command = home.command(["list"]);
    command.env("CONTAINER_APP_ROOT", "/proc/nowhere");
    Started::spawn(command, None).wait().failure(1, &["/proc/nowhere"]);
}
