//! `container image history`.

use clap::Args;
use container_engine::{Engine, HistoryStep};
use container_terminal::HumanSize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::date::date;
use crate::arguments::PlatformFlags;
use crate::error::{CommandError, cannot};
use crate::output::{ListFlags, Listing, Rows, ago, docker_time, short, table};

/// What stands for the image of a step: only the last one's is known.
const MISSING: &str = "<missing>";
/// Characters of a command that are shown, as in Docker.
const COMMAND_CHARS: usize = 45;

/// Docker's fields, with their columns.
const FIELDS: [(&str, &str); 6] = [
    ("ID", "IMAGE"),
    ("CreatedSince", "CREATED"),
    ("CreatedAt", "CREATED AT"),
    ("CreatedBy", "CREATED BY"),
    ("Size", "SIZE"),
    ("Comment", "COMMENT"),
];

/// Show the steps that an image was made in, the last one first
#[derive(Debug, Args)]
pub(crate) struct History {
    /// Image
    #[arg(value_name = "IMAGE")]
    image: String,

    /// Show commands and digests in full
    #[arg(long)]
    no_trunc: bool,

    #[command(flatten)]
    output: ListFlags,
    #[command(flatten)]
    platform: PlatformFlags,
}

impl History {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?.configured()?;
        let reference = engine.find_image(&self.image)?;
        let inspect = engine.inspect_image(&reference);
        let image = inspect.map_err(|error| cannot(format!("use image {}", self.image), error))?;
        let platform = self.platform.of_container()?.unwrap_or_else(|| image.usual_platform());
        let history = engine.image_history(&reference, &platform)?;
        let id = if self.no_trunc {
            image.digest.to_string()
        } else {
            short(&image.digest)
        };
        let ids = || std::iter::once(id.clone()).chain(std::iter::repeat(MISSING.to_owned()));
        self.output.print(Listing {
            identifiers: || ids().take(history.len()).collect(),
            objects: || {
                let ids = std::iter::once(Some(image.digest.to_string())).chain(std::iter::repeat(None));
                ids.zip(&history).map(|(id, step)| step_json(id, step)).collect()
            },
            rows: || {
                let now = OffsetDateTime::now_utc();
                let steps = ids().zip(&history);
                Rows::new(FIELDS, steps.map(|(id, step)| fields(id, step, self.no_trunc, now)))
            },
            table: || {
                let now = OffsetDateTime::now_utc();
                let rows: Vec<_> = ids()
                    .zip(&history)
                    .map(|(id, step)| row(id, step, self.no_trunc, now))
                    .collect();
                table(["IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"], &rows)
            },
        })?;
        Ok(0)
    }
}

/// Docker's fields, in the order of [`FIELDS`].
fn fields(id: String, step: &HistoryStep, is_full: bool, now: OffsetDateTime) -> [String; 6] {
    let [id, since, command, size, comment] = row(id, step, is_full, now);
    let created = created(step).map(docker_time).unwrap_or_default();
    [id, since, created, command, size, comment]
}

fn created(step: &HistoryStep) -> Option<OffsetDateTime> {
    date(step.created.as_deref()?)
}

fn row(id: String, step: &HistoryStep, is_full: bool, now: OffsetDateTime) -> [String; 5] {
    let created = created(step);
    let command = step.created_by.clone().unwrap_or_default();
    [
        id,
        created.map(|then| ago(then, now)).unwrap_or_default(),
        if is_full { command } else { shortened(&command) },
        HumanSize(step.size_bytes.unwrap_or(0)).to_string(),
        step.comment.clone().unwrap_or_default(),
    ]
}

fn shortened(command: &str) -> String {
    if command.chars().count() <= COMMAND_CHARS {
        return command.to_owned();
    }
    let start: String = command.chars().take(COMMAND_CHARS - 1).collect();
    format!("{start}…")
}

fn step_json(id: Option<String>, step: &HistoryStep) -> Value {
    json!({
        "id": id,
        "created": step.created,
        "createdBy": step.created_by,
        "comment": step.comment,
        "size": step.size_bytes.unwrap_or(0),
        "emptyLayer": step.is_empty_layer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(created_by: &str) -> HistoryStep {
        HistoryStep {
            created: Some("2023-11-14T22:13:20.5Z".to_owned()),
            created_by: Some(created_by.to_owned()),
            comment: None,
            size_bytes: Some(29_400_000),
            is_empty_layer: false,
        }
    }

    #[test]
    fn a_row_is_short_unless_all_is_asked_for() {
        let now = OffsetDateTime::from_unix_timestamp(1_700_086_400).unwrap();
        let command = "RUN apt-get update && apt-get install --yes build-essential";
        assert_eq!(
            row("12ab".to_owned(), &step(command), false, now),
            [
                "12ab",
                "24 hours ago",
                "RUN apt-get update && apt-get install --yes …",
                "29.4 MB",
                ""
            ]
        );
        assert_eq!(row("12ab".to_owned(), &step(command), true, now)[2], command);
        assert_eq!(
            fields("12ab".to_owned(), &step(command), true, now)[1..4],
            ["24 hours ago", "2023-11-14 22:13:20 +0000 UTC", command]
        );
    }

    #[test]
    fn a_step_without_a_date_has_none() {
        let mut step = step("x");
        step.created = Some("yesterday".to_owned());
        assert_eq!(row(String::new(), &step, false, OffsetDateTime::UNIX_EPOCH)[1], "");
    }
}
