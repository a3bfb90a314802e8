//! Telling the host at once what the kernel kills in the container for lack of memory.

use std::os::fd::AsFd as _;
use std::sync::Arc;

use container_agent_api::v1::RunResponse;
use container_agent_api::v1::run_response::Response;
use tokio::io::Interest;
use tokio::sync::watch;

use crate::machine::Machine;
use crate::pump::Responses;
use crate::registration::register_borrowed;

/// Tells of kills after the first `position` ones, until `exited` says that the process of the call has. Those that come while the host does not read are
/// told together.
pub(crate) async fn tell(
    machine: Arc<Machine>,
    mut position: u64,
    responses: Responses,
    mut exited: watch::Receiver<bool>,
) {
    let log = machine.oom_kills.log();
    // Without it what was killed is told at the end.
    let polled = log
        .as_ref()
        .and_then(|log| register_borrowed(log.as_fd(), Interest::READABLE).ok());
    let more = async || {
        if let Some(polled) = &polled
            && let Ok(mut ready) = polled.readable().await
        {
            // Before it is read: what comes after that makes it readable again.
            return ready.clear_ready();
        }
        std::future::pending().await
    };
    loop {
        let has_exited = *exited.borrow();
        machine.collect_oom_kills();
        if let Some(kill) = machine.oom_kills.after(position) {
            position += kill.count;
            let response = RunResponse {
                response: Some(Response::OomKill(kill)),
            };
            // The host may have dropped the call.
            let _ = responses.send(Ok(response)).await;
        }
        if has_exited {
            return;
        }
        tokio::select! {
            () = more() => {}
            _ = exited.wait_for(|exited| *exited) => {}
        }
    }
}
