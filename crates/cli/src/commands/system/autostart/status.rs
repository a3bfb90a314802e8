//! `container system autostart status`.

use clap::Args;
use container_engine::{AutostartStatus, AutostartUnit, ContainerAtBoot, Engine};
use serde_json::{Value, json};

use crate::error::CommandError;
use crate::output::{self, Asked, Format, ObjectFormat, table};

/// Show whether containers start together with the host, and which
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// How to print; or a template, such as '{{.enabled}}'
    #[arg(long, allow_hyphen_values = true, value_parser = ObjectFormat::parser(), default_value = "table")]
    format: ObjectFormat,
}

impl Status {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let status = Engine::open()?.autostart_status()?;
        let text = match &self.format {
            Asked::Named(Format::Table) => table(["FIELD", "VALUE"], &rows(&status)),
            Asked::Named(format) => format.render(object(&status))?,
            Asked::Template(template) => output::lines(template, &[object(&status)])?,
        };
        output::text(&text)?;
        Ok(0)
    }
}

fn rows(status: &AutostartStatus) -> Vec<[String; 2]> {
    let mut rows = vec![
        row("enabled", if status.is_enabled { "yes" } else { "no" }.to_owned()),
        row(
            "unit",
            format!("{} ({})", status.path.display(), unit_word(&status.unit)),
        ),
    ];
    if let Some((program, word)) = program(&status.unit) {
        rows.push(row("program", format!("{program} ({word})")));
    }
    rows.extend(status.containers.iter().map(|container| {
        let ContainerAtBoot { id, policy, .. } = container;
        match container.stays_stopped {
            None => row("starts", format!("{id} ({policy})")),
            Some(reason) => row("stays stopped", format!("{id} ({policy}): {reason}")),
        }
    }));
    rows
}

fn row(field: &str, value: String) -> [String; 2] {
    [field.to_owned(), value]
}

fn object(status: &AutostartStatus) -> Value {
    let (path, word) = program(&status.unit).unzip();
    let containers = status.containers.iter().map(|container| {
        json!({
            "id": container.id.as_str(),
            "policy": container.policy.to_string(),
            "starts": container.stays_stopped.is_none(),
            "reason": container.stays_stopped.map(|reason| reason.to_string()),
        })
    });
    json!({
        "enabled": status.is_enabled,
        "unit": status.path.display().to_string(),
        "unitState": unit_word(&status.unit),
        "program": path,
        "programState": word,
        "containers": containers.collect::<Vec<_>>(),
    })
}

fn unit_word(unit: &AutostartUnit) -> &'static str {
    match unit {
        AutostartUnit::Missing => "missing",
        AutostartUnit::Foreign => "not made by this program",
        AutostartUnit::Ours { .. } => "present",
    }
}

/// The program that the unit starts, and what it is.
fn program(unit: &AutostartUnit) -> Option<(String, &'static str)> {
    let AutostartUnit::Ours {
        program,
        program_exists,
        is_this_program,
    } = unit
    else {
        return None;
    };
    let word = match (is_this_program, program_exists) {
        (true, _) => "this program",
        (false, true) => "another program",
        (false, false) => "missing",
    };
    let path = program.as_ref().map(|path| path.display().to_string());
    Some((path.unwrap_or_default(), word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_engine::StaysStopped;

    #[test]
    fn everything_is_told_with_its_reason() {
        let container = |id: &str, policy: &str, stays_stopped| ContainerAtBoot {
            id: id.parse().unwrap(),
            policy: policy.parse().unwrap(),
            stays_stopped,
        };
        let status = AutostartStatus {
            is_enabled: true,
            path: "/units/a.service".into(),
            unit: AutostartUnit::Ours {
                program: Some("/old/container".into()),
                program_exists: false,
                is_this_program: false,
            },
            containers: vec![
                container("web", "on-failure:3", None),
                container("db", "unless-stopped", Some(StaysStopped::StoppedByUser)),
            ],
        };
        let expected = [
            ["enabled", "yes"],
            ["unit", "/units/a.service (present)"],
            ["program", "/old/container (missing)"],
            ["starts", "web (on-failure:3)"],
            ["stays stopped", "db (unless-stopped): stopped by a user"],
        ];
        assert_eq!(rows(&status), expected.map(|cells| cells.map(str::to_owned)));
        let object = object(&status);
        assert_eq!(object["programState"], "missing");
        assert_eq!(
            object["containers"][1],
            json!({ "id": "db", "policy": "unless-stopped", "starts": false, "reason": "stopped by a user" })
        );
    }
}
