//! The life of one container, from possession to the final record: one run after the other.

mod boot;
mod bounded_log;
mod clock;
mod console_log;
mod failure;
mod greet;
mod recorder;
mod runs;
mod stdio_log;
mod supervise;
mod teardown;

use std::path::PathBuf;
use std::sync::Arc;

use container_model::{ContainerConfig, Phase};
use container_state::{Bundle, ContainerLock, ContainerStore};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::launch::{Launch, Limits};
use crate::server::{ControlService, ControlSocket};
use crate::session::{Ending, Progress, Session};
use crate::timings::{Stopwatch, Timings};
use bounded_log::BoundedLog;
use console_log::CONSOLE_LOG_BYTES;
use failure::LifeError;
use recorder::Recorder;
use stdio_log::StdioLog;

/// Runs a container from the possession of its lock to its final record, and serves its control socket meanwhile. Failures are
/// answered to whoever asked for the start and are on record afterwards.
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

/// Makes the signals that end programs end the container. Resolves when there was one.
fn end_on_signals(session: &Arc<Session>, limits: Limits) -> impl Future<Output = ()> + use<> {
    let (told, mut receiver) = watch::channel(false);
    for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
        match signal(kind) {
            Ok(mut signals) => {
                let (session, told) = (Arc::clone(session), told.clone());
                tokio::spawn(async move {
                    while signals.recv().await.is_some() {
                        tracing::info!("the launcher was told to end");
                        session.stop(None, limits.stop);
                        told.send_replace(true);
                    }
                });
            }
            Err(error) => tracing::warn!(%error, "cannot handle a signal"),
        }
    }
    async move {
        if receiver.wait_for(|told| *told).await.is_err() {
            std::future::pending().await
        }
    }
}

/// Takes possession of the container and reads what it is to be.
async fn own(launch: &Launch) -> Result<(ContainerLock, ContainerConfig), LifeError> {
    let (paths, id) = (launch.paths.clone(), launch.id.clone());
    let owned = spawn_blocking(move || {
        paths.prepare()?;
        let store = ContainerStore::new(paths);
        let owned = store.own(&id)?;
        let config = store.load(&id)?.config;
        Ok((owned, config))
    });
    owned.await.unwrap_or(Err(LifeError::Interrupted))
}

/// What the parts of a container's life have in common.
struct Life<'a> {
    launch: &'a Launch,
    session: &'a Arc<Session>,
    config: &'a Arc<ContainerConfig>,
    bundle: Bundle,
    recorder: &'a Recorder,
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
    let recorder = Recorder::start(owned);
    // Before there is a socket: only a record that says "live" makes the next command look for what a killed launcher left.
    let _ = recorder.phase(Phase::Starting).await;
    let config = Arc::new(config);
    let life = Life {
        launch,
        session,
        config: &config,
        bundle,
        recorder: &recorder,
    };
    let (socket, ending) = match life.prepare(service).await {
        Ok((socket, log)) => (Some(socket), life.runs(&log, &mut timings).await),
        Err(error) => (None, Ending::failed(error.to_failure(&[]))),
    };
    let timings_file = life.timings_file();
    let mut stopwatch = Stopwatch::start();
    drop(socket);
    recorder.finish(&ending, config.options.auto_remove).await;
    timings.teardown_ms += stopwatch.lap_ms();
    timings.publish(timings_file.as_deref());
    ending
}

impl Life<'_> {
    /// Makes ready what clients see: the control socket, standard input, empty logs.
    async fn prepare(&self, service: &ControlService) -> Result<(ControlSocket, StdioLog), LifeError> {
        let path = self.launch.paths.control_socket(&self.config.id)?;
        let mut socket =
            ControlSocket::bind(path.clone(), &self.bundle).map_err(|source| LifeError::File { path, source })?;
        service.listen(&mut socket);
        if let Some(signal) = &self.config.stop_signal {
            match signal.signal() {
                Ok(signal) => self.session.set_stop_signal(signal),
                Err(error) => tracing::warn!(%error, "using SIGTERM to stop the container"),
            }
        }
        if !self.config.options.stdin {
            self.session.close_stdin();
        }
        // Nothing of an earlier boot is shown as this one's.
        let path = self.bundle.boot_log();
        BoundedLog::begin(&path, CONSOLE_LOG_BYTES).map_err(|source| LifeError::File { path, source })?;
        let path = self.bundle.stdio_log();
        let log = StdioLog::begin(&path).map_err(|source| LifeError::File { path, source })?;
        Ok((socket, log))
    }

    /// Where the timings of a run are left, of a container that is there afterwards.
    fn timings_file(&self) -> Option<PathBuf> {
        (!self.config.options.auto_remove).then(|| self.bundle.timings())
    }
}
