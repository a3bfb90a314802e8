//! Facts about a Mac as lines that a person can send: `name: value`, or `name: not known: why`.

use anyhow::Result;
use std::fmt;

/// One fact.
#[derive(Debug)]
pub(super) struct Fact {
    name: String,
    value: Result<String>,
}

impl Fact {
    /// What was found out under this name, or why it was not.
    pub(super) fn new(name: &str, value: Result<String>) -> Self {
        Self {
            name: name.to_owned(),
            value,
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Ok(value) if value.trim().is_empty() => write!(formatter, "{}: not known: nothing was printed", self.name),
            Ok(value) => write!(formatter, "{}: {}", self.name, one_line(value)),
            Err(error) => write!(
                formatter,
                "{}: not known: {}",
                self.name,
                one_line(&format!("{error:#}"))
            ),
        }
    }
}

/// The lines of a text, those that say something, in one.
fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn a_fact_is_one_line_whatever_was_printed() {
        let line = |value| Fact::new("model", value).to_string();
        assert_eq!(line(Ok("Mac14,2".to_owned())), "model: Mac14,2");
        assert_eq!(line(Ok("  a\n\n\tb\n".to_owned())), "model: a | b");
        assert_eq!(line(Ok("\n".to_owned())), "model: not known: nothing was printed");
        assert_eq!(
            line(Err(anyhow!("no such file\n").context("cannot start `sysctl`"))),
            "model: not known: cannot start `sysctl`: no such file"
        );
    }
}
