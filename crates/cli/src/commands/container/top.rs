//! `container top`.

use clap::Args;
use container_engine::Engine;
use container_model::ContainerQuery;
use time::OffsetDateTime;

use crate::error::{CommandError, warn};
use crate::output::{self, Format, process_json, process_table};

/// Show the processes of a running container
///
/// Ids are those that the container's own programs see; times of day are in UTC. Options of ps are not supported: processes are read from the
/// guest's kernel, and the container needs no ps.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  container top web --format json")]
pub(crate) struct Top {
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Container
    #[arg(value_name = "CONTAINER")]
    container: ContainerQuery,

    /// Options of ps, which Docker takes here
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    ps_options: Vec<String>,
}

impl Top {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        if let Some(option) = self.ps_options.first() {
            return Err(CommandError::usage(format!(
                "{option:?}: options of ps are not supported, the columns are fixed"
            ))
            .with_hint(format!("container exec {} ps", self.container)));
        }
        let engine = Engine::open()?;
        let listing = engine.top(&engine.find(&self.container)?).await?;
        let now = OffsetDateTime::now_utc();
        output::text(&match self.format {
            Format::Table => process_table(&listing.processes, now),
            format => format.render(process_json(&listing.processes, now))?,
        })?;
        if listing.omitted_count > 0 {
            warn(format_args!("{} more processes are not shown", listing.omitted_count));
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::command_line::{Command, CommandLine};
    use crate::output::Format;

    #[test]
    fn our_flags_are_understood_after_the_name_and_those_of_ps_are_refused() {
        for (line, has_json, ps_options) in [
            (&["top", "web", "--format", "json"][..], true, &[][..]),
            (&["top", "--format", "json", "web"], true, &[]),
            (&["top", "web", "-ef"], false, &["-ef"]),
            (&["top", "web", "aux"], false, &["aux"]),
        ] {
            let words = std::iter::once(&"container").chain(line);
            match CommandLine::try_parse_from(words).unwrap().command {
                Some(Command::Top(top)) => {
                    assert_eq!(top.format == Format::Json, has_json, "{line:?}");
                    assert_eq!(top.ps_options, ps_options, "{line:?}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
