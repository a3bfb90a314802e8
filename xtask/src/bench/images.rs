//! Pulling images from a local registry: our pull against podman's and against a lower limit.
//!
//! The three take turns, each with empty stores. Before each measurement, dirty pages are written to the disk. The limit is downloading,
//! inflating and hashing every layer, as many at once as there are cores, and writing nothing.

mod content;
mod layout;
mod pulls;
mod registry;

use super::sample::{Report, Samples};
use super::tree::{self, RATIO_TO_OTHER, Tree, other_label};
use crate::debian;
use crate::progress::say;
use anyhow::{Result, bail};
use pulls::{Pulled, Stores};
use registry::{BenchImage, Registry};

/// Most of the limit's time.
const LIMIT_RATIO: f64 = 1.4;
/// Largest resident memory of a pull, in MiB, whatever the image.
const LIMIT_MEMORY_MIB: f64 = 150.0;
/// Most downloaded bytes of a pull over the size of the layers that are not in the store.
const LIMIT_DOWNLOAD_RATIO: f64 = 1.01;

/// An image and the aims for it.
struct Aim {
    image: BenchImage,
    /// Most of podman's time.
    podman_ratio: Option<f64>,
    /// Most allocated bytes of layer disks over the size of the tar archives.
    disk_ratio: Option<f64>,
}

/// 8 times as fast as podman on small files, twice on a large layer; layer disks not much larger than the layers.
const AIMS: [Aim; 3] = [
    Aim {
        image: registry::CROWDED,
        podman_ratio: Some(1.0 / 8.0),
        disk_ratio: Some(1.35),
    },
    Aim {
        image: registry::LARGE,
        podman_ratio: Some(1.0 / 2.0),
        disk_ratio: Some(1.1),
    },
    Aim {
        image: registry::LAYERED,
        podman_ratio: None,
        disk_ratio: None,
    },
];

/// Measures every image, and one that shares its base with another.
///
/// # Errors
/// When this is not root, which podman's overlay needs, or anything that is to be measured does not work.
pub(super) fn measure(trees: &tree::Trees, runs: usize) -> Result<Report> {
    if !rustix::process::geteuid().is_root() {
        bail!("run as root: podman unpacks onto overlay only then as it does for its users");
    }
    debian::install(&debian::for_image_bench())?;
    let registry = Registry::open()?;
    let stores = Stores::new(&registry)?;
    let cores = std::thread::available_parallelism()?.get();
    let mut samples = Vec::new();
    let mut verdicts = vec![("cores".to_owned(), count(cores as u64), None)];
    for aim in &AIMS {
        let label = aim.image.label;
        let (mut ours, mut podman, mut limit) = (
            Samples::new(format!("{label}: container image pull"), "ms"),
            Samples::new(format!("{label}: podman pull"), "ms"),
            Samples::new(format!("{label}: curl | gzip -dc | sha256sum"), "ms"),
        );
        let mut memory = Samples::new(format!("{label}: peak resident memory"), "MiB");
        let mut other = Samples::new(other_label(&format!("{label}: container image pull")), "ms");
        let mut disk_ratio = f64::NAN;
        for run in 1..=runs {
            say(format_args!("{label}: run {run} of {runs}"));
            limit.add(stores.limit(&aim.image, cores)?);
            podman.add(stores.podman(&aim.image)?);
            if let Some(tree) = &trees.other {
                stores.forget()?;
                other.add(stores.ours(tree, &aim.image)?.wall_ms);
            }
            stores.forget()?;
            let Pulled { wall_ms, peak_mib } = stores.ours(&trees.built, &aim.image)?;
            ours.add(wall_ms);
            memory.add(peak_mib);
            disk_ratio = count(stores.disk_bytes()?) / count(registry.tar_bytes(&aim.image)?);
        }
        let mut verdict = |what: &str, value, limit| verdicts.push((format!("{label}: {what}"), value, limit));
        verdict("ours / podman", ours.median() / podman.median(), aim.podman_ratio);
        verdict("ours / limit", ours.median() / limit.median(), Some(LIMIT_RATIO));
        verdict("peak resident MiB, worst run", memory.maximum(), Some(LIMIT_MEMORY_MIB));
        verdict("disks / tar", disk_ratio, aim.disk_ratio);
        if trees.other.is_some() {
            verdict(RATIO_TO_OTHER, ours.ratio_to(&other), None);
            samples.push(other);
        }
        samples.extend([ours, podman, limit, memory]);
    }
    let (sibling, ratio) = second_on_the_same_base(&registry, &stores, &trees.built, runs)?;
    verdicts.push((
        format!("{}: downloaded / new layers", registry::SIBLING.label),
        ratio,
        Some(LIMIT_DOWNLOAD_RATIO),
    ));
    samples.push(sibling);
    stores.end()?;
    let report = Report::new("images", samples);
    Ok(verdicts.into_iter().fold(report, |report, (label, value, limit)| {
        report.verdict(label, value, limit)
    }))
}

/// Time of a pull whose base layers are in the store, and the bytes that it downloads over the size of the others.
fn second_on_the_same_base(
    registry: &Registry,
    stores: &Stores<'_>,
    tree: &Tree,
    runs: usize,
) -> Result<(Samples, f64)> {
    let label = registry::SIBLING.label;
    let mut samples = Samples::new(format!("{label}: container image pull"), "ms");
    let mut ratio = f64::NAN;
    for run in 1..=runs {
        say(format_args!("{label}: run {run} of {runs}"));
        stores.forget()?;
        stores.ours(tree, &registry::LAYERED)?;
        let before = registry.served_bytes()?;
        samples.add(stores.ours(tree, &registry::SIBLING)?.wall_ms);
        let downloaded = registry.served_bytes()? - before;
        ratio = count(downloaded) / count(registry.new_bytes(&registry::SIBLING, &registry::LAYERED)?);
    }
    Ok((samples, ratio))
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn count(value: u64) -> f64 {
    value as f64
}
