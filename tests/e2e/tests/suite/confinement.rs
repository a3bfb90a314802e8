//! Proves that root in a container cannot open the machine's devices, and that the files and mounts which we add to a container have
//! owner and mode as with podman.

use std::collections::BTreeSet;

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, eventually};

/// Opens every device that the kernel knows, and some that other kernels have, for reading and for writing, and prints the results.
const OPEN_ALL: &str = r#"
mkdir -p /tmp/nodes
try() {
    node=/tmp/nodes/$1-$2
    [ -e $node ] || mknod $node $1 ${2%:*} ${2#*:} || exit 9
    read=$( (: < $node) 2>&1 )
    write=$( (: >> $node) 2>&1 )
    echo "$1 $2|$read|$write"
}
for path in /sys/dev/char/*; do try c ${path##*/}; done
for path in /sys/dev/block/*; do try b ${path##*/}; done
for number in 1:1 1:4 1:11 4:0 4:64 5:1 204:64 229:0; do try c $number; done
for number in 8:0 254:0; do try b $number; done
"#;

/// Character devices that a container has.
const OPEN: [&str; 9] = [
    "c 1:3", "c 1:5", "c 1:7", "c 1:8", "c 1:9", "c 5:0", "c 5:2", "c 10:200", "c 10:229",
];

#[track_caller]
fn assert_only_its_own(report: &str) {
    let mut refused = BTreeSet::new();
    for line in report.lines() {
        let mut fields = line.split('|');
        let (device, attempts) = (fields.next().unwrap(), fields.collect::<Vec<_>>());
        assert_eq!(attempts.len(), 2, "{line}");
        let permitted = |attempt: &&str| !attempt.contains("Operation not permitted");
        if OPEN.contains(&device) {
            assert!(attempts.iter().all(permitted), "{line}");
        } else {
            assert!(!attempts.iter().any(permitted), "{line}");
            refused.insert(device);
        }
    }
    for device in ["c 1:1", "c 1:4", "c 1:11", "c 4:64", "c 5:1", "b 8:0", "b 254:0"] {
        assert!(refused.contains(device), "{device} was not tried: {report}");
    }
}

#[test]
fn devices_of_the_machine_cannot_be_opened() {
    let home = Home::new();
    let script = format!("{OPEN_ALL}\necho done; sleep 1000");
    let words = [
        "run",
        "-d",
        "--name",
        "box",
        "--cap-add",
        "SYS_ADMIN",
        BUSYBOX,
        "sh",
        "-c",
        &script,
    ];
    home.run(words).success();
    let exec = |script: &str| home.run(["exec", "box", "sh", "-c", script]).success().text();
    let log = || home.run(["logs", "box"]).success().text();
    eventually("the first process has tried everything", COMMAND_LIMIT, || {
        log().ends_with("done")
    });
    assert_only_its_own(log().trim_end_matches("done").trim_end());
    // The port to the host has no fixed number.
    let ports = "for port in /sys/class/virtio-ports/*; do grep -c . $port/dev; done";
    assert_ne!(exec(ports), "");
    // Neither a control group made by the container nor the nodes of a devtmpfs are a way around.
    let group = "mkdir -p /tmp/groups && mount -t cgroup2 none /tmp/groups && mkdir /tmp/groups/own && \
                 echo $$ > /tmp/groups/own/cgroup.procs && grep -q own /proc/self/cgroup || exit 8\n";
    assert_only_its_own(&exec(&format!("{group}{OPEN_ALL}")));
    let nodes = "mkdir /tmp/dev && mount -t devtmpfs none /tmp/dev && (: > /tmp/dev/console) 2>&1 | grep -o 'Operation not permitted'";
    assert_eq!(exec(nodes), "Operation not permitted");
    // On file systems in memory no device works, because they are mounted `nodev`.
    let memory = "mknod /dev/shm/null c 1 3 && (: < /dev/shm/null) 2>&1 | grep -o 'Permission denied'";
    assert_eq!(exec(memory), "Permission denied");
}

/// All files and directories in a new container that are not the image's: kind, owner and mode as `podman run -t --tmpfs …` has them.
const MADE: [(&str, &str); 30] = [
    ("/dev", "directory 0:0 755"),
    ("/dev/console", "character special file 0:5 620"),
    ("/dev/fd", "symbolic link 0:0 777"),
    ("/dev/full", "character special file 0:0 666"),
    ("/dev/mqueue", "directory 0:0 1777"),
    ("/dev/null", "character special file 0:0 666"),
    ("/dev/ptmx", "symbolic link 0:0 777"),
    ("/dev/pts", "directory 0:0 755"),
    ("/dev/pts/0", "character special file 0:5 620"),
    ("/dev/pts/ptmx", "character special file 0:0 666"),
    ("/dev/random", "character special file 0:0 666"),
    ("/dev/shm", "directory 0:0 1777"),
    ("/dev/stderr", "symbolic link 0:0 777"),
    ("/dev/stdin", "symbolic link 0:0 777"),
    ("/dev/stdout", "symbolic link 0:0 777"),
    ("/dev/tty", "character special file 0:0 666"),
    ("/dev/urandom", "character special file 0:0 666"),
    ("/dev/zero", "character special file 0:0 666"),
    ("/etc/hostname", "regular file 0:0 644"),
    ("/etc/hosts", "regular file 0:0 644"),
    ("/etc/resolv.conf", "regular file 0:0 644"),
    ("/made", "directory 0:0 755"),
    ("/made/deep", "directory 0:0 755"),
    ("/memory", "directory 0:0 1777"),
    ("/mount", "directory 0:0 755"),
    ("/mount/point", "directory 0:0 1777"),
    ("/proc", "directory 0:0 555"),
    ("/sys", "directory 0:0 555"),
    ("/sys/fs/cgroup", "directory 0:0 755"),
    ("/var", "directory 0:0 755"),
];

#[test]
fn what_is_made_in_a_container_has_owner_and_mode_that_podman_gives_it() {
    let home = Home::new();
    // The content of /bin is the image's, that of /proc and /sys the kernel's.
    let script = "show() { stat -c '%n|%F %u:%g %a' \"$@\"; }\n\
                  find / -path '/proc/*' -prune -o -path '/sys/*' -prune -o -path '/bin/*' -prune -o -print | \
                  while read path; do show $path; done; show /sys/fs/cgroup";
    let flags = "--tmpfs /memory --tmpfs /mount/point --tmpfs /var -w /made/deep";
    let words = ["run", "--rm", "-t"].into_iter().chain(flags.split(' '));
    let shown = home.run(words.chain([BUSYBOX, "sh", "-c", script])).success().text();
    let image = [
        "/",
        "/bin",
        "/etc",
        "/root",
        "/home",
        "/usr",
        "/tmp",
        "/etc/passwd",
        "/etc/group",
        "/etc/not-executable",
    ];
    let mut found: Vec<(&str, &str)> = shown
        .lines()
        .filter_map(|line| line.trim_end().split_once('|'))
        .filter(|(path, _)| !image.contains(path))
        .collect();
    found.sort_unstable();
    assert_eq!(found, MADE);
}
