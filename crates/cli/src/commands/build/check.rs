//! `build --check`.

use container_build::{BuildRequest, BuildWarning, CheckReport};
use container_engine::ConfiguredEngine;
use container_terminal::printable_lines;

use super::failure;
use crate::error::CommandError;
use crate::output;

/// The exit code where there is something to be said.
const FOUND: u8 = 1;

/// Prints what is odd about a Dockerfile.
pub(super) async fn run(engine: &ConfiguredEngine, request: BuildRequest) -> Result<u8, CommandError> {
    let report = container_build::check(engine, request).await;
    let CheckReport { warnings, error } = report.map_err(|error| failure::explain(&error))?;
    for warning in &warnings {
        output::text(&printable_lines(&shown(warning)))?;
    }
    if let Some(error) = error {
        return Err(failure::explain(&error));
    }
    output::line(&summary(warnings.len()))?;
    Ok(if warnings.is_empty() { 0 } else { FOUND })
}

/// A warning as buildx prints it: the rule and its page, what is wrong, and where.
fn shown(warning: &BuildWarning) -> String {
    let mut text = String::from("WARNING:");
    if let Some(rule) = warning.rule {
        text.push_str(&format!(" {} - {}", rule.name, rule.url));
    }
    text.push_str(&format!("\n{}\n", warning.message));
    if let Some(place) = &warning.place {
        text.push_str(&format!("{place}\n"));
    }
    text.push('\n');
    text
}

fn summary(count: usize) -> String {
    match count {
        0 => "Check complete, no warnings found.".to_owned(),
        1 => "Check complete, 1 warning has been found!".to_owned(),
        count => format!("Check complete, {count} warnings have been found!"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_build::BrokenRule;

    #[test]
    fn a_warning_names_its_rule_and_says_what_is_wrong() {
        let warning = BuildWarning {
            rule: Some(BrokenRule {
                name: "Short",
                description: "Be short.",
                url: "https://example.com/short",
            }),
            message: "odd".to_owned(),
            place: None,
        };
        let expected = "WARNING: Short - https://example.com/short\nodd\n\n";
        assert_eq!(shown(&warning), expected);
        assert_eq!(summary(2), "Check complete, 2 warnings have been found!");
    }
}
