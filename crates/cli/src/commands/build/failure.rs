//! What is said of a build that failed.

use container_build::{BuildError, StepFailure};
use container_terminal::{printable, printable_lines};

use super::progress::shown_line;
use crate::error::CommandError;
use crate::output;

/// Around the last lines of a step.
const RULE: &str = "------";

/// Shows the step and what it last wrote, and where in the Dockerfile it stands; the error says why.
pub(super) fn explain(error: &BuildError) -> CommandError {
    let (place, error) = match error {
        BuildError::Placed { place, error } => (Some(place), &**error),
        error => (None, error),
    };
    let message = match error {
        BuildError::Step(failure) => {
            output::note(&last_lines(failure));
            format!("failed to build: {}", failure.cause)
        }
        error => format!("failed to build: {error}"),
    };
    if let Some(place) = place {
        output::note(&printable_lines(&place.to_string()));
    }
    CommandError::new(message)
}

/// The step and its last lines between two rules, as BuildKit has them.
fn last_lines(failure: &StepFailure) -> String {
    let mut text = format!("{RULE}\n > {}:\n", printable(&failure.label));
    for line in &failure.last_lines {
        text.push_str(&shown_line(line.as_bytes()));
        text.push('\n');
    }
    text.push_str(RULE);
    text
}
