//! What a container has freed, the host has again.

use std::fs;
use std::path::PathBuf;

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, Process, eventually};

use crate::clones::data_of;

/// What the container asks for and frees, KiB.
const FREED_KIB: u64 = 160 << 10;

/// A figure of /proc/PID/status, KiB, proc(5).
fn figure_kib(process: &Process, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id)).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let number = line.trim_start_matches(':').trim().strip_suffix(" kB").unwrap();
    number.parse().unwrap()
}

fn template_memory(home: &Home) -> PathBuf {
    let directory = fs::read_dir(home.app_root().join("templates")).unwrap();
    let mut memory = directory.flatten().map(|entry| entry.path().join("memory"));
    memory.find(|path| path.exists()).unwrap()
}

#[test]
fn what_a_container_from_a_template_frees_goes_back_to_the_host_and_not_to_the_template() {
    let home = Home::new().with("CONTAINER_TEMPLATES", "on");
    home.run(["run", "--name", "first", BUSYBOX, "true"]).success();
    home.assert_quiet();
    let memory = template_memory(&home);
    let before = data_of(&memory);

    let script = format!("dd if=/dev/zero of=/dev/null bs={FREED_KIB}k count=1; echo freed; exec sleep 1000");
    home.run(["run", "-d", "--name", "frees", BUSYBOX, "sh", "-c", &script])
        .success();
    eventually("it has freed everything", COMMAND_LIMIT, || {
        home.run(["logs", "frees"]).text().contains("freed")
    });
    let timings = home.app_root().join("containers/frees/timings.json");
    let log = || fs::read_to_string(timings.with_file_name("launcher.log")).unwrap();
    let hypervisor = home.processes().into_iter().find(Process::is_hypervisor).unwrap();
    let most_kib = figure_kib(&hypervisor, "VmHWM");
    assert!(most_kib > FREED_KIB, "{most_kib} KiB; {}", log());
    // Half of it, because what is left here and there of a block of 2 MiB stays.
    eventually("the host has it again", COMMAND_LIMIT, || {
        figure_kib(&hypervisor, "VmRSS") < most_kib - FREED_KIB / 2
    });
    assert!(data_of(&memory) == before);
    assert_eq!(home.run(["exec", "frees", "echo", "well"]).success().text(), "well");
    home.run(["kill", "frees"]).success();
    home.assert_quiet();
    let told: serde_json::Value = serde_json::from_slice(&fs::read(&timings).unwrap()).unwrap();
    assert_eq!(told["is_restored"], true, "{}", log());
}
