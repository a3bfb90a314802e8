//! From a configuration to a machine with the container's file systems in place.

use std::sync::Arc;
use std::time::Duration;

use container_agent::{AgentClient, AgentError};
use container_agent_api::AgentToken;
use container_agent_api::v1::CreateContainerRequest;
use container_hypervisor::{Machine, MachineSource};

use super::booted::Booted;
use super::context::RunContext;
use super::greet::{BootLimit, draw_token, greet};
use super::teardown::switch_off;
use crate::failure::LifeError;
use crate::logs::ConsoleLog;
use crate::networks::{Lines, Networks, configuration, guest_names};
use crate::plan::{Boot, container_request, machine_config};
use crate::session::{Run, Wishes};
use crate::timings::{Stopwatch, Timings};

/// How long the hypervisor may take to say why it ended, once the connection to the guest has broken.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_secs(1);

/// Boots the container's machine. When it ends in a way that the chooser of machines knows another way around, there is a second try.
pub(crate) async fn boot(context: &RunContext<'_>, number: u32, timings: &mut Timings) -> Result<Booted, LifeError> {
    let mut stopwatch = Stopwatch::start();
    let machines = &context.launch.machines;
    let first = machines.choose().await.map_err(LifeError::Hypervisor)?;
    timings.launcher_start_ms += stopwatch.lap_ms();
    let error = match attempt(context, number, first.as_ref(), timings).await {
        Ok(booted) => return Ok(booted),
        Err(error) => error,
    };
    let LifeError::BootEnded { exit } = &error else {
        return Err(error);
    };
    let Some(second) = machines.after(exit).await else {
        return Err(error);
    };
    tracing::warn!(accelerator = first.info().accelerator, %error, "trying another way");
    attempt(context, number, second.as_ref(), timings).await
}

async fn attempt(
    context: &RunContext<'_>,
    number: u32,
    source: &dyn MachineSource,
    timings: &mut Timings,
) -> Result<Booted, LifeError> {
    let launch = context.launch;
    let mut stopwatch = Stopwatch::start();
    let info = source.info();
    tracing::info!(
        hypervisor = info.name,
        accelerator = info.accelerator,
        reason = info.reason,
        "chose the accelerator"
    );
    timings.accelerator.clone_from(&info.accelerator);
    let request = container_request(context.config, &context.volumes.disks, info)?;
    // Empty, so that what is in it belongs to one boot.
    let path = context.bundle.boot_log();
    let (mut console, console_end) = ConsoleLog::begin(&path).map_err(|source| LifeError::File { path, source })?;
    let token = draw_token()?;
    let (lines, frame_ports) =
        Lines::make(context.config.networks.len(), info.limits.frame_ports).map_err(LifeError::Lines)?;
    let paths = launch.paths.clone();
    let networks = Arc::new(Networks::new(
        paths,
        Arc::clone(context.config),
        lines,
        context.recorder.notes(),
    ));
    let config = machine_config(
        context.config,
        &launch.paths,
        context.bundle,
        &context.volumes.disks,
        Boot {
            info,
            kernel: source.kernel().to_owned(),
            initramfs: source.initramfs().to_owned(),
            console: console_end,
            token: &token,
            frame_ports,
        },
    )?;
    let machine = source.create(config).await.map_err(LifeError::Create)?;
    timings.launcher_start_ms += stopwatch.lap_ms();
    let mut wishes = context.session.wishes();
    let result = tokio::select! {
        result = come_up(context, &machine, &networks, &token, request, timings) => result,
        _ = wishes.wait_for(Wishes::forbid_run) => Err(LifeError::Stopped),
    };
    match result {
        Ok(agent) => Ok(Booted {
            machine,
            run: Arc::new(Run::new(
                number,
                agent,
                Arc::clone(&networks),
                Arc::clone(context.config),
            )),
            console,
        }),
        Err(error) => {
            switch_off(&machine, &launch.limits).await;
            drop(machine);
            console.complete().await;
            Err(error.with_boot_hint(info.boot_hint.as_deref()))
        }
    }
}

async fn come_up(
    context: &RunContext<'_>,
    machine: &Machine,
    networks: &Networks,
    token: &AgentToken,
    mut request: CreateContainerRequest,
    timings: &mut Timings,
) -> Result<AgentClient, LifeError> {
    let mut networks_ms = 0.0;
    let attaching = async {
        let mut stopwatch = Stopwatch::start();
        let lines = networks.attach_all().await.map_err(LifeError::Networks)?;
        networks_ms = stopwatch.lap_ms();
        context.recorder.networks(networks.observed());
        Ok(lines)
    };
    // A network that refuses the container ends the boot at once.
    let (agent, lines) = tokio::try_join!(say_hello(context, machine, token, timings), attaching)?;
    timings.networks_ms += networks_ms;
    let mut stopwatch = Stopwatch::start();
    request.names = Some(guest_names(context.config, &lines));
    let setting_up = async {
        let interfaces = lines.iter().map(|line| agent.configure_interface(configuration(line)));
        let interfaces = futures_util::future::try_join_all(interfaces);
        let (created, _) = tokio::try_join!(agent.create_container(request), interfaces)?;
        Ok::<_, AgentError>(created)
    };
    let created = unless_ended(machine, setting_up)
        .await
        .map_err(LifeError::while_setting_up)?;
    timings.mounts_ms += stopwatch.lap_ms();
    timings.guest_disks_ms = created.disks_us as f64 / 1e3;
    timings.guest_overlay_ms = created.overlay_us as f64 / 1e3;
    timings.guest_create_ms = created.total_us as f64 / 1e3;
    Ok(agent)
}

/// Starts the machine and greets its agent.
async fn say_hello(
    context: &RunContext<'_>,
    machine: &Machine,
    token: &AgentToken,
    timings: &mut Timings,
) -> Result<AgentClient, LifeError> {
    let mut stopwatch = Stopwatch::start();
    let limit = BootLimit::begin(context.launch.limits.boot);
    limit.bound(machine.start()).await??;
    timings.machine_start_ms += stopwatch.lap_ms();
    let connector = machine.agent_connector()?;
    let agent = unless_ended(machine, greet(connector, token, limit)).await?;
    timings.agent_ready_ms += stopwatch.lap_ms();
    let hello = agent.hello();
    timings.guest_uptime_ms = hello.ready_uptime_us as f64 / 1e3;
    tracing::info!(
        agent = hello.agent_version,
        kernel = hello.kernel_release,
        "the agent is ready"
    );
    Ok(agent)
}

/// What is asked of the guest, given up when its machine ends.
async fn unless_ended<T, E: Into<LifeError>>(
    machine: &Machine,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, LifeError> {
    let error = tokio::select! {
        exit = machine.wait() => return Err(LifeError::BootEnded { exit }),
        result = call => match result {
            Ok(value) => return Ok(value),
            Err(error) => error.into(),
        },
    };
    if !matches!(error, LifeError::Agent(AgentError::Broken { .. })) {
        return Err(error);
    }
    // The stream of a machine that ends breaks a moment before its end is known, and the end says more.
    match tokio::time::timeout(LAST_WORDS_TIMEOUT, machine.wait()).await {
        Ok(exit) => Err(LifeError::BootEnded { exit }),
        Err(_) => Err(error),
    }
}
