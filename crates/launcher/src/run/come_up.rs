//! From a machine that was made to an agent that has made the container.

use std::time::Duration;

use container_agent::{AgentClient, AgentError, StartingProcess};
use container_agent_api::AgentToken;
use container_agent_api::v1::{ConfigureInterfaceRequest, CreateContainerRequest, ResumeRequest, StartProcess};
use container_hypervisor::{GuestArchitecture, Machine};
use container_state::VolumeStore;

use super::context::RunContext;
use crate::failure::LifeError;
use crate::greet::{BootLimit, draw_entropy, greet, reach};
use crate::networks::{AttachedLine, Networks, configuration, guest_names};
use crate::plan::init_process;
use crate::timings::{Stopwatch, Timings};

/// How long the hypervisor may take to say why it ended, once the connection to the guest has broken.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_secs(1);

/// How far a machine is when its agent hears its first word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
    /// It boots.
    Boot,
    /// It continues from a template in which there is no container.
    Machine,
    /// It continues from a template whose container is to be this one.
    Container,
}

/// How the conversation with the agent opens.
pub(super) struct Opening<'a> {
    pub(super) beginning: Beginning,
    /// What it is shown.
    pub(super) token: &'a AgentToken,
    /// The container that it is to make, unless it has it.
    pub(super) request: CreateContainerRequest,
    pub(super) architecture: GuestArchitecture,
}

/// A machine's agent that has made the container.
pub(super) struct Up {
    pub(super) agent: AgentClient,
    /// The first process, if it has been asked for already.
    pub(super) starting: Option<StartingProcess>,
}

/// Starts a machine, and has its agent make the container, or become it.
pub(super) async fn come_up(
    context: &RunContext<'_>,
    machine: &Machine,
    networks: &Networks,
    opening: Opening<'_>,
    timings: &mut Timings,
) -> Result<Up, LifeError> {
    let Opening {
        beginning,
        token,
        request,
        architecture,
    } = opening;
    let mut networks_ms = 0.0;
    let attaching = attach(context, networks, &mut networks_ms);
    if beginning == Beginning::Boot {
        // A network that refuses the container ends the boot at once.
        let (agent, lines) = tokio::try_join!(say_hello(context, machine, token, timings), attaching)?;
        timings.networks_ms += networks_ms;
        let interfaces = lines.iter().map(configuration).collect();
        make_container(context, machine, &agent, request, &lines, interfaces, timings).await?;
        return Ok(Up { agent, starting: None });
    }
    let mut stopwatch = Stopwatch::start();
    let limit = BootLimit::begin(context.launch.limits.boot);
    let starting = async {
        limit.bound(machine.start()).await??;
        let mut connector = machine.agent_connector()?;
        unless_ended(machine, reach(connector.as_mut(), limit)).await
    };
    let (stream, lines) = tokio::try_join!(starting, attaching)?;
    timings.networks_ms += networks_ms;
    timings.machine_start_ms += stopwatch.lap_ms();
    let resume = resume_request(context, beginning, &lines)?;
    let first = match beginning {
        Beginning::Container => first_process(context, architecture),
        Beginning::Boot | Beginning::Machine => None,
    };
    let resuming = limit.bound(AgentClient::resume(stream, token, resume, first, limit.left()));
    let (agent, starting) = unless_ended(machine, async { Ok::<_, LifeError>(resuming.await??) })
        .await
        .map_err(LifeError::while_setting_up)?;
    timings.agent_ready_ms += stopwatch.lap_ms();
    if beginning == Beginning::Machine {
        // It has its interfaces already.
        make_container(context, machine, &agent, request, &lines, Vec::new(), timings).await?;
    }
    Ok(Up { agent, starting })
}

/// The first process, if a client wants it by now. What is wrong with its description is told when it is asked for after this.
fn first_process(context: &RunContext<'_>, architecture: GuestArchitecture) -> Option<StartProcess> {
    let session = context.session;
    let is_wanted = context.config.build.is_none() && session.wishes().borrow().start;
    is_wanted
        .then(|| init_process(context.config, architecture, session.window_size()).ok())
        .flatten()
}

/// What makes a machine that continues from a template the container's own.
fn resume_request(
    context: &RunContext<'_>,
    beginning: Beginning,
    lines: &[AttachedLine],
) -> Result<ResumeRequest, LifeError> {
    let machine = ResumeRequest {
        // The client says it.
        hello: None,
        entropy: draw_entropy()?,
        interfaces: lines.iter().map(configuration).collect(),
        without_container: true,
        ..ResumeRequest::default()
    };
    if beginning != Beginning::Container {
        return Ok(machine);
    }
    Ok(ResumeRequest {
        hostname: context.config.hostname().to_owned(),
        names: Some(guest_names(context.config, lines)),
        memory_limit_bytes: context.config.resources.memory_bytes,
        cpu_quota_us: 0,
        without_container: false,
        ..machine
    })
}

/// Has the agent make the container, and these network interfaces beside it.
async fn make_container(
    context: &RunContext<'_>,
    machine: &Machine,
    agent: &AgentClient,
    mut request: CreateContainerRequest,
    lines: &[AttachedLine],
    interfaces: Vec<ConfigureInterfaceRequest>,
    timings: &mut Timings,
) -> Result<(), LifeError> {
    let mut stopwatch = Stopwatch::start();
    request.names = Some(guest_names(context.config, lines));
    let store = VolumeStore::new(&context.launch.paths);
    let filling = unless_ended(machine, context.volumes.begin_filling(&store)).await?;
    filling.spare_filled(&mut request.mounts);
    let setting_up = async {
        let interfaces = interfaces
            .into_iter()
            .map(|interface| agent.configure_interface(interface));
        let interfaces = futures_util::future::try_join_all(interfaces);
        let (created, _) = tokio::try_join!(agent.create_container(request), interfaces)?;
        Ok::<_, AgentError>(created)
    };
    let created = unless_ended(machine, setting_up)
        .await
        .map_err(LifeError::while_setting_up)?;
    filling.complete(context.volumes).await?;
    timings.mounts_ms += stopwatch.lap_ms();
    timings.guest_disks_ms = created.disks_us as f64 / 1e3;
    timings.guest_overlay_ms = created.overlay_us as f64 / 1e3;
    timings.guest_create_ms = created.total_us as f64 / 1e3;
    Ok(())
}

/// Attaches the machine to the container's networks.
async fn attach(
    context: &RunContext<'_>,
    networks: &Networks,
    networks_ms: &mut f64,
) -> Result<Vec<AttachedLine>, LifeError> {
    let mut stopwatch = Stopwatch::start();
    let lines = networks.attach_all().await.map_err(LifeError::Networks)?;
    *networks_ms = stopwatch.lap_ms();
    context.recorder.networks(networks.observed());
    Ok(lines)
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
