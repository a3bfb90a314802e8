//! Proves that limits and restart policies of containers can be changed, running or not, and that they are kept.

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, eventually};

fn exec(home: &Home, script: &str) -> String {
    home.run(["exec", "web", "sh", "-c", script]).success().text()
}

fn configuration(home: &Home, name: &str) -> serde_json::Value {
    home.run(["inspect", name]).success().json()[0]["configuration"].clone()
}

fn events(home: &Home) -> String {
    let words = [
        "events",
        "--since",
        "1970-01-01",
        "--until",
        "0s",
        "--filter",
        "event=update",
    ];
    home.run(words).success().text()
}

#[test]
fn a_running_container_has_other_limits_at_once_and_after_a_restart() {
    let home = Home::new();
    let run = [
        "run", "-d", "--name", "web", "-m", "512m", "--cpus", "2", BUSYBOX, "sleep", "1000",
    ];
    home.run(run).success();
    let group = "cd /sys/fs/cgroup && cat pids.max cpu.weight cpu.max cpuset.cpus.effective memory.max";
    assert_eq!(exec(&home, group), "max\n100\nmax 100000\n0-1\n536870912");
    let flags = "--pids-limit=64 --cpu-shares=1024 --cpu-quota=20000 --cpus=1 --memory=300m --blkio-weight=500";
    let words = ["update"].into_iter().chain(flags.split(' ')).chain(["web"]);
    let updated = home.run(words).success();
    assert_eq!((updated.text().as_str(), updated.stderr.as_str()), ("web", ""));
    let changed = "64\n39\n20000 100000\n0\n314572800";
    assert_eq!(exec(&home, group), changed);
    assert!(events(&home).contains("container update web"), "{}", events(&home));
    let shown = configuration(&home, "web");
    assert_eq!(
        (&shown["resources"]["cpus"], &shown["resources"]["memoryInBytes"]),
        (&1.into(), &314_572_800.into())
    );
    // The limit works, and not only on paper.
    let forks = "i=0; while [ $i -lt 80 ]; do sleep 1000 & i=$((i+1)); done";
    let refused = home.run(["exec", "web", "sh", "-c", forks]);
    assert_ne!(refused.code, 0, "{refused:?}");

    home.run(["restart", "--time", "0", "web"]).success();
    assert_eq!(exec(&home, group), changed);
    assert_eq!(exec(&home, "nproc"), "1");

    // More than the machine has.
    let more = home
        .run(["update", "--cpus=2", "--memory=400m", "--pids-limit=-1", "web"])
        .success();
    let told = more.stderr;
    assert!(
        told.contains("web: memory of 400mb holds from the next start"),
        "{told}"
    );
    assert!(
        told.contains("web: the number of 2 CPUs holds from the next start"),
        "{told}"
    );
    assert_eq!(
        exec(&home, "cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/memory.max"),
        "max\n314572800"
    );
    home.run(["restart", "--time", "0", "web"]).success();
    assert_eq!(exec(&home, "nproc; cat /sys/fs/cgroup/memory.max"), "2\n419430400");
    home.run(["delete", "--force", "web"]).success();
    home.assert_quiet();
}

#[test]
fn memory_that_is_in_use_is_not_taken_away() {
    let home = Home::new();
    let run = [
        "run",
        "-d",
        "--name",
        "web",
        "-m",
        "400m",
        "--shm-size",
        "300m",
        BUSYBOX,
        "sleep",
        "1000",
    ];
    home.run(run).success();
    exec(&home, "dd if=/dev/zero of=/dev/shm/file bs=1M count=250 2>/dev/null");
    let before = configuration(&home, "web");
    let group = "cd /sys/fs/cgroup && cat memory.max memory.high pids.max";
    let limits = exec(&home, group);
    home.run(["update", "--memory", "200m", "--pids-limit", "64", "web"])
        .failure(1, &["web", "MiB of memory, which is more than 200 MiB"]);
    assert_eq!(exec(&home, group), limits);
    assert_eq!(configuration(&home, "web"), before);
    // What is only cached goes.
    exec(&home, "mv /dev/shm/file /file && sync && cat /file >/dev/null");
    home.run(["update", "--memory", "200m", "--pids-limit", "64", "web"])
        .success();
    assert_eq!(exec(&home, group), "209715200\nmax\n64");
    home.run(["delete", "--force", "web"]).success();
    home.assert_quiet();
}

#[test]
fn a_container_that_does_not_run_has_them_when_it_starts() {
    let home = Home::new();
    home.run(["create", "--name", "web", BUSYBOX, "sleep", "1000"])
        .success();
    home.run(["create", "--name", "db", "--rm", BUSYBOX, "true"]).success();
    let several = ["update", "--memory", "333m", "--pids-limit", "32", "web", "gone", "db"];
    let updated = home.run(several);
    assert_eq!(updated.text(), "web\ndb");
    updated.failure(1, &["\"gone\" not found"]);
    assert_eq!(configuration(&home, "db")["resources"]["memoryInBytes"], 333 << 20);
    home.run(["update", "--restart", "always", "db"])
        .failure(64, &["cannot specify both --restart and --rm"]);
    for (words, part) in [
        (&["update", "web"][..], "you must provide one or more flags"),
        (&["update", "--memory", "1m", "web"], "too little"),
        (&["update", "--memory-swap", "100m", "web"], "at least --memory"),
        (&["update", "--memory-reservation", "1g", "web"], "at most --memory"),
        (&["update", "--cpuset-cpus", "99", "web"], "from 0 on"),
        (&["update", "--pids-limit", "-2", "web"], "--pids-limit -2"),
        (&["update", "--restart", "sometimes", "web"], "unknown policy"),
        (&["update", "--pids-limit", "1"], "CONTAINER"),
    ] {
        home.run(words).failure(64, &[part]);
    }
    home.run(["start", "web"]).success();
    let group = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max";
    assert_eq!(exec(&home, group), "349175808\n32");
    home.run(["delete", "--force", "web", "db"]).success();
    home.assert_quiet();
}

#[test]
fn a_restart_policy_counts_for_the_run_that_goes_on() {
    let home = Home::new();
    let until_file = "while [ ! -e /end ]; do sleep 0.1; done; rm /end; exit 3";
    home.run(["run", "-d", "--name", "web", BUSYBOX, "sh", "-c", until_file])
        .success();
    assert_eq!(
        home.run(["update", "--restart", "always", "web"]).success().text(),
        "web"
    );
    assert_eq!(
        configuration(&home, "web")["options"]["restartPolicy"]["name"],
        "always"
    );
    // It may be killed by the end that it brings about.
    let end = || home.run(["exec", "web", "touch", "/end"]);
    end();
    eventually("it is started again", COMMAND_LIMIT, || {
        let status = home.status("web");
        status["state"] == "running" && status["restartCount"] == 1
    });
    home.run(["update", "--restart", "no", "web"]).success();
    end();
    eventually("it stays stopped", COMMAND_LIMIT, || {
        home.status("web")["state"] == "stopped"
    });
    assert_eq!(home.status("web")["exitCode"], 3);
    home.run(["delete", "web"]).success();
    home.assert_quiet();
}
