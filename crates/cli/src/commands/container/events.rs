//! `container events`.

mod filter;
mod format;

use clap::Args;
use container_engine::{Engine, EventsRequest};

use self::filter::{event_filter, pass};
use self::format::EventFormat;
use crate::arguments::{Filter, Moment};
use crate::error::CommandError;
use crate::output;
use crate::session::Signals;

/// Show what happens to containers, images, volumes and networks
///
/// What happens from now on, unless --since or --until says otherwise; without --until until the command is interrupted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    container events --filter type=container --filter event=die\n  \
    container events --since 1h --until 0s --format '{{.Action}} {{.Actor.ID}}'")]
pub(crate) struct Events {
    /// Show those since then as well: 10m ago, a date, or seconds since 1970
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<Moment>,

    /// Show those until then, written in the same way, and end
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<Moment>,

    /// Show those with this only: container, image, volume, network, type, event, label
    #[arg(short, long = "filter", value_name = "KEY=VALUE", value_parser = event_filter)]
    filters: Vec<Filter>,

    /// A template of Go, or json: one line for each event
    #[arg(long, value_name = "FORMAT", allow_hyphen_values = true)]
    format: Option<EventFormat>,
}

impl Events {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since.0 > until.0
        {
            return Err(CommandError::usage(
                "--since is after --until: nothing can happen between them",
            ));
        }
        let format = self.format.unwrap_or_default();
        let mut signals = Signals::listen()?;
        let request = EventsRequest {
            since: self.since.map(|moment| moment.0),
            until: self.until.map(|moment| moment.0),
        };
        let mut events = Engine::open()?.events(request)?;
        while let Some(event) = signals.or_end(events.next()).await? {
            if pass(&self.filters, &event) {
                output::text(&format.render(&event)?)?;
            }
        }
        Ok(0)
    }
}
