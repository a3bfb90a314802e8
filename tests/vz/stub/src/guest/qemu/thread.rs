//! The thread that QEMU belongs to.

use crate::guest::{ConnectAnswer, Notices};
use container_hypervisor::{
    AgentConnector, ConnectError, GuestArchitecture, Hypervisor as _, Machine, MachineConfig, MachineError, MachineExit,
};
use container_hypervisor_qemu::{Accelerator, QemuHypervisor, QemuOptions};
use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// Where QEMU's backend remembers what it found out about the host: the app root of the program under test.
const STATE_VARIABLE: &str = "CONTAINER_APP_ROOT";

/// Names the QEMU program to run instead of the one in `PATH`.
const PROGRAM_VARIABLE: &str = "CONTAINER_QEMU";

/// Between two looks for an agent that does not listen yet.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// What the guest is to do.
pub(super) enum Command {
    Connect(ConnectAnswer),
    Pause(mpsc::Sender<io::Result<()>>),
    Resume(mpsc::Sender<io::Result<()>>),
    End,
}

/// Runs the machine until it ends or is ended; tells by `started` whether it runs.
pub(super) fn run(
    config: MachineConfig,
    commands: UnboundedReceiver<Command>,
    notices: Arc<dyn Notices>,
    started: mpsc::Sender<io::Result<()>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.map(|runtime| runtime.block_on(live(config, commands, notices, &started)));
    if let Err(error) = outcome.and_then(|outcome| outcome) {
        // Nobody listens any more if the machine ran.
        let _ = started.send(Err(error));
    }
}

async fn live(
    config: MachineConfig,
    mut commands: UnboundedReceiver<Command>,
    notices: Arc<dyn Notices>,
    started: &mpsc::Sender<io::Result<()>>,
) -> io::Result<()> {
    let machine = boot(config).await?;
    let _ = started.send(Ok(()));
    let mut connector = machine.agent_connector().ok();
    loop {
        tokio::select! {
            exit = machine.wait() => {
                match exit {
                    MachineExit::PowerOff => notices.stopped(),
                    MachineExit::Killed => {}
                    MachineExit::Failed { reason } => notices.failed(reason),
                }
                return Ok(());
            }
            command = commands.recv() => match command {
                Some(Command::Connect(answer)) => match connector.take() {
                    // The agent listens to one peer, and this is its one channel.
                    Some(connector) => drop(tokio::spawn(connect(connector, answer))),
                    None => answer(Err(io::ErrorKind::ConnectionReset.into())),
                },
                Some(Command::Pause(answer)) => drop(answer.send(pause(&machine).await)),
                Some(Command::Resume(answer)) => drop(answer.send(resume(&machine).await)),
                Some(Command::End) | None => {
                    machine.kill().await.map_err(io::Error::other)?;
                    return Ok(());
                }
            },
        }
    }
}

async fn boot(config: MachineConfig) -> io::Result<Machine> {
    let state = std::env::var_os(STATE_VARIABLE).map_or_else(std::env::temp_dir, PathBuf::from);
    // What the environment says of accelerators is about the framework here.
    let options = QemuOptions {
        accelerator: Some(Accelerator::Tcg),
        program: std::env::var_os(PROGRAM_VARIABLE).map(PathBuf::from),
        ..QemuOptions::new(GuestArchitecture::host(), Vec::new(), state)
    };
    let hypervisor = QemuHypervisor::detect(options).await.map_err(io::Error::other)?;
    let machine = hypervisor.create(config).await.map_err(io::Error::other)?;
    machine.start().await.map_err(io::Error::other)?;
    Ok(machine)
}

/// Joins a socket of the host's to the channel.
async fn connect(mut connector: Box<dyn AgentConnector>, answer: ConnectAnswer) {
    let mut stream = loop {
        match connector.connect().await {
            Ok(stream) => break stream,
            Err(ConnectError::NotListening { .. }) => tokio::time::sleep(RETRY_INTERVAL).await,
            Err(error) => return answer(Err(io::Error::other(error))),
        }
    };
    let pair = UnixStream::pair().and_then(|(near, far)| {
        far.set_nonblocking(true)?;
        Ok((near, tokio::net::UnixStream::from_std(far)?))
    });
    match pair {
        Ok((near, mut far)) => {
            answer(Ok(near.into()));
            // Ends with either side.
            let _ = tokio::io::copy_bidirectional(&mut far, &mut stream).await;
        }
        Err(error) => answer(Err(error)),
    }
}

async fn pause(machine: &Machine) -> io::Result<()> {
    controlled(match machine.as_pause() {
        Some(control) => control.pause().await,
        None => return Err(io::ErrorKind::Unsupported.into()),
    })
}

async fn resume(machine: &Machine) -> io::Result<()> {
    controlled(match machine.as_pause() {
        Some(control) => control.resume().await,
        None => return Err(io::ErrorKind::Unsupported.into()),
    })
}

fn controlled(outcome: Result<(), MachineError>) -> io::Result<()> {
    outcome.map_err(io::Error::other)
}
