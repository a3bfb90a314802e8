//! Carries standard streams between a process and the host.

use std::sync::Arc;
use std::time::Duration;

use container_agent_api::STDIO_CHUNK_BYTES;
use container_agent_api::v1::run_request::Request;
use container_agent_api::v1::run_response::Response;
use container_agent_api::v1::{RunRequest, RunResponse};
use tokio::sync::{mpsc, watch};
use tonic::{Status, Streaming};

use crate::descriptor::Descriptor;

/// How long a stream may be silent after the exit of its process, when another process keeps it open.
const QUIET: Duration = Duration::from_millis(50);

/// How many bytes that other processes write after that exit are still taken. The kernel may also hold this much of a terminal's output
/// beyond what FIONREAD counts.
const LEFT_OVER_BYTES: usize = 256 * 1024;

/// End of transmission: what a user types to end the input of a terminal.
const CONTROL_D: &[u8] = &[4];

/// Makes the message of a chunk, which names its stream.
pub(crate) type Wrap = fn(Vec<u8>) -> Response;

/// Where responses to a Run call go.
pub(crate) type Responses = mpsc::Sender<Result<RunResponse, Status>>;

/// Sends everything that can be read from `source`, until its end.
///
/// Everything that was in the stream when the process exited is sent, however slowly the host takes it. What background processes that
/// inherited the stream write after that is sent up to [`LEFT_OVER_BYTES`], and until the stream is silent for [`QUIET`]. When the host
/// has dropped the call, a pipe is read and its content discarded, so that the process does not block; a terminal is closed, which
/// hangs it up.
pub(crate) async fn output(
    source: Arc<Descriptor>,
    wrap: Wrap,
    responses: Responses,
    mut exited: watch::Receiver<bool>,
    terminal: bool,
) {
    let mut buffer = vec![0; STDIO_CHUNK_BYTES];
    let mut left_over = None;
    loop {
        let read = tokio::select! {
            biased;
            read = source.read(&mut buffer) => read,
            () = quiet(&mut exited) => return,
            () = responses.closed(), if terminal => return,
        };
        let Ok(length @ 1..) = read else { return };
        // Checked before the chunk is sent: the process may exit while sending waits for the host, and what was read before is its
        // own output.
        if *exited.borrow() {
            let left = left_over.get_or_insert_with(|| length.saturating_add(source.waiting_bytes()) + LEFT_OVER_BYTES);
            *left = left.saturating_sub(length);
        }
        let chunk = buffer[..length].to_vec();
        let _ = responses
            .send(Ok(RunResponse {
                response: Some(wrap(chunk)),
            }))
            .await;
        if left_over == Some(0) {
            return;
        }
    }
}

/// Resolves [`QUIET`] after the exit.
async fn quiet(exited: &mut watch::Receiver<bool>) {
    if exited.wait_for(|exited| *exited).await.is_ok() {
        tokio::time::sleep(QUIET).await;
    }
}

/// Writes what the host sends to `target`, until the host closes standard input or drops the call.
///
/// Closing the input of a terminal is a typed Ctrl-D, because the terminal itself carries the output as well.
pub(crate) async fn input(mut requests: Streaming<RunRequest>, mut target: Option<Arc<Descriptor>>, terminal: bool) {
    loop {
        let request = match requests.message().await {
            Ok(Some(RunRequest { request })) => request,
            Ok(None) => Some(Request::CloseStdin(Default::default())),
            Err(_) => return,
        };
        match (request, &target) {
            (Some(Request::Stdin(bytes)), open) => {
                let written = match open {
                    Some(open) => open.write_all(&bytes).await,
                    None => Ok(()),
                };
                // After the process has closed its input, what the host sends is discarded, so that the host does not block.
                if written.is_err() {
                    target = None;
                }
            }
            (Some(Request::CloseStdin(_)), open) => {
                if let (Some(open), true) = (open, terminal) {
                    let _ = open.write_all(CONTROL_D).await;
                }
                return;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, Mode, OFlags, openat};
    use rustix::io::Errno;
    use rustix::pipe::{fcntl_setpipe_size, pipe};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use std::os::fd::OwnedFd;
    use tokio::task::JoinHandle;

    /// A pump whose host takes nothing yet, and what it has to carry: `in_hand` bytes that it has read, and as much more
    /// as the stream holds. A background process keeps the stream open.
    struct Paused {
        pump: JoinHandle<()>,
        responses: mpsc::Receiver<Result<RunResponse, Status>>,
        exited: watch::Sender<bool>,
        written: usize,
        _background: Descriptor,
    }

    impl Paused {
        async fn new(source: OwnedFd, target: OwnedFd, wrap: Wrap, terminal: bool) -> Self {
            let source = Arc::new(Descriptor::new(source).unwrap());
            let target = Descriptor::new(target).unwrap();
            let (sender, responses) = mpsc::channel(1);
            let (exited, watcher) = watch::channel(false);
            let pump = tokio::spawn(output(source, wrap, sender, watcher, terminal));
            let mut written = 0;
            // One chunk fills the queue, the pump holds the next, and then the stream itself fills up.
            let mut refusals = 0;
            while refusals < 20 {
                match rustix::io::write(&target, &[b'x'; 1024]) {
                    Ok(length) => (written, refusals) = (written + length, 0),
                    Err(Errno::AGAIN) => {
                        refusals += 1;
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            Self {
                pump,
                responses,
                exited,
                written,
                _background: target,
            }
        }

        /// Lets the process exit, and then the host read on.
        async fn read_after_exit(mut self) -> usize {
            self.exited.send_replace(true);
            tokio::task::yield_now().await;
            let mut got = 0;
            while let Some(response) = self.responses.recv().await {
                got += match response.unwrap().response.unwrap() {
                    Response::Stdout(bytes) | Response::Stderr(bytes) => bytes.len(),
                    other => panic!("{other:?}"),
                };
            }
            self.pump.await.unwrap();
            got
        }
    }

    #[tokio::test]
    async fn what_a_full_pipe_holds_at_the_exit_arrives() {
        for (wrap, capacity) in [
            (Response::Stdout as Wrap, LEFT_OVER_BYTES),
            (Response::Stderr as Wrap, LEFT_OVER_BYTES),
            // The process may have made its pipe larger.
            (Response::Stdout as Wrap, 4 * LEFT_OVER_BYTES),
        ] {
            let (source, target) = pipe().unwrap();
            fcntl_setpipe_size(&target, capacity).unwrap();
            let paused = Paused::new(source, target, wrap, false).await;
            let written = paused.written;
            assert!(written > capacity, "{written} bytes are in a pipe of {capacity}");
            assert_eq!(paused.read_after_exit().await, written);
        }
    }

    #[tokio::test]
    async fn what_a_terminal_holds_at_the_exit_arrives() {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = openat(CWD, &name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let paused = Paused::new(master, slave, Response::Stdout, true).await;
        let written = paused.written;
        assert_eq!(paused.read_after_exit().await, written);
    }

    #[tokio::test]
    async fn a_background_process_that_never_stops_writing_is_given_up() {
        let (source, target) = pipe().unwrap();
        let source = Arc::new(Descriptor::new(source).unwrap());
        let target = Descriptor::new(target).unwrap();
        let (sender, mut responses) = mpsc::channel(1);
        let (_exited, watcher) = watch::channel(true);
        let pump = tokio::spawn(output(source, Response::Stdout, sender, watcher, false));
        let background = tokio::spawn(async move { while target.write_all(&[b'y'; 4096]).await.is_ok() {} });
        while responses.recv().await.is_some() {}
        pump.await.unwrap();
        background.await.unwrap();
    }
}
