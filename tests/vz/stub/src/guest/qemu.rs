//! A guest that is real: the machine that the configuration describes, run by QEMU.
//!
//! What a Mac's machine has becomes what QEMU's has: disks, interfaces, console and memory are taken over as they are, and the socket
//! device's one port that matters, the agent's, is QEMU's channel to the agent.

mod config;
mod thread;

use super::{ConnectAnswer, Guest, Notices};
use crate::description::MachineDescription;
use container_agent_api::AGENT_VSOCK_PORT;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use thread::Command;
use tokio::sync::mpsc::UnboundedSender;

/// The kernel that QEMU boots for a machine: the one for emulation beside the machine's own, which an emulator would run slowly. A machine
/// beside whose kernel there is none is not for QEMU.
pub(super) fn kernel(machine: &MachineDescription) -> Option<PathBuf> {
    let name = format!("vmlinux-{}-emulated", std::env::consts::ARCH);
    let kernel = machine.kernel.with_file_name(name);
    kernel.is_file().then_some(kernel)
}

pub(super) struct QemuGuest {
    commands: UnboundedSender<Command>,
    thread: Option<JoinHandle<()>>,
}

impl QemuGuest {
    pub(super) fn start(machine: &MachineDescription, kernel: PathBuf, notices: Arc<dyn Notices>) -> io::Result<Self> {
        let config = config::of(machine, kernel)?;
        let (commands, receiver) = tokio::sync::mpsc::unbounded_channel();
        let (started, outcome) = mpsc::channel();
        // The system ends QEMU together with the thread that started it, so this one stays until the guest ends.
        let thread = std::thread::Builder::new()
            .name("qemu guest".to_owned())
            .spawn(move || thread::run(config, receiver, notices, started))?;
        outcome.recv().map_err(|_| io::ErrorKind::BrokenPipe)??;
        Ok(Self {
            commands,
            thread: Some(thread),
        })
    }

    fn ask(&self, command: impl FnOnce(mpsc::Sender<io::Result<()>>) -> Command) -> io::Result<()> {
        let (answer, answered) = mpsc::channel();
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.commands
            .send(command(answer))
            .map_err(|_| io::ErrorKind::BrokenPipe)?;
        answered.recv().map_err(gone)?
    }
}

impl Guest for QemuGuest {
    fn connect(&mut self, port: u32, answer: ConnectAnswer) {
        if port == AGENT_VSOCK_PORT {
            // Without a guest the answer is dropped, which is none.
            let _ = self.commands.send(Command::Connect(answer));
        } else {
            answer(Err(io::ErrorKind::ConnectionReset.into()));
        }
    }

    fn pause(&mut self) -> io::Result<()> {
        self.ask(Command::Pause)
    }

    fn resume(&mut self) -> io::Result<()> {
        self.ask(Command::Resume)
    }

    fn reset(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.commands.send(Command::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for QemuGuest {
    fn drop(&mut self) {
        self.end();
    }
}
