//! A network's process alone, and passt in its place, measured by `wire` (`tests/wire`), whose TCP/IP host stands in for a machine: on a
//! machine of few processors it is as much of a limit as they are.

use crate::bench::sample::Samples;
use crate::progress::say;
use crate::{process, workspace};
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Subjects, as `wire measure` calls them.
const OURS: &str = "network";
const PASST: &str = "passt";

/// What is known of the process.
pub(super) struct Alone {
    pub(super) samples: Vec<Samples>,
    /// The slower way with the largest packets, Gbit/s.
    pub(super) slowest_gigabits: f64,
    /// Resident memory of a process whose machine is idle, and private memory of each idle connection, KiB.
    pub(super) idle_kib: f64,
    pub(super) flow_kib: f64,
    /// Its processor time for as many bytes as passt's, as a ratio, by what was done; empty without passt.
    pub(super) cpu_to_passt: Vec<(String, f64)>,
}

/// What `wire measure` prints for one label of one subject, in all rounds.
struct Figure {
    subject: String,
    label: String,
    samples: Samples,
}

/// Builds `wire`.
///
/// # Errors
/// When the build fails.
pub(super) fn build() -> Result<PathBuf> {
    let mut build = Command::new(workspace::cargo());
    build
        .args(["build", "--locked", "--release", "--package", "container-wire"])
        .current_dir(workspace::root());
    process::run(&mut build)?;
    Ok(workspace::target_directory().join("release/wire"))
}

pub(super) fn measure(wire: &Path, rounds: usize) -> Result<Alone> {
    let mut figures = Vec::new();
    for round in 1..=rounds {
        say(format_args!("network's process: round {round} of {rounds}"));
        add_round(&mut figures, wire)?;
    }
    let median = |wanted: &str| {
        let mut ours = figures.iter().filter(|figure| figure.subject == OURS);
        ours.find(|figure| figure.label == wanted)
            .map_or(f64::NAN, |figure| figure.samples.median())
    };
    let ways = ["out of", "into"].map(|way| median(&format!("{way} a machine, MTU 65520")));
    Ok(Alone {
        slowest_gigabits: ways.into_iter().reduce(f64::min).unwrap_or(f64::NAN),
        idle_kib: median("idle process, resident"),
        flow_kib: median("an idle flow, private"),
        cpu_to_passt: cpu_to_passt(&figures),
        samples: figures.into_iter().map(|figure| figure.samples).collect(),
    })
}

fn cpu_to_passt(figures: &[Figure]) -> Vec<(String, f64)> {
    let of = |subject: &'static str| figures.iter().filter(move |figure| figure.subject == subject);
    of(OURS)
        .filter(|figure| figure.label.starts_with("CPU "))
        .filter_map(|ours| {
            let passt = of(PASST).find(|passt| passt.label == ours.label)?;
            Some((ours.label.clone(), ours.samples.ratio_to(&passt.samples)))
        })
        .collect()
}

/// Adds what is printed once.
fn add_round(figures: &mut Vec<Figure>, program: &Path) -> Result<()> {
    let mut command = Command::new(program);
    let printed = process::output(command.arg("measure").stderr(Stdio::inherit()))?;
    let printed: Vec<Value> = serde_json::from_str(&printed).context("`wire measure` prints something else")?;
    for value in &printed {
        let text = |key: &str| value[key].as_str().with_context(|| format!("a figure has no {key}"));
        let (subject, label, unit) = (text("subject")?, text("label")?, text("unit")?);
        let known = figures
            .iter_mut()
            .find(|figure| figure.subject == subject && figure.label == label);
        let number = value["value"].as_f64().context("a figure has no value")?;
        if let Some(known) = known {
            known.samples.add(number);
            continue;
        }
        let mut samples = Samples::new(format!("{subject}: {label}"), known_unit(unit)?);
        samples.add(number);
        figures.push(Figure {
            subject: subject.to_owned(),
            label: label.to_owned(),
            samples,
        });
    }
    Ok(())
}

/// The units that are printed: a report keeps them as literals.
fn known_unit(name: &str) -> Result<&'static str> {
    ["Gbit/s", "s/GiB", "µs", "1/s", "KiB"]
        .into_iter()
        .find(|unit| *unit == name)
        .with_context(|| format!("a figure's unit is {name}"))
}
