//! What clients see of the container before its machine boots.

use std::time::Duration;

use crate::failure::LifeError;
use crate::logs::{BoundedLog, CONSOLE_LOG_BYTES, StdioLog};
use crate::run::RunContext;
use crate::server::{ControlService, ControlSocket};

/// Makes ready what clients see: the control socket, standard input, logs.
pub(super) async fn prepare(context: &RunContext<'_>, service: &ControlService) -> Result<ControlSocket, LifeError> {
    let RunContext {
        launch,
        session,
        config,
        bundle,
        ..
    } = context;
    let path = launch.paths.control_socket(&config.id)?;
    let mut socket = ControlSocket::bind(path.clone(), bundle).map_err(|source| LifeError::File { path, source })?;
    service.listen(&mut socket);
    if let Some(signal) = &config.stop_signal {
        match signal.signal() {
            Ok(signal) => session.set_stop_signal(signal),
            Err(error) => tracing::warn!(%error, "using SIGTERM to stop the container"),
        }
    }
    if let Some(seconds) = config.options.stop_timeout_seconds {
        session.set_stop_timeout(Duration::from_secs(seconds.into()));
    }
    if !config.options.stdin {
        session.close_stdin();
    }
    // Nothing of an earlier start is shown as this one's.
    let path = bundle.boot_log();
    BoundedLog::begin(&path, CONSOLE_LOG_BYTES).map_err(|source| LifeError::File { path, source })?;
    if let Some(bounds) = config.options.log.bounds() {
        let path = bundle.output_log();
        let log = StdioLog::open(bundle, bounds).map_err(|source| LifeError::File { path, source })?;
        session.output.log_to(log);
    }
    Ok(socket)
}
