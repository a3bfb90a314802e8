//! How a process is set up: environment, directory, user, limits.

use std::fs;

use container_e2e::{BUSYBOX, Home};

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
fn only_the_loopback_interface_is_there() {
    let home = Home::new();
    assert_eq!(
        run(
            &home,
            &["--network", "none"],
            "ls /sys/class/net; ping -c 1 127.0.0.1 >/dev/null && echo up"
        ),
        "lo\nup"
    );
}

#[test]
fn the_first_process_is_number_one_and_sees_no_other() {
    let home = Home::new();
    assert_eq!(run(&home, &[], "echo $$ /proc/[0-9]*"), "1 /proc/1");
}
