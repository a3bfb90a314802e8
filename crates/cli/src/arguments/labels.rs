//! Flags of `run` and `create` about what is noted of a container.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::label::{self, Label};
use crate::environment;
use crate::error::{CommandError, cannot};

/// What is noted of it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Container options")]
pub(crate) struct LabelFlags {
    /// Read labels from a file: KEY=VALUE lines, and comments that begin with #
    #[arg(long, value_name = "FILE")]
    label_file: Vec<PathBuf>,

    /// Note something for other programs, which inspect shows
    #[arg(long, value_name = "KEY=VALUE")]
    annotation: Vec<Label>,
}

impl LabelFlags {
    /// The labels of the files; those of flags come later and win.
    pub(crate) fn labels(&self, flags: Vec<Label>) -> Result<BTreeMap<String, String>, CommandError> {
        let mut labels = BTreeMap::new();
        for path in &self.label_file {
            let text = environment::read(path)
                .map_err(|reason| cannot(format!("read label file {}", path.display()), reason))?;
            let parsed = parse(&text);
            labels.extend(parsed.map_err(|bad| CommandError::usage(format!("label file {}: {bad}", path.display())))?);
        }
        labels.extend(label::collect(flags));
        Ok(labels)
    }

    /// The annotations.
    pub(crate) fn annotations(self) -> BTreeMap<String, String> {
        label::collect(self.annotation)
    }
}

fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut labels = Vec::new();
    for (index, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
        let line = line.trim_start();
        if !line.is_empty() && !line.starts_with('#') {
            labels.push(
                line.parse()
                    .map_err(|bad: String| format!("line {}: {bad}", index + 1))?,
            );
        }
    }
    Ok(label::collect(labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_comments_and_labels_with_and_without_value() {
        let labels = parse("# one\n\n  a=1\r\nb\na=2 3\n").unwrap();
        let expected = [("a", "2 3"), ("b", "")];
        assert!(
            labels
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .eq(expected)
        );
        assert!(parse("a=1\n=2").unwrap_err().starts_with("line 2: "));
    }
}
