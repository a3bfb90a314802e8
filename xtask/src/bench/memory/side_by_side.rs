//! Idle containers of one image side by side: what each takes of the host's memory, booted, from a template, and in podman.

use crate::bench::app_root::{AppRoot, IMAGE, TEMPLATES};
use crate::bench::podman::Podman;
use crate::bench::processes;
use crate::bench::sample::Samples;
use crate::bench::tree::Tree;
use crate::process;
use anyhow::{Context, Result, bail};
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// How many containers there are at once.
const COUNT: u16 = 20;

/// Until what the guests have freed at their start has gone back to the host, and until a template is built for a container that runs on.
const SETTLED: Duration = Duration::from_secs(20);

/// Time for a template to be there.
const TEMPLATE_LIMIT: Duration = Duration::from_secs(120);

/// Words of a container that does nothing.
const IDLE: [&str; 2] = ["sleep", "100000"];

/// What a container takes, MiB: proportional set size of all its processes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    /// One of all that there are.
    pub(super) each_mib: f64,
    /// One more, when there is one already.
    pub(super) further_mib: f64,
}

/// What containers take of each kind.
pub(super) struct SideBySide {
    pub(super) booted: Taken,
    pub(super) restored: Taken,
    /// Where podman may run.
    pub(super) podman: Option<Taken>,
}

impl SideBySide {
    /// Measures all kinds, one after the other: the host has memory for one.
    pub(super) fn measure(tree: &Tree) -> Result<Self> {
        let app_root = AppRoot::with_image(tree)?;
        let booted = of_ours(&app_root, "off")?;
        leave_template(&app_root)?;
        let restored = of_ours(&app_root, "on")?;
        let podman = match Podman::is_usable() {
            true => Some(of_podman(&Podman::with_image(&app_root)?)?),
            false => None,
        };
        Ok(Self {
            booted,
            restored,
            podman,
        })
    }

    /// The figures, each with what it is of.
    pub(super) fn samples(&self, label: impl Fn(&str) -> String) -> Vec<Samples> {
        let podman = self.podman.map(|podman| ("podman", podman));
        let kinds = [("booted", self.booted), ("from a template", self.restored)];
        let kinds = kinds.into_iter().chain(podman);
        let samples = kinds.flat_map(|(kind, taken)| {
            [("each", taken.each_mib), ("a further one", taken.further_mib)].map(|(which, value)| {
                let mut samples = Samples::new(label(&format!("{COUNT} idle containers, {kind}: {which}")), "MiB");
                samples.add(value);
                samples
            })
        });
        samples.collect()
    }
}

fn with_templates(app_root: &AppRoot, words: &[&str], templates: &str) -> Command {
    let mut command = app_root.container(words);
    command.env(TEMPLATES, templates);
    command
}

fn run(app_root: &AppRoot, name: &str, templates: &str) -> Result<()> {
    let flags = ["run", "--detach", "--network", "none", "--name", name, IMAGE];
    process::output(&mut with_templates(app_root, &[&flags[..], &IDLE].concat(), templates)).map(drop)
}

/// Has a container leave the template that those like it continue from.
fn leave_template(app_root: &AppRoot) -> Result<()> {
    run(app_root, "first", "on")?;
    let begun = Instant::now();
    let directory = app_root.application_root().join("templates");
    let is_there = || {
        let entries = fs::read_dir(&directory);
        entries.is_ok_and(|entries| {
            entries
                .flatten()
                .any(|entry| entry.path().join("manifest.json").exists())
        })
    };
    while !is_there() {
        if begun.elapsed() > TEMPLATE_LIMIT {
            bail!("the first container has left no template");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    app_root.quietly(&["delete", "--force", "first"])
}

fn of_ours(app_root: &AppRoot, templates: &str) -> Result<Taken> {
    let names: Vec<String> = (1..=COUNT).map(|number| format!("idle-{number}")).collect();
    let taken = side_by_side(
        |number| {
            let name = names.get(usize::from(number)).context("a container without a name")?;
            run(app_root, name, templates)
        },
        || processes::of_app_root(app_root),
    );
    let words: Vec<&str> = names.iter().map(String::as_str).collect();
    let deleted = app_root.quietly(&[&["delete", "--force"][..], &words].concat());
    let taken = taken?;
    deleted.map(|()| taken)
}

fn of_podman(podman: &Podman) -> Result<Taken> {
    side_by_side(
        |_| process::output(&mut podman.run(&["--detach"], &IDLE)).map(drop),
        || {
            let ids = process::output(&mut podman.command(&["ps", "--quiet"]))?;
            let ids: Vec<&str> = ids.split_whitespace().collect();
            let words = ["inspect", "--format", "{{.State.Pid}} {{.State.ConmonPid}}"];
            let processes = process::output(&mut podman.command(&[&words[..], &ids].concat()))?;
            let processes = processes.split_whitespace().map(str::parse);
            processes
                .collect::<Result<_, _>>()
                .context("a process without a number")
        },
    )
}

/// Starts one container, then the rest, and looks at their processes both times.
fn side_by_side(start: impl Fn(u16) -> Result<()>, processes: impl Fn() -> Result<Vec<u32>>) -> Result<Taken> {
    start(0)?;
    std::thread::sleep(SETTLED);
    let first_mib = processes::all_proportional_mib(&processes()?)?;
    for number in 1..COUNT {
        start(number)?;
    }
    std::thread::sleep(SETTLED);
    let all_mib = processes::all_proportional_mib(&processes()?)?;
    Ok(Taken {
        each_mib: all_mib / f64::from(COUNT),
        further_mib: (all_mib - first_mib) / f64::from(COUNT - 1),
    })
}
