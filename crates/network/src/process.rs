//! The process that is a network's switch: one thread, which waits for sockets and drives the state machine of `container-netstack`.

mod accept;
mod attach;
mod clients;
mod domains;
mod event_loop;
mod happened;
mod inspection;
mod lookup;
mod open_files;
mod own;
mod port_holder;
mod requests;
mod resolver;
mod tokens;
mod upstream;
mod world;

use std::io;
use std::process::ExitCode;
use std::sync::Mutex;

use container_durable::LossyLog;
use container_model::NetworkName;
use container_state::AppPaths;

use crate::names::HostResolvers;
use event_loop::EventLoop;

/// Becomes the process of a network and serves it until a moment after the last machine has left. One that finds another in its place
/// ends at once. What it has to say goes to standard error, which is the network's log. Containers have names below the domains of
/// [`crate::DomainStore`], and below `shared_domain`, where hosts of the world may have names too. `resolvers` are asked for all others.
pub fn execute(
    paths: &AppPaths,
    name: &NetworkName,
    shared_domain: Option<String>,
    resolvers: HostResolvers,
) -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(Mutex::new(LossyLog::new(io::stderr())))
        .with_ansi(false)
        .with_target(false)
        .init();
    // One that was started by hand as the leader of a process group stays in its session; nothing depends on it.
    let _ = rustix::process::setsid();
    // Linux shows the name of the file that was started, and that may be `/proc/self/exe`. Elsewhere there is no such file.
    let _ = std::fs::write("/proc/self/comm", "container");
    open_files::raise_limit();
    let owned = match own::own(paths, name) {
        Ok(Some(owned)) => owned,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "cannot serve the network");
            return ExitCode::FAILURE;
        }
    };
    match EventLoop::new(paths, &owned, shared_domain, resolvers).and_then(EventLoop::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the network ends");
            ExitCode::FAILURE
        }
    }
}
