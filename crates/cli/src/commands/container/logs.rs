//! `container logs`.

use std::io;

use clap::Args;
use container_engine::{Engine, LogOptions, LogSource};
use container_model::ContainerQuery;
use container_terminal::{Output, Sink};

use crate::error::CommandError;

/// Show what a container has written since its last start
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// The machine's console instead: kernel and guest agent
    #[arg(long)]
    boot: bool,

    /// Go on until the container has ended
    #[arg(short, long)]
    follow: bool,

    /// Only the last lines, empty ones not counted
    #[arg(short = 'n', value_name = "COUNT")]
    lines: Option<usize>,

    /// Container
    #[arg(value_name = "CONTAINER")]
    container: ContainerQuery,
}

impl Logs {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let id = engine.find(&self.container)?;
        let options = LogOptions {
            source: if self.boot { LogSource::Boot } else { LogSource::Stdio },
            follow: self.follow,
            lines: self.lines,
        };
        let mut log = engine.logs(&id, options).await?;
        let sink = Sink::write(io::stdout(), io::stderr())?;
        while let Some(bytes) = log.next().await? {
            if !sink.send(Output::Stdout, bytes).await {
                break;
            }
        }
        sink.finish().await?;
        Ok(0)
    }
}
