//! Pulling images from a local registry: ours against podman and against the least that anybody must do with the same bytes.
//!
//! The three take turns, each from nothing: a new application root, a new root of podman. What the page cache still has to write is written before
//! the clock starts. The limit is downloading, inflating and hashing every layer, as many at once as there are cores, and writing nothing.

mod contender;
mod content;
mod gallery;
mod layout;

use super::sample::{Report, Samples};
use super::tree::{self, RATIO_TO_OTHER, Tree, other_label};
use crate::debian;
use crate::progress::say;
use anyhow::{Result, bail};
use contender::{Contest, Pulled};
use gallery::{Gallery, Picture};

/// Most of the limit's time.
const LIMIT_RATIO: f64 = 1.4;
/// Largest resident memory of a pull, in MiB, whatever the image.
const LIMIT_MEMORY_MIB: f64 = 150.0;
/// What a pull on a base that is here may download over the layers that are not.
const LIMIT_DOWNLOAD_RATIO: f64 = 1.01;

/// An image and what is aimed at with it.
struct Aim {
    picture: Picture,
    /// Most of podman's time.
    podman_ratio: Option<f64>,
    /// Most allocated bytes of layer disks over the size of the tar archives.
    disk_ratio: Option<f64>,
}

/// 8 times as fast as podman on small files, twice on a large layer; disks close to the content.
const AIMS: [Aim; 3] = [
    Aim {
        picture: gallery::CROWDED,
        podman_ratio: Some(1.0 / 8.0),
        disk_ratio: Some(1.35),
    },
    Aim {
        picture: gallery::LARGE,
        podman_ratio: Some(1.0 / 2.0),
        disk_ratio: Some(1.1),
    },
    Aim {
        picture: gallery::LAYERED,
        podman_ratio: None,
        disk_ratio: None,
    },
];

/// Measures every image, and one that shares its base with another.
///
/// # Errors
/// When this is not root, which podman's overlay needs, or anything that is to be measured does not work.
pub(super) fn measure(trees: &tree::Contest, runs: usize) -> Result<Report> {
    if !rustix::process::geteuid().is_root() {
        bail!("run as root: podman unpacks onto overlay only then as it does for its users");
    }
    debian::install(&debian::for_image_bench())?;
    let gallery = Gallery::open()?;
    let contest = Contest::new(&gallery)?;
    let cores = std::thread::available_parallelism()?.get();
    let mut samples = Vec::new();
    let mut verdicts = vec![("cores".to_owned(), count(cores as u64), None)];
    for aim in &AIMS {
        let label = aim.picture.label;
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
            limit.add(contest.limit(&aim.picture, cores)?);
            podman.add(contest.podman(&aim.picture)?);
            if let Some(tree) = &trees.other {
                contest.forget()?;
                other.add(contest.ours(tree, &aim.picture)?.wall_ms);
            }
            contest.forget()?;
            let Pulled { wall_ms, peak_mib } = contest.ours(&trees.built, &aim.picture)?;
            ours.add(wall_ms);
            memory.add(peak_mib);
            disk_ratio = count(contest.disk_bytes()?) / count(gallery.tar_bytes(&aim.picture)?);
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
    let (sibling, ratio) = second_on_the_same_base(&gallery, &contest, &trees.built, runs)?;
    verdicts.push((
        format!("{}: downloaded / new layers", gallery::SIBLING.label),
        ratio,
        Some(LIMIT_DOWNLOAD_RATIO),
    ));
    samples.push(sibling);
    contest.end()?;
    let report = Report::new("images", samples);
    Ok(verdicts.into_iter().fold(report, |report, (label, value, limit)| {
        report.verdict(label, value, limit)
    }))
}

/// Time of a pull whose base is here, and the bytes that it downloads over the size of the layers that are not.
fn second_on_the_same_base(
    gallery: &Gallery,
    contest: &Contest<'_>,
    tree: &Tree,
    runs: usize,
) -> Result<(Samples, f64)> {
    let label = gallery::SIBLING.label;
    let mut samples = Samples::new(format!("{label}: container image pull"), "ms");
    let mut ratio = f64::NAN;
    for run in 1..=runs {
        say(format_args!("{label}: run {run} of {runs}"));
        contest.forget()?;
        contest.ours(tree, &gallery::LAYERED)?;
        let before = gallery.served_bytes()?;
        samples.add(contest.ours(tree, &gallery::SIBLING)?.wall_ms);
        let downloaded = gallery.served_bytes()? - before;
        ratio = count(downloaded) / count(gallery.new_bytes(&gallery::SIBLING, &gallery::LAYERED)?);
    }
    Ok((samples, ratio))
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn count(value: u64) -> f64 {
    value as f64
}
