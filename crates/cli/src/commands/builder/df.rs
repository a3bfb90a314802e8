//! `container builder df`.

use clap::Args;
use container_engine::{BuildCacheRecord, Engine};
use container_terminal::HumanSize;
use time::OffsetDateTime;

use super::records::{is_shared, record_object, record_rows, records_table};
use crate::error::CommandError;
use crate::output::{self, Asked, Format, ListFormat};

/// Show what builds keep for later ones, and what it costs on the disk
#[derive(Debug, Args)]
pub(crate) struct Df {
    /// Show ids and descriptions as a whole
    #[arg(short, long)]
    verbose: bool,

    /// How to print; or a template, such as '{{.ID}}' or 'table {{.ID}}\t{{.Size}}'
    #[arg(long, allow_hyphen_values = true, value_parser = ListFormat::parser(), default_value = "table")]
    format: ListFormat,
}

impl Df {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let records = Engine::open()?.build_cache().await?;
        let text = match &self.format {
            Asked::Named(Format::Table) => shown(&records, OffsetDateTime::now_utc(), self.verbose),
            Asked::Named(format) => format.render(records.iter().map(record_object).collect())?,
            Asked::Template(template) => record_rows(&records).render(template)?,
        };
        output::text(&text)?;
        Ok(0)
    }
}

fn shown(records: &[BuildCacheRecord], now: OffsetDateTime, is_verbose: bool) -> String {
    let sum = |is_counted: fn(&&BuildCacheRecord) -> bool| {
        let counted = records.iter().filter(is_counted);
        HumanSize(counted.map(|record| record.size_bytes).sum())
    };
    format!(
        "{}\nShared:       {}\nPrivate:      {}\nReclaimable:  {}\nTotal:        {}\n",
        records_table(records, now, is_verbose),
        sum(|record| is_shared(record)),
        sum(|record| !is_shared(record)),
        sum(|record| !record.is_needed),
        sum(|_| true),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_engine::BuildCacheKind;
    use time::Duration;

    fn records() -> [BuildCacheRecord; 2] {
        let layer = BuildCacheRecord {
            id: "ab".repeat(32),
            kind: BuildCacheKind::Layer,
            description: format!("RUN {}", "x".repeat(80)),
            created: Some(OffsetDateTime::UNIX_EPOCH),
            last_used: OffsetDateTime::UNIX_EPOCH,
            size_bytes: 5_000_000,
            is_needed: true,
        };
        let mount = BuildCacheRecord {
            id: "cd".repeat(32),
            kind: BuildCacheKind::Mount,
            description: "cached mount /root/.npm".to_owned(),
            created: None,
            size_bytes: 1_000_000,
            is_needed: false,
            ..layer.clone()
        };
        [layer, mount]
    }

    #[test]
    fn records_are_rows_and_their_sums_stand_below() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::hours(3);
        let expected = format!(
            "\
ID            RECLAIMABLE  SIZE  LAST USED    DESCRIPTION
abababababab  false        5 MB  3 hours ago  RUN {}…
cdcdcdcdcdcd  true         1 MB  3 hours ago  cached mount /root/.npm

Shared:       5 MB
Private:      1 MB
Reclaimable:  1 MB
Total:        6 MB
",
            "x".repeat(55)
        );
        assert_eq!(shown(&records(), now, false), expected);
        assert!(shown(&records(), now, true).contains(&"ab".repeat(32)));
    }
}
