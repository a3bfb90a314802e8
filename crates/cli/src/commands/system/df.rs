//! `container system df`.

mod each;

use clap::Args;
use container_engine::{DiskUsage, Engine, Usage};
use container_terminal::HumanSize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::error::CommandError;
use crate::output::{self, Asked, Format, ListFormat, Rows, table};

/// Show what images, containers, volumes, templates and the cache of builds cost on the disk
#[derive(Debug, Args)]
pub(crate) struct Df {
    /// Show each image, container, volume, template and record of the cache
    #[arg(short, long)]
    verbose: bool,

    /// How to print; or a template, such as '{{.Type}}' or 'table {{.Type}}\t{{.Size}}'
    #[arg(long, allow_hyphen_values = true, value_parser = ListFormat::parser(), default_value = "table")]
    format: ListFormat,
}

impl Df {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        if self.verbose && matches!(self.format, Asked::Template(_)) {
            return Err(CommandError::usage(
                "a template makes lines of the sums only: leave --verbose out",
            ));
        }
        let engine = Engine::open()?;
        let usage = engine.disk_usage().await?;
        let text = match (&self.format, self.verbose) {
            (Asked::Named(Format::Table), true) => each::tables(&usage.each, OffsetDateTime::now_utc()),
            (Asked::Named(Format::Table), false) => table(FIELDS.map(|(_, column)| column), &cells(&usage)),
            (Asked::Template(template), _) => Rows::new(FIELDS, cells(&usage)).render(template)?,
            (Asked::Named(format), verbose) => {
                let mut json = usage_json(&usage);
                if verbose {
                    each::add_to_json(&mut json, &usage.each);
                }
                format.render(json)?
            }
        };
        output::text(&text)?;
        Ok(0)
    }
}

/// The rows, each with its title and its key in JSON, which is that of Apple's tool where that has one.
fn rows(usage: &DiskUsage) -> [(&'static str, &'static str, Usage); 5] {
    [
        ("Images", "images", usage.images),
        ("Containers", "containers", usage.containers),
        ("Local Volumes", "volumes", usage.volumes),
        ("Templates", "templates", usage.templates),
        ("Build Cache", "buildCache", usage.build_cache),
    ]
}

/// Docker's fields of a row, with their columns.
const FIELDS: [(&str, &str); 5] = [
    ("Type", "TYPE"),
    ("TotalCount", "TOTAL"),
    ("Active", "ACTIVE"),
    ("Size", "SIZE"),
    ("Reclaimable", "RECLAIMABLE"),
];

fn cells(usage: &DiskUsage) -> [[String; 5]; 5] {
    rows(usage).map(|(title, _, row)| {
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
    })
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
        usage.templates = Usage {
            total: 3,
            active: 1,
            size_bytes: 300_000_000,
            reclaimable_bytes: 200_000_000,
        };
        usage.build_cache = Usage {
            total: 5,
            active: 2,
            size_bytes: 50_000_000,
            reclaimable_bytes: 10_000_000,
        };
        let expected = "\
TYPE           TOTAL  ACTIVE  SIZE     RECLAIMABLE
Images         4      1       1.23 GB  410 MB (33%)
Containers     2      2       512 B    0 B (0%)
Local Volumes  0      0       0 B      0 B (0%)
Templates      3      1       300 MB   200 MB (66%)
Build Cache    5      2       50 MB    10 MB (20%)
";
        assert_eq!(table(FIELDS.map(|(_, column)| column), &cells(&usage)), expected);
        assert_eq!(usage_json(&usage)["images"]["reclaimable"], 410_000_000);
        assert_eq!(usage_json(&usage)["templates"]["sizeInBytes"], 300_000_000);
    }
}
