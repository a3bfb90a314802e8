//! Warnings at the end of a build.

use container_build::BuildWarning;
use container_terminal::printable;

/// As buildx has them: how many, and a line for each, in the order of the Dockerfile. Nothing when there are none.
pub(super) fn summary(warnings: &[BuildWarning]) -> String {
    let count = match warnings.len() {
        0 => return String::new(),
        1 => "1 warning".to_owned(),
        count => format!("{count} warnings"),
    };
    let has_lines = warnings.iter().any(|warning| warning.place.is_some());
    let hint = if has_lines { " (--check shows the lines)" } else { "" };
    let mut text = format!("\n {count} found{hint}:\n");
    let mut warnings: Vec<&BuildWarning> = warnings.iter().collect();
    warnings.sort_by_key(|warning| {
        warning
            .place
            .as_ref()
            .map_or(usize::MAX, |place| place.range.start.offset)
    });
    for warning in warnings {
        text.push_str(&format!(" - {}\n", printable(&warning.to_string())));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_counted() {
        assert_eq!(summary(&[]), "");
        let warning = BuildWarning {
            rule: None,
            message: "odd\x1b".to_owned(),
            place: None,
        };
        assert_eq!(
            summary(std::slice::from_ref(&warning)),
            "\n 1 warning found:\n - odd\u{fffd}\n"
        );
        assert!(summary(&[warning.clone(), warning]).contains(" 2 warnings found"));
    }
}
