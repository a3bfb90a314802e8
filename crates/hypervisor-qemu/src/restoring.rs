//! Loading a template's state into a machine that has just been started.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use container_hypervisor::{CreateError, MachineError};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::unix::pipe;

use crate::control::Control;
use crate::memory::MemoryCopy;
use crate::{migration, state_file};

/// A state takes some milliseconds, on a host that is not busy.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) const READING: &str = "reading the state";
pub(crate) const LOADING: &str = "loading the state";
const COPYING: &str = "copying the memory";
const CONTINUING: &str = "continuing it";

/// What a machine is to be loaded with.
#[derive(Debug)]
pub(crate) struct SavedState {
    file: File,
    /// This end of the pipe from which QEMU reads it.
    pipe: OwnedFd,
    /// The other end, by its number in QEMU.
    number: i32,
    /// The memory, where QEMU cannot have the template's.
    memory: Option<MemoryCopy>,
}

impl SavedState {
    /// Opens the file at `path`. What is in it is sent through `pipe`, whose other end has `number` in QEMU.
    pub(crate) fn open(path: &Path, pipe: OwnedFd, number: i32) -> Result<Self, CreateError> {
        let file = File::open(path).map_err(|source| CreateError::File {
            what: "template's state",
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            file,
            pipe,
            number,
            memory: None,
        })
    }

    /// The same with memory that is to be copied first.
    pub(crate) fn with_memory(self, memory: Option<MemoryCopy>) -> Self {
        Self { memory, ..self }
    }

    /// Loads the machine with it, and lets it go on.
    pub(crate) async fn load(self, control: &mut Control) -> Result<(), MachineError> {
        match tokio::time::timeout(TIMEOUT, self.load_however_long(control)).await {
            Ok(loaded) => loaded,
            Err(_) => {
                let limit_s = TIMEOUT.as_secs();
                Err(failed(LOADING, format!("it is not done after {limit_s} s")))
            }
        }
    }

    async fn load_however_long(self, control: &mut Control) -> Result<(), MachineError> {
        let refused = |step| move |error: MachineError| failed(step, error.to_string());
        // While QEMU gets ready.
        let copied = self.memory.map(|copy| tokio::task::spawn_blocking(|| copy.make()));
        let stream = read(&self.file).map_err(|error| failed(READING, error.to_string()))?;
        let capabilities = migration::capabilities();
        let set = control.execute("migrate-set-capabilities", Some(&capabilities)).await;
        set.map_err(refused(LOADING))?;
        // Else QEMU tells the network, under the addresses that the devices are made with, that the machine has moved.
        let silent = json!({ "announce-rounds": 0 });
        let set = control.execute("migrate-set-parameters", Some(&silent)).await;
        set.map_err(refused(LOADING))?;
        if let Some(copied) = copied {
            let copied = copied.await.map_err(io::Error::other).and_then(|copied| copied);
            copied.map_err(|error| failed(COPYING, error.to_string()))?;
        }
        let sender = pipe::Sender::from_owned_fd(self.pipe);
        let mut sender = sender.map_err(|error| failed(LOADING, error.to_string()))?;
        let happened = control.happened();
        let loaded = async {
            let uri = json!({ "uri": format!("fd:{}", self.number) });
            let begun = control.execute("migrate-incoming", Some(&uri)).await;
            begun.map_err(refused(LOADING))?;
            Ok(happened.migrated().await)
        };
        let sent = async move {
            // A QEMU that does not read it all says why itself.
            let _ = sender.write_all(&stream).await;
            Ok(())
        };
        let (is_complete, ()) = tokio::try_join!(loaded, sent)?;
        if !is_complete {
            return Err(failed(LOADING, migration::failure(control).await));
        }
        // It was saved while it stood still.
        let continued = control.execute("cont", None).await;
        continued.map(drop).map_err(refused(CONTINUING))
    }
}

fn read(file: &File) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    file.take(state_file::STREAM_MAX_BYTES).read_to_end(&mut content)?;
    state_file::open(content)
}

/// A machine that was not restored.
pub(crate) fn failed(step: &'static str, reason: String) -> MachineError {
    MachineError::Restore { step, reason }
}
