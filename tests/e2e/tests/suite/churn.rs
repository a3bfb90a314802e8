//! Proves that many runs, one after the other and at once, succeed and leave no process and no file behind.

use container_e2e::{BUSYBOX, Home};

/// Runs in a row, unless `E2E_RUNS` says otherwise.
const RUNS: usize = 20;

#[test]
fn many_runs_in_a_row_leave_nothing() {
    let runs = std::env::var("E2E_RUNS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(RUNS);
    let home = Home::new();
    home.shell("true").success();
    // The process of its network, which has a socket, stays for a moment.
    home.assert_quiet();
    let before = files(&home);
    for number in 0..runs {
        let outcome = home.run([
            "run",
            "--rm",
            BUSYBOX,
            "sh",
            "-c",
            &format!("echo {number}; exit {}", number % 5),
        ]);
        assert_eq!(
            (outcome.text(), outcome.code),
            (number.to_string(), i32::try_from(number % 5).unwrap()),
            "{outcome:?}"
        );
    }
    home.assert_quiet();
    assert_eq!(files(&home), before);
}

#[test]
fn eight_at_once_succeed() {
    let home = Home::new();
    let started: Vec<_> = (0..8)
        .map(|number| {
            let script = format!("echo {number}; sleep 1; exit {number}");
            home.spawn(["run", "--rm", "-m", "200m", "-c", "1", BUSYBOX, "sh", "-c", &script])
        })
        .collect();
    for (number, started) in started.into_iter().enumerate() {
        let outcome = started.wait();
        assert_eq!(
            (outcome.text(), outcome.code),
            (number.to_string(), i32::try_from(number).unwrap()),
            "{outcome:?}"
        );
    }
    home.assert_quiet();
}

#[test]
fn commands_at_once_do_not_corrupt_anything() {
    let home = Home::new();
    let started: Vec<_> = (0..12)
        .map(|number| match number % 3 {
            0 => home.spawn(["create", "--name", &format!("c{number}"), BUSYBOX, "true"]),
            1 => home.spawn(["image", "tag", BUSYBOX, &format!("tag-{number}")]),
            _ => home.spawn(["list", "--all"]),
        })
        .collect();
    for started in started {
        started.wait().success();
    }
    assert_eq!(home.run(["ls", "-aq"]).success().text().lines().count(), 4);
    assert_eq!(home.run(["image", "ls", "-q"]).success().text().lines().count(), 5);
}

/// Names of all files below the app root and the runtime directory.
fn files(home: &Home) -> Vec<std::path::PathBuf> {
    let mut directories = vec![home.app_root(), home.runtime()];
    let mut files = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                directories.push(entry.path());
            }
            files.push(entry.path());
        }
    }
    files.sort();
    files
}
