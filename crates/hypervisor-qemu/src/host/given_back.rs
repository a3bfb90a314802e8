//! Whether a QEMU gives back what is freed of memory that it may only read: whether the answers mean to it what they are meant to
//! (`confinement/linux/answers.rs`). It is tried, because no version promises how it opens a file.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::system;
use crate::channels::SocketPair;
use crate::command_line::{MEMORY_AS_INPUT, SANDBOX};
use crate::confinement::{self, Confinement, Limits, Openable, Reach};
use crate::process::Streams;
use crate::running::{QEMU, Running};

/// Time for a QEMU without a machine to start and end; a cold disk included.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Memory of the trial, MiB.
const MEMORY_MIB: u64 = 2;

/// What the control channel has for it: to end.
const WORDS: &[u8] = b"{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"quit\"}\n";

/// Starts the program without a machine, with memory that it gets as its standard input, and has it end.
pub(crate) async fn trial(program: &Path, reach: &Reach) -> bool {
    if !system::FREES_WHAT_IS_DISCARDED {
        return false;
    }
    let outcome = match start(program, reach) {
        Ok((mut running, control)) => {
            let outcome = tokio::time::timeout(TIMEOUT, running.finish()).await;
            drop(control);
            outcome
        }
        Err(error) => Ok(Err(error)),
    };
    let reason = match outcome {
        Ok(Ok((status, _))) if status.success() => return true,
        Ok(Ok((status, words))) => format!("{status}: {words}"),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("it did not end within {} s", TIMEOUT.as_secs()),
    };
    tracing::info!(
        reason,
        "memory that this QEMU's guests free does not go back to the host"
    );
    false
}

/// The process, and this end of its control channel.
fn start(program: &Path, reach: &Reach) -> io::Result<(Running, UnixStream)> {
    let control = SocketPair::new()?;
    let mut ours = UnixStream::from(control.ours);
    ours.write_all(WORDS)?;
    let devices = system::HARDWARE_DEVICES.map(Path::new);
    let openable = Openable {
        devices: &devices,
        ..Openable::default()
    };
    let confinement = Confinement::prepare(reach, &openable, Limits::of_qemu(None))?.with_memory_as_input();
    let streams = Streams {
        input: Stdio::from(system::memory_file(MEMORY_MIB << 20)?),
        output: Stdio::null(),
    };
    let arguments = arguments(control.theirs.as_raw_fd());
    let running = Running::start_with(QEMU, program, &arguments, streams, vec![control.theirs], confinement)?;
    Ok((running, ours))
}

fn arguments(control: i32) -> Vec<OsString> {
    let memory = format!("memory-backend-file,id=memory,size={MEMORY_MIB}M,mem-path={MEMORY_AS_INPUT},share=off");
    let socket = format!("socket,id=control,fd={control}");
    let mut arguments = vec!["-nodefaults", "-no-user-config", "-display", "none", "-M", "none"];
    arguments.extend([
        "-object",
        &memory,
        "-chardev",
        &socket,
        "-mon",
        "chardev=control,mode=control",
    ]);
    if confinement::QEMU_HAS_SANDBOX {
        arguments.extend(["-sandbox", SANDBOX]);
    }
    arguments.into_iter().map(OsString::from).collect()
}
