//! `cargo xtask test`: the README's second command. Everything is set up, then every test of the workspace runs; the last line is the summary.
//!
//! Each test is a process of its own with a limit of time and a temporary directory that it must leave empty. The end-to-end tests run as an
//! ordinary user, also when this task runs as root. With guests of another architecture a part of them runs.

mod binaries;
pub(crate) mod debian_tar;
mod guest;
mod run;
mod single;
mod smoke;
mod stage;
mod stub_tree;
mod tally;

use crate::architecture::{Architecture, Variant};
use crate::backend::Backend;
use crate::install_tree::Profile;
use crate::progress::{Steps, say};
use crate::setup::{self, Guests, Plan};
use crate::{debian, install_tree};
use anyhow::{Result, bail};
use binaries::{Binary, Scope};
use guest::Guest;
use run::Selection;
use stage::Stage;
use tally::Tally;

/// Parts of the end-to-end tests that need programs of Debian which macOS does not have (a registry, mmdebstrap, e2fsck), or what is for Linux alone: the file
/// server, templates.
const DEBIANS_PROGRAMS: [&str; 23] = [
    "archives",
    "binds",
    "clones",
    "databases",
    "debian",
    "interruption",
    "layers",
    "lies",
    "locks",
    "login",
    "memory",
    "peers",
    "platforms",
    "posix",
    "pulling",
    "real_load",
    "real_peers",
    "shared_volumes",
    "stopped_root",
    "tls",
    "traffic",
    "volumes",
    "watch",
];

/// Parts of the end-to-end tests that say nothing of a backend, because they choose QEMU themselves, are about what it alone does (such as shared directories), about
/// programs on networks or the program as a file that is started from elsewhere, or about what is above the seam, whatever runs the machines (images, builds,
/// records, logs, events, policies): they run with the default one.
const OF_ONE_BACKEND: [&str; 36] = [
    "archives",
    "autostart",
    "binds",
    "build_caches",
    "build_mounts",
    "build_outputs",
    "build_progress",
    "build_sources",
    "clones",
    "command_line",
    "completion",
    "conflicts",
    "databases",
    "doctor",
    "events",
    "full_disk",
    "health",
    "host_faults",
    "image_commands",
    "images",
    "interruption",
    "layers",
    "listing",
    "locks",
    "login",
    "logs",
    "memory",
    "posix",
    "pulling",
    "real_load",
    "real_peers",
    "rename",
    "restart_policy",
    "shared_volumes",
    "tls",
    "watch",
];

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Runs only the tests whose name, with their package before it, contains all of these words.
    filter: Vec<String>,
    /// Architecture of guests; may be given several times. One that is not the host's is emulated, and a part of the end-to-end tests runs with it.
    #[arg(long = "arch", value_enum, value_name = "ARCH", default_values_t = [Architecture::host()])]
    architectures: Vec<Architecture>,
    /// What runs the machines of the end-to-end tests; may be given several times.
    #[arg(long = "backend", value_enum, value_name = "BACKEND", default_values_t = [Backend::Default])]
    backends: Vec<Backend>,
}

/// Sets up and tests.
///
/// # Errors
/// When setting up fails or a test does.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let steps = Steps::default();
    set_up(&steps, arguments)?;
    if cfg!(target_os = "linux") {
        steps.run("packages for the tests", || debian::install(&debian::for_tests()))?;
    }
    let guests = guests(arguments);
    let is_for_all = |guest: &Guest| !guest.is_foreign() && guest.backend != Backend::VzStub;
    let scope = if guests.iter().any(is_for_all) {
        Scope::Workspace
    } else {
        Scope::EndToEnd
    };
    let binaries = steps.run("compiling the tests", || binaries::compile(scope))?;
    steps.report();
    let mut tally = Tally::default();
    for guest in guests {
        tally.add(&run_with(guest, &binaries, arguments)?);
    }
    println!("\n{tally}");
    if tally.failed > 0 {
        bail!("{} tests failed", tally.failed);
    }
    Ok(())
}

/// The runs of the tests, one after the other. The stand-in has the host's own guests only.
fn guests(arguments: &Arguments) -> Vec<Guest> {
    let pairs = arguments.architectures.iter().flat_map(|architecture| {
        let backends = arguments.backends.iter();
        backends.map(move |backend| (*architecture, *backend))
    });
    pairs
        .filter(|(architecture, backend)| *architecture == Architecture::host() || *backend != Backend::VzStub)
        .flat_map(|(architecture, backend)| Guest::runs(architecture, backend))
        .collect()
}

/// The host's own guests as `setup` makes them; foreign ones with both kernels, because they are tested with the devices of both.
fn set_up(steps: &Steps, arguments: &Arguments) -> Result<()> {
    let (own, foreign) = arguments
        .architectures
        .iter()
        .copied()
        .partition::<Vec<_>, _>(|architecture| *architecture == Architecture::host());
    for (architectures, variants) in [(own, Vec::new()), (foreign, vec![Variant::Emulated, Variant::Standard])] {
        if architectures.is_empty() {
            continue;
        }
        let plan = Plan {
            guests: Guests {
                variants,
                ..Guests::of(&architectures)
            },
            backend: arguments.backends.first().copied().unwrap_or_default(),
            profile: Profile::Tested,
        };
        setup::build_all(steps, &plan)?;
    }
    Ok(())
}

fn run_with(guest: Guest, binaries: &[Binary], arguments: &Arguments) -> Result<Tally> {
    let is_foreign = |architecture: &Architecture| *architecture != Architecture::host();
    let selection = Selection {
        filter: &arguments.filter,
        foreign_guests: arguments.architectures.iter().any(is_foreign),
        only: guest.is_foreign().then_some(&smoke::TESTS),
        except: if guest.backend == Backend::VzStub {
            &OF_ONE_BACKEND
        } else {
            &[]
        },
        without: if cfg!(target_os = "linux") {
            &[]
        } else {
            &DEBIANS_PROGRAMS
        },
    };
    let stage = Stage::new(&install_tree::directory(), guest)?;
    // Only the end-to-end tests run the installed program.
    let binaries: Vec<Binary> = binaries
        .iter()
        .filter(|binary| guest.backend != Backend::VzStub || binary.is_end_to_end())
        .cloned()
        .collect();
    stage.admit(&binaries)?;
    say(format_args!("running the tests of {} binaries{guest}", binaries.len()));
    run::all(&binaries, &selection, &stage)
}
