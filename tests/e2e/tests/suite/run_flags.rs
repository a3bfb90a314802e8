//! Proves flags of `run`, `create` and `exec` that say how a container is confined and how it ends, many of them in one machine.

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, eventually};
use rustix::process::Signal;

/// Values that are refused, with a part of what is said of them.
const REFUSED: &[(&str, &str)] = &[
    ("--kernel-arg=a b", "one word"),
    ("--kernel-arg=container.token=1", "those of this program"),
    ("--masked-path=relative", "an absolute path"),
    ("--read-only-path=/a/../b", "an absolute path"),
    ("--runtime=runc", "there is one runtime"),
    ("--init-image=vminit", "comes with it"),
    ("--stop-signal=NOPE", "invalid signal"),
    ("--stop-timeout=-1", "--stop-timeout"),
    ("--restart=sometimes", "unknown policy 'sometimes'; use one of 'no'"),
    ("--restart=on-failure:x", "maximum retry count must be an integer"),
    ("--restart=on-failure:-1", "maximum retry count cannot be negative"),
    ("--restart=always:3", "can only be used with 'on-failure'"),
    ("--restart=:3", "no policy provided before colon"),
    ("--health-interval=soon", "a duration such as 30s"),
    ("--health-interval=-1s", "it cannot be negative"),
    ("--health-timeout=10us", "--health-timeout: it cannot be less than 1ms"),
    ("--health-start-period=1ns", "less than 1ms"),
    ("--health-start-interval=1", "a duration such as 30s"),
    ("--health-retries=-1", "--health-retries: it cannot be negative"),
    ("--health-retries=many", "--health-retries"),
    ("--pids-limit=-2", "1 to 4194304, -1, 0"),
    ("--cpu-shares=1", "2 to 262144"),
    ("--cpu-period=10", "1000 to 1000000"),
    ("--cpu-quota=10", "1000 to"),
    ("--cpuset-cpus=a", "a list such as 0-2,4"),
    ("--memory-swap=1m", "at least --memory"),
    ("--memory-reservation=100g", "at most --memory"),
    ("--blkio-weight=5", "10 to 1000"),
    ("--oom-score-adj=1001", "-1000 to 1000"),
    ("--oom-kill-disable", "--oom-score-adj"),
    (
        "--sysctl=kernel.core_pattern=|/x",
        "none of those that a container may set",
    ),
    ("--sysctl=kernel.hostname=web", "--hostname"),
    ("--sysctl=net.core.somaxconn", "NAME=VALUE"),
    ("--group-add=a:b", "name or the number of a group"),
    ("--security-opt=apparmor=docker-default", "no AppArmor"),
    ("--security-opt=label=type:x", "no SELinux"),
    ("--security-opt=nothing", "no such option"),
    ("--cgroupns=host", "kernel of its own"),
    ("--log-driver=syslog", "json-file, local and none"),
    ("--log-opt=max-size=abc", "invalid size: 'abc'"),
    ("--log-opt=max-size=10q", "invalid suffix: 'q'"),
    ("--log-opt=max-size=0", "max-size must be a positive number"),
    ("--log-opt=max-size=1m,max-file=0", "max-file cannot be less than 1"),
    (
        "--log-opt=colour=red",
        "unknown log opt 'colour' for json-file log driver",
    ),
    ("--log-opt=mode=non-blocking", "no output is dropped"),
    ("--ipc=shareable", "type=shared"),
    ("--pid=container:web", "container exec"),
    ("--userns=private", "leave it out"),
    ("--uts=host", "--hostname"),
    ("--device=/etc/passwd", "a path below /dev"),
    ("--device=/dev/fuse:/fuse", "below /dev"),
    ("--pull=often", "always, missing, never"),
    ("--ulimit=nofile=2:1", "above the hard limit"),
    ("--annotation==x", "needs a key"),
];

#[test]
fn what_cannot_be_done_is_refused_before_anything_is_made() {
    let home = Home::new();
    for (flag, reason) in REFUSED {
        for verb in ["run", "create"] {
            home.run([verb, flag, BUSYBOX, "true"]).failure(64, &[reason]);
        }
    }
    assert_eq!(home.run(["list", "-a", "-q"]).success().text(), "");
}

#[test]
fn init_reaps_passes_signals_on_and_exits_as_its_program() {
    let home = Home::new();
    home.run([
        "run",
        "-d",
        "--name",
        "box",
        "--init",
        "--masked-path",
        "/etc/passwd",
        "--read-only-path",
        "/tmp",
        "--kernel-arg",
        "hello.world=1",
        "--kernel-arg",
        "hello.text=words",
        BUSYBOX,
        "sleep",
        "1000",
    ])
    .success();
    let exec = |script: &str| home.run(["exec", "box", "sh", "-c", script]).success().text();
    assert_eq!(exec("cat /proc/1/comm /proc/2/comm"), "container-init\nsleep");
    // What it has in memory is the agent's.
    assert_eq!(
        exec("head -c 1 /proc/1/mem /proc/1/environ 2>&1 | grep -c 'denied'"),
        "2"
    );
    assert_eq!(exec("grep -c 'hello.world=1 hello.text=words' /proc/cmdline"), "1");
    assert_eq!(
        exec("wc -c < /etc/passwd; touch /tmp/file 2>/dev/null || echo protected"),
        "0\nprotected"
    );
    // An orphan is reaped, however long that takes; with sleep as its parent it would stay as it is.
    let orphan =
        "sh -c 'true & echo $! > /orphan'; until ! test -e /proc/$(cat /orphan); do sleep 0.1; done; echo reaped";
    assert_eq!(exec(orphan), "reaped");
    let limited = home.run([
        "exec",
        "--ulimit",
        "nofile=50:60",
        "box",
        "sh",
        "-c",
        "ulimit -n; ulimit -Hn",
    ]);
    assert_eq!(limited.success().text(), "50\n60");
    // As PID 1, sleep would not heed it.
    home.run(["stop", "-t", "600", "box"]).success();
    assert_eq!(home.status("box")["exitCode"], 143);
    home.run(["run", "--rm", "--init", "-t", BUSYBOX, "sh", "-c", "exit 9"])
        .with_code(9);
    home.run(["run", "--rm", "--init", BUSYBOX, "not-there"])
        .failure(127, &["not-there"]);
}

/// One machine with limits, rights and marks of all kinds.
#[test]
fn limits_rights_and_marks_are_as_asked() {
    let home = Home::new();
    let labels = home.file("labels");
    std::fs::write(&labels, "# marks\nfrom=file\nboth=file\n").unwrap();
    let label_file = format!("--label-file={}", labels.display());
    home.run([
        "run",
        "-d",
        "--name=box",
        "-c=2",
        "-m=512m",
        "--init",
        "--stop-signal=USR1",
        "--stop-timeout=600",
        "--restart=no",
        "--pids-limit=64",
        "--cpu-shares=1024",
        "--cpu-period=50000",
        "--cpu-quota=20000",
        "--cpuset-cpus=1",
        "--memory-swap=1g",
        "--memory-reservation=64m",
        "--blkio-weight=500",
        "--oom-score-adj=-7",
        "--oom-kill-disable=false",
        "--sysctl=net.core.somaxconn=77",
        "--sysctl=vm.max_map_count=262144",
        "--group-add=users",
        "--group-add=77",
        label_file.as_str(),
        "--label=both=flag",
        "--annotation=note=1",
        "--security-opt=no-new-privileges",
        "--security-opt=label=disable",
        "--cgroupns=private",
        "--ipc=private",
        "--pid=private",
        "--userns=host",
        "--uts=private",
        "--device=/dev/loop-control:/dev/loops:r",
        "--pull=never",
        "-e",
        "FROM_IMAGE",
        "-u=alice",
        BUSYBOX,
        "sleep",
        "1000",
    ])
    .success();
    let exec = |script: &str| home.run(["exec", "box", "sh", "-c", script]).success().text();
    let group = "cd /sys/fs/cgroup && cat pids.max cpu.weight cpu.max cpuset.cpus.effective memory.max memory.low memory.swap.max";
    assert_eq!(exec(group), "64\n39\n20000 50000\n1\n536870912\n67108864\n536870912");
    assert_eq!(
        exec("cat /proc/sys/net/core/somaxconn /proc/sys/vm/max_map_count"),
        "77\n262144"
    );
    assert_eq!(exec("id -u; id -G"), "1000\n1000 77 100");
    let status = "cat /proc/2/oom_score_adj; grep NoNewPrivs /proc/2/status | cut -f2; echo ${FROM_IMAGE-unset}";
    assert_eq!(exec(status), "-7\n1\nunset");
    let device =
        "stat -c %t:%T /dev/loops; (: </dev/loops) && echo read; (: >/dev/loops) 2>/dev/null || echo protected";
    let device = home.run(["exec", "-u=0", "box", "sh", "-c", device]);
    assert_eq!(device.success().text(), "a:ed\nread\nprotected");
    let environment = home.run(["exec", "-e=KEPT=1", "-e=HOSTNAME", "box", "env"]).success();
    let environment = environment.text();
    assert!(
        environment.contains("KEPT=1") && !environment.contains("HOSTNAME="),
        "{environment}"
    );
    let shown = home.run(["inspect", "box"]).success().text();
    for part in ["\"from\"", "\"both\":\"flag\"", "\"note\":\"1\""] {
        assert!(shown.replace(": ", ":").contains(part), "{part}: {shown}");
    }
    // Nothing but USR1 ends it before ten minutes are over.
    home.run(["stop", "box"]).success();
    assert_eq!(home.status("box")["exitCode"], 128 + 10);
}

#[test]
fn a_privileged_container_has_its_machine_and_streams_are_attached_as_asked() {
    let home = Home::new();
    let script = "grep -E 'CapEff|Seccomp:' /proc/self/status | cut -f2; mkdir /sys/fs/cgroup/mine && echo group; \
                  for disk in /dev/vd? /dev/sd?; do test -b $disk && head -c 1 $disk >/dev/null && echo disk && break; done; \
                  echo 1 > /proc/sys/vm/drop_caches && echo set; echo hidden >&2";
    let outcome = home
        .run([
            "run",
            "--rm",
            "--privileged",
            "--attach=stdout",
            BUSYBOX,
            "sh",
            "-c",
            script,
        ])
        .success();
    assert_eq!(outcome.text(), "000001ffffffffff\n0\ngroup\ndisk\nset");
    assert!(!outcome.stderr.contains("hidden"), "{}", outcome.stderr);
}

#[test]
fn without_sig_proxy_an_interrupt_leaves_the_program_running() {
    let home = Home::new();
    let script = "trap 'exit 7' INT; echo up; while :; do sleep 0.1; done";
    let command = home.spawn(["run", "--name=left", "--sig-proxy=false", BUSYBOX, "sh", "-c", script]);
    eventually("it is ready", COMMAND_LIMIT, || {
        home.run(["logs", "left"]).text().contains("up")
    });
    command.signal(Signal::INT);
    assert_eq!(command.wait().code, 130);
    assert_eq!(home.status("left")["state"], "running");
    home.run(["kill", "-s", "INT", "left"]).success();
    eventually("the program has ended itself", COMMAND_LIMIT, || {
        home.status("left")["exitCode"] == 7
    });
}
