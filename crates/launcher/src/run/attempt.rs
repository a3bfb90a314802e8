//! One machine, from its description to an agent that has made the container.

use std::os::unix::net::UnixStream;
use std::sync::Arc;

use container_agent_api::AgentToken;
use container_agent_api::v1::CreateContainerRequest;
use container_hypervisor::{GuestMemory, MachineConfig, MachineSource, SharedDescriptor};
use container_state::AppPaths;

use super::booted::Booted;
use super::come_up::{Beginning, Opening, Up, come_up};
use super::context::RunContext;
use super::room::{RoomKeeper, shortage};
use crate::failure::LifeError;
use crate::greet::draw_token;
use crate::launch::TemplateUse;
use crate::logs::ConsoleLog;
use crate::networks::{Lines, Networks};
use crate::plan::{Boot, container_request, has_shares, machine_config};
use crate::session::{Run, Wishes};
use crate::switch_off::switch_off;
use crate::templates::{Container, Suspect, WantedTemplate, find_template};
use crate::timings::{Stopwatch, Timings};

/// A machine that holds the container.
pub(super) struct Attempted {
    pub(super) booted: Booted,
    /// A template that other containers could continue from and that there is not.
    pub(super) wanted: Option<Box<WantedTemplate>>,
}

/// A machine did not come to hold the container.
pub(super) enum Failed {
    /// One that continued from a template: one that boots may do better.
    Continuing(LifeError, Suspect),
    Otherwise(LifeError),
}

impl From<LifeError> for Failed {
    fn from(error: LifeError) -> Self {
        Self::Otherwise(error)
    }
}

impl From<Failed> for LifeError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Continuing(error, _) | Failed::Otherwise(error) => error,
        }
    }
}

/// What a machine is made of.
struct Parts {
    config: MachineConfig,
    request: CreateContainerRequest,
    token: AgentToken,
    console: ConsoleLog,
    networks: Arc<Networks>,
    share_changes: Option<UnixStream>,
}

/// Makes a machine from `source` and has it hold the container; it may continue from a template as `templates` says.
pub(super) async fn attempt(
    context: &RunContext<'_>,
    number: u32,
    source: &dyn MachineSource,
    templates: &TemplateUse,
    timings: &mut Timings,
) -> Result<Attempted, Failed> {
    let mut stopwatch = Stopwatch::start();
    let info = source.info();
    timings.accelerator.clone_from(&info.accelerator);
    let mut parts = describe(context, source)?;
    let container = Container {
        config: context.config,
        bundle: context.bundle,
        volumes: context.volumes,
        paths: &context.launch.paths,
        limits: context.launch.limits,
        is_new: number == 1 && context.bundle.is_disk_untouched(),
    };
    let found = Box::pin(find_template(container, source, templates, &parts.config)).await;
    let (continuation, wanted) = (found.continuation, found.wanted);
    let mut beginning = Beginning::Boot;
    if let Some(continuation) = &continuation {
        parts.config.memory = continuation.memory();
        parts.token = continuation.token();
        beginning = match continuation.has_container() {
            true => Beginning::Container,
            false => Beginning::Machine,
        };
    }
    if beginning != Beginning::Container {
        context.bundle.forget_untouched_disk();
    }
    timings.is_restored = continuation.is_some();
    timings.launcher_start_ms += stopwatch.lap_ms();
    match Box::pin(bring_up(context, number, source, parts, beginning, timings)).await {
        Ok(booted) => {
            if let Some(continuation) = continuation {
                let outlives_power = !context.config.options.auto_remove;
                continuation.keep(context.bundle, outlives_power).await;
            }
            Ok(Attempted { booted, wanted })
        }
        Err(error) => match continuation {
            Some(continuation) if error.may_boot_instead() => {
                Err(Failed::Continuing(error, continuation.give_up().await))
            }
            _ => Err(Failed::Otherwise(error)),
        },
    }
}

/// Describes a machine that boots.
fn describe(context: &RunContext<'_>, source: &dyn MachineSource) -> Result<Parts, LifeError> {
    let info = source.info();
    tracing::info!(
        hypervisor = info.name,
        accelerator = info.accelerator,
        reason = info.reason,
        "chose the accelerator"
    );
    let request = container_request(context.config, context.volumes, info)?;
    // Empty, so that what is in it belongs to one boot.
    let path = context.bundle.boot_log();
    let (console, console_end) = ConsoleLog::begin(&path).map_err(|source| LifeError::File { path, source })?;
    let token = draw_token()?;
    let (lines, frame_ports) =
        Lines::make(context.config.networks.len(), info.limits.frame_ports).map_err(LifeError::Lines)?;
    let paths: &AppPaths = &context.launch.paths;
    let networks = Networks::new(
        paths.clone(),
        Arc::clone(context.config),
        lines,
        context.recorder.notes(),
    );
    let (share_changes, of_server) = match has_shares(context.config, &context.volumes.trees) {
        true => UnixStream::pair()
            .map(|(near, far)| (Some(near), Some(far)))
            .map_err(LifeError::ShareChanges)?,
        false => (None, None),
    };
    let config = machine_config(
        context.config,
        paths,
        context.volumes,
        Boot {
            // Unique on the host, and what the user knows it by.
            name: context.bundle.directory().display().to_string(),
            root_disk: context.bundle.root_disk(),
            info,
            kernel: source.kernel().to_owned(),
            initramfs: source.initramfs().to_owned(),
            console: console_end,
            token: &token,
            frame_ports,
            share_changes: of_server.map(SharedDescriptor::from),
            memory: GuestMemory::Own,
        },
    )?;
    Ok(Parts {
        config,
        request,
        token,
        console,
        networks: Arc::new(networks),
        share_changes,
    })
}

async fn bring_up(
    context: &RunContext<'_>,
    number: u32,
    source: &dyn MachineSource,
    parts: Parts,
    beginning: Beginning,
    timings: &mut Timings,
) -> Result<Booted, LifeError> {
    let launch = context.launch;
    let Parts {
        config,
        request,
        token,
        mut console,
        networks,
        share_changes,
    } = parts;
    let mut stopwatch = Stopwatch::start();
    let machine = source.create(config).await.map_err(LifeError::Create)?;
    timings.launcher_start_ms += stopwatch.lap_ms();
    let mut wishes = context.session.wishes();
    let architecture = source.info().architecture;
    let opening = Opening {
        beginning,
        token: &token,
        request,
        architecture,
    };
    let up = Box::pin(come_up(context, &machine, &networks, opening, timings));
    let result: Result<Up, LifeError> = tokio::select! {
        result = up => result,
        error = shortage(&machine) => Err(error),
        _ = wishes.wait_for(Wishes::forbid_run) => Err(LifeError::Stopped),
    };
    match result {
        Ok(Up { agent, starting }) => Ok(Booted {
            room: RoomKeeper::start(&machine, context.session, launch.limits.room),
            machine,
            run: Arc::new(Run::new(
                number,
                agent,
                architecture,
                networks,
                Arc::clone(context.config),
                context.recorder.notes(),
            )),
            console,
            share_changes,
            starting,
        }),
        Err(error) => {
            switch_off(&machine, &launch.limits).await;
            drop(machine);
            console.complete().await;
            Err(error.with_boot_hint(source.info().boot_hint.as_deref()))
        }
    }
}
