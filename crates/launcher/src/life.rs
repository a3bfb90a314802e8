//! The life of one container, from possession to the final record: one run after the other.

mod own;
mod prepare;
mod runs;
mod signals;

use std::sync::Arc;

use container_model::{ContainerConfig, Phase};
use container_state::ContainerLock;
use tokio::task::spawn_blocking;

use crate::failure::LifeError;
use crate::launch::Launch;
use crate::recorder::Recorder;
use crate::run::RunContext;
use crate::server::ControlService;
use crate::session::{Ending, Progress, Session};
use crate::timings::{Stopwatch, Timings};
use crate::volumes::{self, AttachedVolumes};
use own::own;
use prepare::prepare;
use runs::run_all;
use signals::end_on_signals;

/// Runs a container from the possession of its lock to its final record, and serves its control socket meanwhile. Failures are
/// answered to the clients that asked for the start and are on record afterwards.
pub async fn run(mut launch: Launch) {
    let mut timings = Timings::new(launch.id.as_str(), 1);
    let mut stopwatch = Stopwatch::start();
    let session = Arc::new(Session::new());
    let control = launch.control.take();
    let has_starter = control.is_some();
    let limits = launch.limits;
    let service = ControlService::start(&session, limits, control);
    let told_to_end = end_on_signals(&session, limits);
    let ending = match own(&launch).await {
        Ok((owned, config)) => {
            timings.launcher_start_ms += stopwatch.lap_ms();
            live(&launch, &session, &service, owned, config, timings).await
        }
        Err(error) => Ending::failed(error.to_failure(&[])),
    };
    session.set_progress(Progress::Recorded(ending));
    session.output.close();
    if has_starter {
        // A start that failed at once may be over before the starter has asked for anything: it is to hear why.
        let mut wishes = session.wishes();
        let heard = wishes.wait_for(|wishes| wishes.heard || wishes.abandoned);
        let _ = tokio::time::timeout(limits.farewell, heard).await;
    }
    service.end(told_to_end, limits).await;
}

/// The life of a container that is ours. Returns once its end is on record, its socket gone and its lock free.
async fn live(
    launch: &Launch,
    session: &Arc<Session>,
    service: &ControlService,
    owned: ContainerLock,
    config: ContainerConfig,
    mut timings: Timings,
) -> Ending {
    let bundle = owned.bundle().clone();
    let config = Arc::new(config);
    let recorder = Recorder::start(owned, (*config).clone());
    // Before there is a socket: only a record that says "live" makes the next command look for what a killed launcher left.
    let _ = recorder.phase(Phase::Starting).await;
    let attached = attach_volumes(launch, &config).await;
    let nothing = AttachedVolumes::default();
    let context = RunContext {
        launch,
        session,
        config: &config,
        bundle: &bundle,
        recorder: &recorder,
        volumes: attached.as_ref().unwrap_or(&nothing),
    };
    // A container that is removed at its end leaves none.
    let timings_file = (!config.options.auto_remove).then(|| bundle.timings());
    let prepared = prepare(&context, service).await;
    let (socket, ending) = match (prepared, &attached) {
        (Ok(socket), Ok(_)) => {
            let ending = run_all(&context, &mut timings, timings_file.as_deref()).await;
            (Some(socket), ending)
        }
        (Ok(socket), Err(error)) => (Some(socket), Ending::failed(error.to_failure(&[]))),
        (Err(error), _) => (None, Ending::failed(error.to_failure(&[]))),
    };
    let mut stopwatch = Stopwatch::start();
    drop(socket);
    // Before the end is on record, so that whoever sees it may have the volumes, and anonymous ones can be deleted.
    drop(attached);
    recorder.finish(&ending, config.options.auto_remove).await;
    timings.teardown_ms += stopwatch.lap_ms();
    timings.publish(timings_file.as_deref());
    ending
}

/// Takes the disks of the container's volumes.
async fn attach_volumes(launch: &Launch, config: &Arc<ContainerConfig>) -> Result<AttachedVolumes, LifeError> {
    let (paths, config) = (launch.paths.clone(), Arc::clone(config));
    let attached = spawn_blocking(move || volumes::attach(&paths, &config)).await;
    Ok(attached.map_err(|_| LifeError::Interrupted)??)
}
