//! A network's process alone, measured by `wire` (`tests/wire`), whose TCP/IP host stands in for a machine: on a machine of few processors
//! it is as much of a limit as the process.

use crate::bench::sample::Samples;
use crate::{process, workspace};
use anyhow::{Context, Result};
use serde_json::Value;
use std::process::Command;

/// What is known of the process.
pub(super) struct Alone {
    pub(super) samples: Vec<Samples>,
    /// The slower way with the largest packets, Gbit/s.
    pub(super) slowest_gigabits: f64,
    /// Resident memory of a process whose machine is idle, KiB.
    pub(super) idle_kib: f64,
}

/// A figure that `wire measure` prints.
struct Figure {
    label: String,
    unit: String,
    value: f64,
}

pub(super) fn measure() -> Result<Alone> {
    let mut alone = Alone {
        samples: Vec::new(),
        slowest_gigabits: f64::INFINITY,
        idle_kib: f64::NAN,
    };
    for figure in wire()? {
        if figure.unit == "Gbit/s" && figure.label.ends_with("MTU 65520") {
            alone.slowest_gigabits = alone.slowest_gigabits.min(figure.value);
        }
        if figure.label == "idle process, resident" {
            alone.idle_kib = figure.value;
        }
        let mut sample = Samples::new(figure.label, unit(&figure.unit));
        sample.add(figure.value);
        alone.samples.push(sample);
    }
    Ok(alone)
}

/// The figures of the process alone.
fn wire() -> Result<Vec<Figure>> {
    let mut build = Command::new(workspace::cargo());
    build
        .args(["build", "--release", "--package", "container-wire"])
        .current_dir(workspace::root());
    process::run(&mut build)?;
    let program = workspace::target_directory().join("release/wire");
    let printed = process::output(Command::new(program).arg("measure"))?;
    let printed: Vec<Value> = serde_json::from_str(&printed).context("`wire measure` prints something else")?;
    printed.iter().map(figure).collect()
}

fn figure(printed: &Value) -> Result<Figure> {
    let text = |key: &str| printed[key].as_str().map(str::to_owned);
    Ok(Figure {
        label: text("label").context("a figure has no label")?,
        unit: text("unit").context("a figure has no unit")?,
        value: printed["value"].as_f64().context("a figure has no value")?,
    })
}

/// The units that are printed: a report keeps them as literals.
fn unit(name: &str) -> &'static str {
    ["Gbit/s", "s/GiB", "µs", "1/s", "KiB"]
        .into_iter()
        .find(|unit| *unit == name)
        .unwrap_or_default()
}
