//! Saving a machine as a template.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use container_hypervisor::MachineError;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;

use crate::command_line::AGENT;
use crate::control::Control;
use crate::{migration, state_file};

/// A state takes some milliseconds, on a host that is not busy.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What QEMU calls the end of the pipe that it writes the state to.
const PIPE: &str = "state";

const HANGING_UP: &str = "closing the agent's port";
const STOPPING: &str = "stopping it";
pub(crate) const WRITING: &str = "writing the state";

/// Closes the agent's port, if the machine has one, stops the machine and takes its state, as a file holds it. Whatever the guest has not
/// noticed of the closing, it notices when it is restored.
pub(crate) async fn state(control: &mut Control, has_port: bool) -> Result<Vec<u8>, MachineError> {
    let refused = |step| move |error: MachineError| failed(step, error.to_string());
    if has_port {
        let nothing = json!({ "id": AGENT, "backend": { "type": "null", "data": {} } });
        let closed = control.execute("chardev-change", Some(&nothing)).await;
        closed.map_err(refused(HANGING_UP))?;
    }
    control.execute("stop", None).await.map_err(refused(STOPPING))?;
    match tokio::time::timeout(TIMEOUT, stream(control)).await {
        Ok(stream) => stream.map(state_file::seal),
        Err(_) => {
            let limit_s = TIMEOUT.as_secs();
            Err(failed(WRITING, format!("it is not done after {limit_s} s")))
        }
    }
}

/// What QEMU writes of the devices of the machine, which stands still.
async fn stream(control: &mut Control) -> Result<Vec<u8>, MachineError> {
    let refused = |error: MachineError| failed(WRITING, error.to_string());
    let unusable = |error: io::Error| failed(WRITING, error.to_string());
    let capabilities = migration::capabilities();
    let set = control.execute("migrate-set-capabilities", Some(&capabilities)).await;
    set.map_err(refused)?;
    let (reader, writer) = io::pipe().map_err(unusable)?;
    let handed = control
        .execute_with("getfd", &json!({ "fdname": PIPE }), writer.as_fd())
        .await;
    handed.map_err(refused)?;
    drop(writer);
    let receiver = pipe::Receiver::from_owned_fd(reader.into()).map_err(unusable)?;
    let mut stream = Vec::new();
    let read = async {
        let limit = state_file::STREAM_MAX_BYTES + 1;
        match receiver.take(limit).read_to_end(&mut stream).await {
            Ok(length) if length as u64 == limit => Err(failed(WRITING, "it is too long for a state".to_owned())),
            Ok(_) => Ok(()),
            Err(error) => Err(unusable(error)),
        }
    };
    let happened = control.happened();
    let written = async {
        let uri = json!({ "uri": format!("fd:{PIPE}") });
        control.execute("migrate", Some(&uri)).await.map_err(refused)?;
        Ok(happened.migrated().await)
    };
    let (is_complete, ()) = tokio::try_join!(written, read)?;
    if !is_complete {
        return Err(failed(WRITING, migration::failure(control).await));
    }
    Ok(stream)
}

/// Makes the file of a state.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), MachineError> {
    let file = File::options().write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(content));
    written.map_err(|error| failed(WRITING, format!("{}: {error}", path.display())))
}

/// A machine that was not saved.
pub(crate) fn failed(step: &'static str, reason: String) -> MachineError {
    MachineError::Save { step, reason }
}
