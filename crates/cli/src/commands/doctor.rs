//! `container doctor`.

use clap::Args;
use container_engine::{Finding, Verdict, diagnose};
use container_model::exit_code;
use serde_json::{Value, json};

use crate::error::{CommandError, in_words};
use crate::output::{self, Asked, Format, ListFormat, Rows, table};

/// Look whether containers can run here, and say what to do where they cannot
#[derive(Debug, Args)]
#[command(
    after_help = "The exit code is 1 when something keeps containers from running. What is only slower than it could be is 'poor'."
)]
pub(crate) struct Doctor {
    /// How to print; or a template for each thing looked at, such as '{{.Check}}: {{.Verdict}}'
    #[arg(long, allow_hyphen_values = true, value_parser = ListFormat::parser(), default_value = "table")]
    format: ListFormat,
}

impl Doctor {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let findings = diagnose().await;
        let text = match &self.format {
            Asked::Named(Format::Table) => {
                let rows: Vec<_> = findings.iter().flat_map(rows).collect();
                table(["CHECK", "VERDICT", "DETAIL"], &rows)
            }
            Asked::Named(format) => format.render(findings.iter().map(object).collect())?,
            Asked::Template(template) => Rows::new(FIELDS, findings.iter().map(cells)).render(template)?,
        };
        output::text(&text)?;
        let is_bad = findings.iter().any(|finding| finding.verdict == Verdict::Bad);
        Ok(if is_bad { exit_code::FAILURE } else { 0 })
    }
}

/// What templates see, and the names of the columns.
const FIELDS: [(&str, &str); 4] = [
    ("Check", "CHECK"),
    ("Verdict", "VERDICT"),
    ("Detail", "DETAIL"),
    ("Remedy", "REMEDY"),
];

fn cells(finding: &Finding) -> [String; 4] {
    let [check, verdict, detail] = found(finding);
    [check, verdict, detail, finding.remedy.clone().unwrap_or_default()]
}

/// What was found, and below it the way out.
fn rows(finding: &Finding) -> impl Iterator<Item = [String; 3]> {
    let remedy = finding.remedy.as_ref();
    let way_out = remedy.map(|remedy| [String::new(), String::new(), format!("try: {remedy}")]);
    [found(finding)].into_iter().chain(way_out)
}

fn found(finding: &Finding) -> [String; 3] {
    [
        finding.subject.to_owned(),
        word(finding.verdict).to_owned(),
        in_words(&finding.detail),
    ]
}

fn object(finding: &Finding) -> Value {
    json!({
        "check": finding.subject,
        "verdict": word(finding.verdict),
        "detail": finding.detail,
        "remedy": finding.remedy,
    })
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Poor => "poor",
        Verdict::Bad => "bad",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_out_is_below_what_was_found() {
        let finding = Finding {
            subject: "space",
            verdict: Verdict::Poor,
            detail: "1 MiB".to_owned(),
            remedy: Some("prune".to_owned()),
        };
        let rows: Vec<_> = rows(&finding).collect();
        assert_eq!(rows, [["space", "poor", "1 MiB"], ["", "", "try: prune"]]);
    }
}
