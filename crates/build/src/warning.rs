//! What is odd about a build and no reason not to do it.

use std::fmt;

use container_dockerfile::lint::{Finding, Rule};
use container_engine::ImageError;

use crate::Place;
use crate::place::DockerfileText;

/// A warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildWarning {
    /// The rule for Dockerfiles that is broken, if it is about one.
    pub rule: Option<BrokenRule>,
    /// What is odd.
    pub message: String,
    /// Where, if it is about the Dockerfile.
    pub place: Option<Place>,
}

/// A rule for Dockerfiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokenRule {
    /// Its name, as `# check=skip=` has it.
    pub name: &'static str,
    /// What it asks for.
    pub description: &'static str,
    /// The page about it.
    pub url: &'static str,
}

impl From<Rule> for BrokenRule {
    fn from(rule: Rule) -> Self {
        Self {
            name: rule.name(),
            description: rule.description(),
            url: rule.url(),
        }
    }
}

impl BuildWarning {
    pub(crate) fn of_finding(finding: Finding, dockerfile: &DockerfileText) -> Self {
        Self {
            rule: Some(finding.rule.into()),
            message: finding.message,
            place: Some(dockerfile.place(finding.range)),
        }
    }

    pub(crate) fn of_large_cache(error: &ImageError) -> Self {
        Self::about(format!("the cache of builds may be larger than it should be: {error}"))
    }

    pub(crate) fn of_unused_args(names: &[String]) -> Self {
        Self::about(format!("build arguments that no ARG declares: {}", names.join(", ")))
    }

    pub(crate) fn of_lost_provenance() -> Self {
        Self::about(
            "provenance is left out of files and of archives in Docker's format: only the store, registries and type=oci have a place for it".to_owned(),
        )
    }

    /// A warning about no place in the Dockerfile.
    pub(crate) fn about(message: String) -> Self {
        Self {
            rule: None,
            message,
            place: None,
        }
    }
}

impl fmt::Display for BuildWarning {
    /// `StageNameCasing: … (line 3)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(rule) = self.rule {
            write!(f, "{}: ", rule.name)?;
        }
        f.write_str(&self.message)?;
        match &self.place {
            Some(place) => write!(f, " ({})", place.range),
            None => Ok(()),
        }
    }
}
