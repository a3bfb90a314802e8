//! `container system version`.

use clap::Args;
use container_oci::Platform;
use serde_json::{Value, json};

use crate::error::CommandError;
use crate::output::{self, Asked, Format, ObjectFormat, table};

/// Show the version of this program
#[derive(Debug, Args)]
pub(crate) struct Version {
    /// How to print; or a template, such as '{{.version}}' or Docker's '{{.Client.Version}}'
    #[arg(long, allow_hyphen_values = true, value_parser = ObjectFormat::parser(), default_value = "table")]
    format: ObjectFormat,
}

impl Version {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let (version, build, commit) = (
            env!("CARGO_PKG_VERSION"),
            env!("CONTAINER_BUILD"),
            env!("CONTAINER_COMMIT"),
        );
        let object = json!({"appName": "container", "version": version, "buildType": build, "commit": commit});
        let text = match &self.format {
            Asked::Named(Format::Table) => {
                let row = ["container", version, build, commit].map(str::to_owned);
                table(["COMPONENT", "VERSION", "BUILD", "COMMIT"], &[row])
            }
            Asked::Named(format) => format.render(json!([object]))?,
            Asked::Template(template) => output::lines(template, &[with_names_of_docker(object)])?,
        };
        output::text(&text)?;
        Ok(0)
    }
}

/// The same with `Client` and `Server`, which are both this program, for scripts that ask Docker.
fn with_names_of_docker(mut version: Value) -> Value {
    let program = json!({
        "Version": version["version"],
        "GitCommit": version["commit"],
        "Os": std::env::consts::OS,
        "Arch": Platform::host().architecture,
    });
    version["Client"] = program.clone();
    version["Server"] = program;
    version
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_and_server_are_this_program() {
        let version = with_names_of_docker(json!({ "version": "1.2", "commit": "ab" }));
        assert_eq!(
            (&version["Client"]["Version"], &version["version"]),
            (&"1.2".into(), &"1.2".into())
        );
        assert_eq!(version["Client"], version["Server"]);
    }
}
