//! The life of one container, from possession to the final record: one run after the other.

mod own;
mod prepare;
mod runs;
mod signals;

use std::sync::Arc;

use container_model::{ContainerConfig, Phase};
use container_state::{Bundle, ContainerLock, EventLog};
use tokio::task::spawn_blocking;

use crate::failure::LifeError;
use crate::launch::Launch;
use crate::plan::has_shares;
use crate::recorder::Recorder;
use crate::run::{RunContext, written_disks};
use crate::server::ControlService;
use crate::session::{Ending, Progress, Session};
use crate::sockets::PublishedSockets;
use crate::templates::{SpareDisk, TemplateLater};
use crate::timings::{Stopwatch, Timings};
use crate::volumes::{self, AttachedVolumes};
use own::own;
use prepare::prepare;
use runs::{Ended, run_all};
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
    let template = TemplateLater::default();
    match own(&launch).await {
        Ok((owned, config)) => {
            timings.launcher_start_ms += stopwatch.lap_ms();
            live(&launch, &session, &service, owned, config, &template, timings).await;
        }
        Err(error) => announce_recorded(&session, Ending::failed(error.to_failure(&[]))),
    }
    if has_starter {
        // A start that failed at once may be over before the starter has asked for anything: it is to hear why.
        let mut wishes = session.wishes();
        let heard = wishes.wait_for(|wishes| wishes.heard || wishes.abandoned);
        let _ = tokio::time::timeout(limits.farewell, heard).await;
    }
    service.end(told_to_end.clone().told(), limits).await;
    // The container is over, and no client is left.
    tokio::select! {
        () = template.build() => {}
        () = told_to_end.told() => {}
    }
}

/// Tells clients that the end is on record, which ends their streams.
fn announce_recorded(session: &Session, ending: Ending) {
    session.set_progress(Progress::Recorded(ending));
    session.output.close();
}

/// The life of a container that is ours. Returns once its end is on record, everything of it gone and its lock free.
async fn live(
    launch: &Launch,
    session: &Arc<Session>,
    service: &ControlService,
    owned: ContainerLock,
    config: ContainerConfig,
    template: &TemplateLater,
    mut timings: Timings,
) {
    let bundle = owned.bundle().clone();
    let config = Arc::new(config);
    let recorder = Recorder::start(owned, (*config).clone(), EventLog::new(&launch.paths));
    session.set_wanted(&config, recorder.notes()).await;
    put_back_disk(&bundle).await;
    // Before there is a socket: only a record that says "live" makes the next command look for what a killed launcher left.
    let _ = recorder.phase(Phase::Starting { after: None }).await;
    let resources = take_resources(launch, &config).await;
    let (no_volumes, no_sockets) = (AttachedVolumes::default(), PublishedSockets::default());
    let (volumes, sockets) = match &resources {
        Ok((volumes, sockets)) => (volumes, sockets),
        Err(_) => (&no_volumes, &no_sockets),
    };
    let context = RunContext {
        launch,
        session,
        config: &config,
        bundle: &bundle,
        recorder: &recorder,
        volumes,
        sockets,
        template,
    };
    // A container that is removed at its end leaves none.
    let timings_file = (!config.options.auto_remove).then(|| bundle.timings());
    let prepared = prepare(&context, service).await;
    let (socket, ended) = match (prepared, &resources) {
        (Ok(socket), Ok(_)) => {
            let ended = run_all(&context, &mut timings, timings_file.as_deref()).await;
            (Some(socket), ended)
        }
        (Ok(socket), Err(error)) => (Some(socket), never_ran(error)),
        (Err(error), _) => (None, never_ran(&error)),
    };
    let Ended { ending, machine } = ended;
    recorder.who_ends(*session.wishes().borrow());
    let stopwatch = Stopwatch::start();
    drop(socket);
    let disks = written_disks(&context);
    let putting_away = async {
        if let Some(machine) = machine {
            machine.put_away(disks).await;
        }
    };
    // Others are at what the machine had besides its own disk once they may have it. Its own disk they have with the container's lock.
    let is_shared = !volumes.is_empty() || has_shares(&config, &volumes.trees);
    let mut publish = |mut stopwatch: Stopwatch| {
        timings.teardown_ms += stopwatch.lap_ms();
        timings.publish(timings_file.as_deref());
    };
    if is_shared {
        putting_away.await;
        // Before the end is on record, so that whoever sees it may have the volumes and the sockets, and anonymous volumes can be deleted.
        drop(resources);
        recorder.finish(&config, &ending).await.let_go().await;
        publish(stopwatch);
        announce_recorded(session, ending);
    } else {
        drop(resources);
        let possession = recorder.finish(&config, &ending).await;
        publish(stopwatch);
        announce_recorded(session, ending);
        putting_away.await;
        possession.let_go().await;
    }
}

/// The end of a container for which there never was a machine.
fn never_ran(error: &LifeError) -> Ended {
    Ended {
        ending: Ending::failed(error.to_failure(&[])),
        machine: None,
    }
}

/// Puts the container's own disk back in its place where a launcher was killed before its container ran.
async fn put_back_disk(bundle: &Bundle) {
    let bundle = bundle.clone();
    let putting_back = spawn_blocking(move || SpareDisk::put_back(&bundle));
    if let Ok(Err(error)) = putting_back.await {
        tracing::warn!(%error, "cannot put the container's own disk back");
    }
}

/// Takes the disks of the container's volumes and makes the sockets that it publishes.
async fn take_resources(
    launch: &Launch,
    config: &Arc<ContainerConfig>,
) -> Result<(AttachedVolumes, PublishedSockets), LifeError> {
    let (paths, config) = (launch.paths.clone(), Arc::clone(config));
    let take = move || {
        let sockets = PublishedSockets::make(&paths, &config)?;
        Ok((volumes::attach(&paths, &config)?, sockets))
    };
    spawn_blocking(take).await.unwrap_or(Err(LifeError::Interrupted))
}
