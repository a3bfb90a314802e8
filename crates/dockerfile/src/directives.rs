//! What the first lines of a file say about how to read it.

use std::collections::BTreeSet;
use std::fmt;

use crate::error::{ParseError, ParseProblem};
use crate::escape::Escape;
use crate::lines::Lines;

/// The directives `# name=value` before everything else in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directives {
    /// `# syntax=`: the image of the frontend that the file asks for, which is always a form of `docker/dockerfile`. Nothing is pulled.
    pub syntax: Option<String>,
    /// `# escape=`, or the default.
    pub escape: Escape,
    /// `# check=`, or nothing out of the ordinary.
    pub check: CheckOptions,
}

/// What to make of findings: the directive `# check=skip=A,B;error=true`, or `BUILDKIT_DOCKERFILE_CHECK` in its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// Rules that are not to be looked at. Names that no rule has are kept and mean nothing.
    pub skip: RuleSet,
    /// Rules on trial that are to be looked at in spite of that.
    pub experimental: RuleSet,
    /// Whether a finding fails the build.
    pub error: bool,
}

/// Some rules by name, or all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleSet {
    /// Those with these names.
    Named(BTreeSet<String>),
    /// `all`
    All,
}

impl Default for RuleSet {
    fn default() -> Self {
        Self::Named(BTreeSet::new())
    }
}

impl RuleSet {
    /// Whether it has a rule with this name.
    #[must_use]
    pub fn contains(&self, rule: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(rule),
        }
    }

    fn parse(text: &str) -> Self {
        match text.trim() {
            "all" => Self::All,
            names => {
                let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
                Self::Named(names.map(str::to_owned).collect())
            }
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Named(names) if names.is_empty())
    }
}

impl fmt::Display for RuleSet {
    /// `A,B`, or `all`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Named(names) => f.write_str(&names.iter().map(String::as_str).collect::<Vec<_>>().join(",")),
        }
    }
}

impl CheckOptions {
    /// Reads `skip=A,B;error=true`.
    ///
    /// # Errors
    /// [`ParseProblem::InvalidCheck`] with the part that says nothing.
    pub fn parse(text: &str) -> Result<Self, ParseProblem> {
        let mut options = Self::default();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let refused = || ParseProblem::InvalidCheck(part.to_owned());
            let (name, value) = part.split_once('=').ok_or_else(refused)?;
            match (name.trim(), value.trim()) {
                ("skip", rules) => options.skip = RuleSet::parse(rules),
                ("experimental", rules) => options.experimental = RuleSet::parse(rules),
                // Go's strconv.ParseBool
                ("error", "1" | "t" | "T" | "TRUE" | "true" | "True") => options.error = true,
                ("error", "0" | "f" | "F" | "FALSE" | "false" | "False") => options.error = false,
                _ => return Err(refused()),
            }
        }
        Ok(options)
    }
}

impl fmt::Display for CheckOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.skip.is_empty() {
            parts.push(format!("skip={}", self.skip));
        }
        if !self.experimental.is_empty() {
            parts.push(format!("experimental={}", self.experimental));
        }
        if self.error {
            parts.push("error=true".to_owned());
        }
        f.write_str(&parts.join(";"))
    }
}

/// Repositories of the frontend whose language this is.
const FRONTENDS: [&str; 2] = ["docker/dockerfile", "docker/dockerfile-upstream"];

impl Directives {
    /// Reads the directives at the start of a file, up to the first line that is none. A line `#!` before them does not count.
    pub(crate) fn read(lines: &mut Lines<'_>) -> Result<Self, ParseError> {
        let mut directives = Self::default();
        let mut seen = BTreeSet::new();
        let mut is_first = true;
        loop {
            let mut ahead = lines.clone();
            let Some(line) = ahead.next_line()? else {
                return Ok(directives);
            };
            let is_interpreter = is_first && line.text.starts_with("#!");
            is_first = false;
            if is_interpreter {
                *lines = ahead;
                continue;
            }
            let Some((name, value)) = directive(line.text) else {
                return Ok(directives);
            };
            let error = |problem| ParseError::new(line.range(), problem);
            if !seen.insert(name) {
                return Err(error(ParseProblem::DirectiveTwice(name)));
            }
            match name {
                "syntax" => directives.syntax = Some(syntax(value).map_err(error)?),
                "check" => directives.check = CheckOptions::parse(value).map_err(error)?,
                _ => {
                    directives.escape = match value {
                        "\\" => Escape::Backslash,
                        "`" => Escape::Backtick,
                        other => return Err(error(ParseProblem::InvalidEscape(other.to_owned()))),
                    }
                }
            }
            *lines = ahead;
            lines.escape = directives.escape;
        }
    }
}

/// The name and the value of a directive, if the line is one.
fn directive(line: &str) -> Option<(&'static str, &str)> {
    let (name, value) = line.trim_start().strip_prefix('#')?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let known = ["syntax", "check", "escape"];
    let known = known.into_iter().find(|known| name.eq_ignore_ascii_case(known))?;
    (!value.is_empty()).then_some((known, value))
}

/// Accepts the frontend whose language this is, from Docker Hub or from a mirror.
fn syntax(value: &str) -> Result<String, ParseProblem> {
    let image = value.split_whitespace().next().unwrap_or(value);
    let image = image.split('@').next().unwrap_or(image);
    let repository = match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => image,
    };
    let name = match repository.split_once('/') {
        Some((host, name)) if host.contains(['.', ':']) || host == "localhost" => name,
        _ => repository,
    };
    if FRONTENDS.contains(&name) {
        Ok(value.to_owned())
    } else {
        Err(ParseProblem::UnsupportedSyntax(value.to_owned()))
    }
}

impl fmt::Display for Directives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(syntax) = &self.syntax {
            writeln!(f, "# syntax={syntax}")?;
        }
        if self.escape != Escape::default() {
            writeln!(f, "# escape={}", self.escape.char())?;
        }
        let check = self.check.to_string();
        if !check.is_empty() {
            writeln!(f, "# check={check}")?;
        }
        Ok(())
    }
}
