//! `container system df`.

use clap::Args;
use container_engine::{DiskUsage, Engine, Usage};
use container_terminal::HumanSize;
use serde_json::{Value, json};

use crate::error::CommandError;
use crate::output::{self, Format, table};

/// Show what images, containers and volumes cost on the disk
#[derive(Debug, Args)]
pub(crate) struct Df {
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Df {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let usage = Engine::open()?.disk_usage().await?;
        let text = match self.format {
            Format::Table => usage_table(&usage),
            format => format.render(usage_json(&usage))?,
        };
        output::text(&text)?;
        Ok(0)
    }
}

/// The rows, each with its title and its key in JSON, which is that of Apple's tool.
fn rows(usage: &DiskUsage) -> [(&'static str, &'static str, Usage); 3] {
    [
        ("Images", "images", usage.images),
        ("Containers", "containers", usage.containers),
        ("Local Volumes", "volumes", usage.volumes),
    ]
}

fn usage_table(usage: &DiskUsage) -> String {
    let rows = rows(usage).map(|(title, _, row)| {
        let percent = match row.size_bytes {
            0 => 0,
            size => u128::from(row.reclaimable_bytes) * 100 / u128::from(size),
        };
        [
            title.to_owned(),
            row.total.to_string(),
            row.active.to_string(),
            HumanSize(row.size_bytes).to_string(),
            format!("{} ({percent}%)", HumanSize(row.reclaimable_bytes)),
        ]
    });
    table(["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"], &rows)
}

fn usage_json(usage: &DiskUsage) -> Value {
    let object = |row: Usage| {
        json!({
            "total": row.total,
            "active": row.active,
            "sizeInBytes": row.size_bytes,
            "reclaimable": row.reclaimable_bytes,
        })
    };
    let fields = rows(usage).map(|(_, key, row)| (key.to_owned(), object(row)));
    Value::Object(fields.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_row_and_its_share() {
        let mut usage = DiskUsage::default();
        usage.images.total = 4;
        usage.images.active = 1;
        usage.images.size_bytes = 1_230_000_000;
        usage.images.reclaimable_bytes = 410_000_000;
        usage.containers = Usage {
            total: 2,
            active: 2,
            size_bytes: 512,
            reclaimable_bytes: 0,
        };
        let expected = "\
TYPE           TOTAL  ACTIVE  SIZE     RECLAIMABLE
Images         4      1       1.23 GB  410 MB (33%)
Containers     2      2       512 B    0 B (0%)
Local Volumes  0      0       0 B      0 B (0%)
";
        assert_eq!(usage_table(&usage), expected);
        assert_eq!(usage_json(&usage)["images"]["reclaimable"], 410_000_000);
    }
}
