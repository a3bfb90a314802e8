//! `container network capture`.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use container_engine::{Engine, NetworkCapture};
use container_model::{ContainerQuery, NetworkName};

use crate::error::CommandError;
use crate::output;
use crate::session::Signals;

/// Write the frames of a network as a pcapng file, which Wireshark and tcpdump read
///
/// Ends on Control-C, or when the last container has left the network.
#[derive(Debug, Args)]
pub(crate) struct Capture {
    /// Only the frames of this container
    #[arg(long, value_name = "CONTAINER")]
    container: Option<ContainerQuery>,

    /// File to write; "-" is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    write: PathBuf,

    /// Network
    network: NetworkName,
}

impl Capture {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let is_stdout = self.write == Path::new("-");
        if is_stdout && container_terminal::is_terminal(io::stdout()) {
            return Err(CommandError::usage("frames are not written to a terminal")
                .with_hint("--write FILE, or a pipe: … | tcpdump -n -r -"));
        }
        let engine = Engine::open()?;
        let container = self.container.as_ref().map(|query| engine.find(query)).transpose()?;
        let whose = container.as_ref().map(|id| format!(" of container {id}"));
        // From here on a signal ends the capture, and not this process in the middle of a frame.
        let mut signals = Signals::listen()?;
        let capture = engine.capture_network(&self.network, container)?;
        let end = capture.to_end()?;
        let target = match is_stdout {
            true => None,
            // Frames are as private as what containers say to each other.
            false => Some(create(&self.write)?),
        };
        let whose = whose.unwrap_or_default();
        output::note(&format!("capturing network {}{whose}; Control-C ends it", self.network));
        let mut copying = tokio::task::spawn_blocking(move || copy(capture, target));
        let copied = tokio::select! {
            copied = &mut copying => copied,
            _ = signals.ending() => {
                end.end();
                copying.await
            }
        };
        match copied.map_err(io::Error::from)? {
            Ok(()) => Ok(0),
            // Whoever read the frames wants no more of them.
            Err(error) if is_stdout && error.kind() == ErrorKind::BrokenPipe => Ok(0),
            Err(error) if is_stdout => Err(error.into()),
            Err(error) => Err(cannot_write(&self.write, &error)),
        }
    }
}

fn create(path: &Path) -> Result<File, CommandError> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    file.map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &io::Error) -> CommandError {
    CommandError::new(format!("cannot write {}: {error}", path.display()))
}

fn copy(capture: NetworkCapture, target: Option<File>) -> io::Result<()> {
    let mut target: Box<dyn Write> = match target {
        Some(file) => Box::new(file),
        None => Box::new(io::stdout()),
    };
    capture.copy_to(&mut target)
}
