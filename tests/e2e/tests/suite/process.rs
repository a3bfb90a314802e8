//! Proves how the process of a container is set up: environment, directory, user, limits, file systems, capabilities.

use std::fs;

use container_e2e::{BUSYBOX, Home, Image, Layer};

fn run(home: &Home, flags: &[&str], script: &str) -> String {
    let words = [&["run", "--rm"], flags, &[BUSYBOX, "sh", "-c", script]].concat();
    home.run(words).success().text()
}

#[test]
fn the_environment_is_the_images_then_files_then_flags() {
    let home = Home::new().with("FROM_HOST", "host value");
    let file = home.file("environment");
    fs::write(&file, "# comment\nA=file\nB=file\nFROM_HOST\n").unwrap();
    let flags = [
        "--env-file",
        file.to_str().unwrap(),
        "-e",
        "A=flag",
        "-e",
        "NOT_SET_HERE",
        "-e",
        "C=a b=c",
    ];
    let shown = run(
        &home,
        &flags,
        "echo \"$FROM_IMAGE $A $B $FROM_HOST ${NOT_SET_HERE-unset} $C\"",
    );
    assert_eq!(shown, "yes flag file host value unset a b=c");
}

#[test]
fn the_directory_is_made_when_it_is_missing() {
    let home = Home::new();
    assert_eq!(run(&home, &[], "pwd"), "/");
    assert_eq!(run(&home, &["-w", "/new/directory"], "pwd"), "/new/directory");
    assert_eq!(run(&home, &["--cwd", "/tmp"], "pwd"), "/tmp");
}

#[test]
fn users_are_looked_up_in_the_image() {
    let home = Home::new();
    assert_eq!(run(&home, &[], "id -u"), "0");
    assert_eq!(
        run(&home, &["-u", "alice"], "id -u; id -g; id -G"),
        "1000\n1000\n1000 100"
    );
    assert_eq!(run(&home, &["-u", "1234:100"], "id -u; id -g"), "1234\n100");
    assert_eq!(run(&home, &["--uid", "77", "--gid", "88"], "id -u; id -g"), "77\n88");
    home.run(["run", "--rm", "-u", "nobody-here", BUSYBOX, "true"])
        .failure(125, &["nobody-here"]);
}

#[test]
fn an_entrypoint_replaces_the_images_program() {
    let home = Home::new();
    let outcome = home
        .run(["run", "--rm", "--entrypoint", "echo", BUSYBOX, "hello", "-n"])
        .success();
    assert_eq!(outcome.text(), "hello -n");
}

#[test]
fn a_read_only_root_refuses_writes_but_memory_file_systems_take_them() {
    let home = Home::new();
    let script = "touch /file 2>/dev/null && echo written; touch /run/file /dev/shm/file && echo memory";
    assert_eq!(run(&home, &["--read-only", "--tmpfs", "/run"], script), "memory");
    assert_eq!(run(&home, &[], "touch /file && echo written"), "written");
}

#[test]
fn processors_and_memory_are_limited() {
    let home = Home::new();
    let script = "cat /sys/fs/cgroup/memory.max; nproc";
    assert_eq!(run(&home, &["-m", "256m", "-c", "2"], script), "268435456\n2");
    home.run(["run", "-m", "100m", BUSYBOX, "true"]).failure(64, &["200"]);
    home.run(["run", "-c", "0", BUSYBOX, "true"]).failure(64, &["CPU"]);
}

#[test]
fn the_host_name_is_the_containers_name() {
    let home = Home::new();
    assert_eq!(
        run(&home, &["--name", "web-1"], "hostname; cat /proc/sys/kernel/hostname"),
        "web-1\nweb-1"
    );
}

#[test]
fn limits_and_shared_memory_are_as_asked() {
    let home = Home::new();
    let script = "ulimit -n; ulimit -Hn; df -m /dev/shm | tail -1 | awk '{print $2}'";
    let flags = ["--ulimit", "nofile=100:200", "--shm-size", "32m"];
    assert_eq!(run(&home, &flags, script), "100\n200\n32");
}

#[test]
fn limits_are_dockers_unless_they_are_asked_for() {
    let home = Home::new();
    let script = "ulimit -n; ulimit -Hn; ulimit -u; ulimit -Hu; ulimit -c; ulimit -Hc; \
                  ulimit -Sn 100 && ulimit -Sn 1048576 && ulimit -n";
    assert_eq!(
        run(&home, &["-u", "alice"], script),
        "1048576\n1048576\nunlimited\nunlimited\nunlimited\nunlimited\n1048576"
    );
    // The kernel has no unlimited number of open files; its own bound stands for it.
    let script = "ulimit -n; ulimit -Hn; cat /proc/sys/fs/nr_open /proc/sys/kernel/pid_max; ulimit -l; ulimit -Hs";
    let flags = [
        "--ulimit",
        "nofile=unlimited",
        "--ulimit",
        "memlock=-1",
        "--ulimit",
        "stack=-1",
    ];
    assert_eq!(
        run(&home, &flags, script),
        "1073741816\n1073741816\n1073741816\n4194304\nunlimited\nunlimited"
    );
}

/// The busybox image with a program and a directory for root only, and a dangling link.
fn private_image(home: &Home) -> &'static str {
    let name = "localhost/private:latest";
    let layer = Layer::default()
        .file("bin/for-root", 0o700, b"#!/bin/sh\necho ran\n")
        .directory("private", 0o700)
        .file("private/tool", 0o755, b"#!/bin/sh\necho ran\n")
        .link("dangling", "/nowhere");
    let archive = home.file("private.tar");
    Image::busybox(name).layer(layer.into_bytes()).write(&archive);
    home.run(["image", "load", "--input", archive.to_str().unwrap()])
        .success();
    name
}

#[test]
fn a_program_is_found_and_a_directory_entered_with_the_rights_of_the_user() {
    let home = Home::new();
    let image = private_image(&home);
    let denied = ["permission denied"];
    home.run(["run", "--rm", "-u", "1000", image, "for-root"])
        .failure(126, &denied);
    home.run(["run", "--rm", "-u", "1000", "-w", "/private", image, "true"])
        .failure(126, &["permission denied", "/private"]);
    home.run([
        "run",
        "-d",
        "--name",
        "box",
        "-e",
        "PATH=/bin:/private",
        image,
        "sleep",
        "1000",
    ])
    .success();
    for program in ["for-root", "/bin/for-root", "tool", "/private/tool"] {
        home.run(["exec", "-u", "1000", "box", program]).failure(126, &denied);
    }
    assert_eq!(home.run(["exec", "box", "tool"]).success().text(), "ran");
    home.run(["exec", "-u", "1000", "-w", "/private", "box", "true"])
        .failure(126, &denied);
    home.run(["exec", "-w", "/private", "box", "./tool"]).success();
    // A dangling link cannot be the working directory, and its target is not made.
    home.run(["run", "--rm", "-w", "/dangling/sub", image, "true"])
        .failure(125, &["/dangling/sub", "leads nowhere"]);
    home.run(["exec", "-w", "/dangling", "box", "true"])
        .failure(125, &["/dangling", "no such file or directory"]);
}

#[test]
fn file_systems_in_memory_take_options_and_resemble_what_they_hide() {
    let home = Home::new();
    let flags = "--tmpfs /t:size=1m,mode=700 --tmpfs /open --tmpfs /home --tmpfs /tmp:mode=711,uid=5,exec";
    let script = "stat -c '%n %u:%g %a' /t /open /home /tmp; df -k /t | tail -1 | awk '{print $2}'; \
                  grep -c 'tmpfs /\\(t\\|open\\|home\\|tmp\\) tmpfs rw,nosuid,nodev' /proc/mounts; \
                  cp /bin/busybox /tmp/true && /tmp/true && echo ran";
    assert_eq!(
        run(&home, &flags.split(' ').collect::<Vec<_>>(), script),
        "/t 0:0 700\n/open 0:0 1777\n/home 0:0 755\n/tmp 5:0 711\n1024\n4\nran"
    );
    home.run(["run", "--tmpfs", "/t:nope", BUSYBOX, "true"]).with_code(64);
}

#[test]
fn capabilities_can_be_dropped() {
    let home = Home::new();
    let script = "grep CapEff /proc/self/status | cut -f2";
    assert_eq!(run(&home, &["--cap-drop", "ALL"], script), "0000000000000000");
    assert_eq!(
        run(&home, &["--cap-drop", "ALL", "--cap-add", "chown"], script),
        "0000000000000001"
    );
    assert_ne!(run(&home, &[], script), "0000000000000000");
}

#[test]
fn only_the_loopback_interface_is_up_without_a_network() {
    let home = Home::new();
    assert_eq!(
        run(
            &home,
            &["--network", "none"],
            "ip -o link | grep ,UP | cut -d : -f 2; ping -c 1 127.0.0.1 >/dev/null && echo up"
        ),
        " lo\nup"
    );
}

#[test]
fn the_first_process_is_number_one_and_sees_no_other() {
    let home = Home::new();
    assert_eq!(run(&home, &[], "echo $$ /proc/[0-9]*"), "1 /proc/1");
}
