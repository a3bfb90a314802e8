//! `container stats`.

mod rounds;
mod screen;

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use clap::Args;
use container_engine::Engine;
use container_model::ContainerQuery;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval_at, sleep};

use super::several;
use crate::error::{CommandError, cannot};
use crate::output::{
    self, Asked, Format, ListFormat, StatisticsRow, statistics_json, statistics_rows, statistics_table,
};
use rounds::Rounds;
use screen::Screen;

/// Time between the two first looks, from which the use of processors is computed: the guest counts it to the microsecond, with the time of
/// each look.
const FIRST_INTERVAL: Duration = Duration::from_millis(200);

/// Time between two looks after that.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long one look waits for containers that answer late, which stay as they were until they do.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long a single look waits for the last one: longer than a launcher waits for its guest.
const PATIENCE_ONCE: Duration = Duration::from_secs(15);

/// Show what containers use: processors, memory, networks, disks and processes
///
/// 100 % is one processor. Memory includes the cache of files; the part of it that nobody has used for a while is "memoryCacheBytes" of JSON, and
/// fields of templates leave it out. "memoryHostBytes" of JSON is what the host spends on the container, its machine included.
/// On a terminal the table is redrawn until interrupted, with the total of all below it; elsewhere it is printed every second.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  container stats\n  container stats --no-stream web db\n  container stats --format json\n  \
                  container stats --no-stream --format 'table {{.Name}}\\t{{.CPUPerc}}\\t{{.MemUsage}}'"
)]
pub(crate) struct Stats {
    /// Containers that do not run as well
    #[arg(short, long)]
    all: bool,

    /// Print once and end
    #[arg(long)]
    no_stream: bool,

    /// Show ids in full, as they always are
    #[arg(long)]
    no_trunc: bool,

    /// How to print: json, yaml and toml print once; or a template: '{{json .}}' shows its fields, and 'table ' in front of it makes columns
    #[arg(long, allow_hyphen_values = true, value_parser = ListFormat::parser(), default_value = "table")]
    format: ListFormat,

    /// Containers; all that run otherwise
    #[arg(value_name = "CONTAINER")]
    containers: Vec<ContainerQuery>,
}

impl Stats {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let (named, errors) = several::find(&engine, &self.containers);
        if !errors.is_empty() {
            return Err(CommandError::joined(&errors));
        }
        let rounds = Rounds::new(engine, named, self.all);
        match &self.format {
            Asked::Named(format) if *format != Format::Table => self.print_objects(rounds, *format).await,
            _ if self.no_stream => self.print_once(rounds).await,
            _ => {
                let mut interrupt =
                    signal(SignalKind::interrupt()).map_err(|error| cannot("wait for signals", error))?;
                let mut terminate =
                    signal(SignalKind::terminate()).map_err(|error| cannot("wait for signals", error))?;
                tokio::select! {
                    ended = self.go_on(rounds) => ended,
                    // It has no other end.
                    _ = interrupt.recv() => Ok(0),
                    _ = terminate.recv() => Ok(0),
                }
            }
        }
    }

    /// Times of processors are told as they are counted, for which one look is enough.
    async fn print_objects(&self, mut rounds: Rounds, format: Format) -> Result<u8, CommandError> {
        let mut rows = rounds.next(PATIENCE_ONCE).await?;
        // As in Apple's tool, whose users expect the figures of each object.
        rows.retain(|row| self.all || row.statistics.is_some());
        output::text(&format.render(statistics_json(&rows))?)?;
        finish(&rounds)
    }

    async fn print_once(&self, mut rounds: Rounds) -> Result<u8, CommandError> {
        let mut rows = rounds.next(PATIENCE_ONCE).await?;
        if rows.iter().any(|row| row.statistics.is_some()) {
            sleep(FIRST_INTERVAL).await;
            rows = rounds.next(PATIENCE_ONCE).await?;
        }
        output::text(&self.picture(&rows)?)?;
        finish(&rounds)
    }

    async fn go_on(&self, mut rounds: Rounds) -> Result<u8, CommandError> {
        let screen = match io::stdout().is_terminal() {
            true => Some(Screen::open().map_err(|error| cannot("draw on the terminal", error))?),
            false => None,
        };
        rounds.next(PATIENCE).await?;
        sleep(FIRST_INTERVAL).await;
        let mut ticks = interval_at(tokio::time::Instant::now(), INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let rows = rounds.next(PATIENCE).await?;
            let picture = self.picture(&rows)?;
            match &screen {
                Some(screen) => screen.show(&picture),
                None => output::text(&picture)?,
            }
            if rounds.are_over() {
                return Ok(0);
            }
        }
    }

    fn picture(&self, rows: &[StatisticsRow]) -> Result<String, CommandError> {
        match &self.format {
            Asked::Template(template) => statistics_rows(rows).render(template),
            // Scripts read a line as a container.
            Asked::Named(_) => Ok(statistics_table(rows, rows.len() > 1 && io::stdout().is_terminal())),
        }
    }
}

/// The end of a command that has printed what it could.
fn finish(rounds: &Rounds) -> Result<u8, CommandError> {
    match rounds.failures() {
        failures if failures.is_empty() => Ok(0),
        failures => Err(CommandError::joined(&failures)),
    }
}
