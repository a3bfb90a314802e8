//! What commands take while other containers flood their machines: one writes to its log without end, one forks up to its limit of processes, and one
//! asks for more memory than it may have, again and again.

use super::super::app_root::{AppRoot, IMAGE};
use super::super::sample::Samples;
use anyhow::Result;

/// A quiet container.
const QUIET: &str = "quiet";
/// Containers that flood, with their flags and programs.
const FLOODS: [(&str, &[&str], &str); 3] = [
    ("flood-log", &[], "yes 0123456789012345678901234567890123456789"),
    (
        "flood-processes",
        &["--pids-limit", "200"],
        "bomb() { bomb | bomb & }; while :; do bomb; sleep 1; done 2>/dev/null",
    ),
    (
        "flood-memory",
        &["-m", "200M"],
        "while :; do tail /dev/zero; done 2>/dev/null",
    ),
];

/// What was measured, and the ratios of times beside floods to those before.
pub(super) struct Flood {
    pub(super) samples: Vec<Samples>,
    pub(super) to_quiet: Vec<(String, f64)>,
}

/// What is measured: a label, and the words of the command.
const COMMANDS: [(&str, &[&str]); 3] = [
    ("list", &["list", "--all"]),
    ("inspect", &["inspect", QUIET]),
    ("exec", &["exec", QUIET, "true"]),
];

pub(super) fn measure(app_root: &AppRoot, runs: usize) -> Result<Flood> {
    run(app_root, QUIET, &[], &["sleep", "100000"])?;
    let before = times(app_root, runs, "before floods")?;
    for (name, flags, program) in FLOODS {
        run(app_root, name, flags, &["sh", "-c", program])?;
    }
    let beside = times(app_root, runs, "beside floods")?;
    app_root.quietly(&["delete", "--force", "--all"])?;
    let to_quiet = COMMANDS
        .iter()
        .zip(before.iter().zip(&beside))
        .map(|((label, _), (before, beside))| ((*label).to_owned(), beside.median() / before.median()))
        .collect();
    Ok(Flood {
        samples: [before, beside].concat(),
        to_quiet,
    })
}

fn run(app_root: &AppRoot, name: &str, flags: &[&str], words: &[&str]) -> Result<()> {
    let begin = ["run", "-d", "--network", "none", "--name", name];
    app_root.quietly(&[&begin[..], flags, &[IMAGE], words].concat())
}

fn times(app_root: &AppRoot, runs: usize, when: &str) -> Result<Vec<Samples>> {
    let mut all = COMMANDS.map(|(label, _)| Samples::new(format!("{label} {when}"), "ms"));
    for _ in 0..runs {
        for (samples, (_, words)) in all.iter_mut().zip(COMMANDS) {
            samples.time(|| app_root.quietly(words))?;
        }
    }
    Ok(all.into())
}
