//! Which findings count, each once.

use std::collections::{BTreeMap, BTreeSet};

use container_dockerfile::lint::{Finding, Rule};
use container_dockerfile::{CheckOptions, Dockerfile};

use crate::BuildError;

/// The build argument that takes the place of the directive `# check=`.
const OPTIONS: &str = "BUILDKIT_DOCKERFILE_CHECK";
/// How many are shown. A file of many megabytes has as many as it likes.
const LIMIT: usize = 200;

/// What was found so far.
#[derive(Debug)]
pub(crate) struct Findings {
    options: CheckOptions,
    seen: BTreeSet<(usize, Rule, String)>,
}

impl Findings {
    /// None yet, for a Dockerfile that may say which count.
    pub(crate) fn new(dockerfile: &Dockerfile, build_args: &BTreeMap<String, String>) -> Result<Self, BuildError> {
        let options = match build_args.get(OPTIONS) {
            Some(text) => {
                CheckOptions::parse(text).map_err(|problem| BuildError::CheckOptions { name: OPTIONS, problem })?
            }
            None => dockerfile.directives.check.clone(),
        };
        Ok(Self {
            options,
            seen: BTreeSet::new(),
        })
    }

    /// Those that count and were not found before, for another platform or by another look.
    pub(crate) fn new_of(&mut self, found: Vec<Finding>) -> Vec<Finding> {
        let mut new = Vec::new();
        for finding in found {
            let key = (finding.range.start.offset, finding.rule, finding.message.clone());
            if self.seen.len() < LIMIT && self.options.includes(finding.rule) && self.seen.insert(key) {
                new.push(finding);
            }
        }
        new
    }

    /// Whether nothing was found that has to end the build.
    pub(crate) fn verdict(&self) -> Result<(), BuildError> {
        let rules: BTreeSet<Rule> = self.seen.iter().map(|(_, rule, _)| *rule).collect();
        match self.options.error && !rules.is_empty() {
            true => Err(BuildError::Checks {
                rules: rules.into_iter().map(Rule::name).collect(),
            }),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_dockerfile::lint;

    fn dockerfile(text: &str) -> Dockerfile {
        Dockerfile::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_counts_is_told_once() {
        let file = dockerfile("# check=skip=StageNameCasing\nFROM a as B\nCMD b\n");
        let mut findings = Findings::new(&file, &BTreeMap::new()).unwrap();
        let names = |found: Vec<Finding>| found.iter().map(|finding| finding.rule.name()).collect::<Vec<_>>();
        assert_eq!(
            names(findings.new_of(lint::check(&file))),
            ["FromAsCasing", "JSONArgsRecommended"]
        );
        assert!(findings.new_of(lint::check(&file)).is_empty());
        findings.verdict().unwrap();
    }

    #[test]
    fn the_build_argument_takes_the_place_of_the_directive() {
        let file = dockerfile("# check=skip=all\nFROM a\nCMD b\n");
        let with = |options: &str| Findings::new(&file, &[(OPTIONS.to_owned(), options.to_owned())].into());
        let mut findings = with("error=true").unwrap();
        findings.verdict().unwrap();
        assert_eq!(findings.new_of(lint::check(&file)).len(), 1);
        let error = findings.verdict().unwrap_err().to_string();
        assert_eq!(error, "lint violation found for rules: JSONArgsRecommended");
        assert!(with("nonsense").unwrap_err().to_string().contains(OPTIONS));
    }

    #[test]
    fn no_file_has_more_to_say_than_anybody_reads() {
        let file = dockerfile(&format!("FROM a\n{}", "ENV b c\n".repeat(10 * LIMIT)));
        let mut findings = Findings::new(&file, &BTreeMap::new()).unwrap();
        assert_eq!(findings.new_of(lint::check(&file)).len(), LIMIT);
    }
}
