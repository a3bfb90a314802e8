//! `container system version`.

use clap::Args;
use serde_json::json;

use crate::error::CommandError;
use crate::output::{self, Format, table};

/// Show the version of this program
#[derive(Debug, Args)]
pub(crate) struct Version {
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Version {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let (version, build, commit) = (
            env!("CARGO_PKG_VERSION"),
            env!("CONTAINER_BUILD"),
            env!("CONTAINER_COMMIT"),
        );
        let text = match self.format {
            Format::Table => {
                let row = ["container", version, build, commit].map(str::to_owned);
                table(["COMPONENT", "VERSION", "BUILD", "COMMIT"], &[row])
            }
            format => format.render(json!([
                {"appName": "container", "version": version, "buildType": build, "commit": commit}
            ]))?,
        };
        output::text(&text)?;
        Ok(0)
    }
}
