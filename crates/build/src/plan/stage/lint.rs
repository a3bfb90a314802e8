//! The checks that need to know variables, the context or the build's platforms.

use std::collections::BTreeMap;

use container_dockerfile::lint::{self, Finding};
use container_dockerfile::{Add, Copy, Expose, FileSource, Instruction, Located, Word};
use container_oci::Reference;

use super::super::{PlanRequest, paths, platforms};
use super::instruct::Instructions;
use crate::address::Address;

/// How many findings are enough for anybody. The work for each of them is not small.
const LIMIT: usize = 200;

/// Bases that no longer are images when the build is given nothing.
pub(super) fn of_bases(request: &PlanRequest<'_>) -> Vec<Finding> {
    let predefined = platforms::predefined(request, platforms::NAMELESS_TARGET);
    let predefined: BTreeMap<String, String> = predefined.into_iter().collect();
    let is_reference = |text: &str| text.parse::<Reference>().is_ok();
    let mut findings = lint::invalid_default_args(request.dockerfile, &predefined, &is_reference);
    findings.truncate(LIMIT);
    findings
}

impl Instructions<'_, '_> {
    /// Looks at an instruction of the Dockerfile before it is applied.
    pub(super) fn lint(&mut self, located: &Located<Instruction>) {
        let left = LIMIT.saturating_sub(self.findings.len());
        if left == 0 {
            return;
        }
        let mut found = Vec::new();
        if self.knows_variables {
            let names = || self.variables.all.entries().iter().map(|(name, _)| name.as_str());
            found = lint::undefined_variables(located, |name| self.variables.is_known(name), names);
        }
        match &located.value {
            Instruction::Expose(expose) => found.extend(self.ports(expose, located)),
            Instruction::Copy(Copy {
                from: None, sources, ..
            })
            | Instruction::Add(Add { sources, .. }) => {
                found.extend(self.ignored(sources, located));
            }
            _ => {}
        }
        self.findings.extend(found.into_iter().take(left));
    }

    /// Ports that only variables show; those that are written out are found in the file.
    fn ports(&self, expose: &Expose, located: &Located<Instruction>) -> Vec<Finding> {
        let has_variables = |word: &&Word| word.variables().is_ok_and(|variables| !variables.is_empty());
        let words = expose.ports.iter().filter(has_variables);
        let texts = words.filter_map(|word| self.expand(word).ok());
        texts.flat_map(|text| lint::port(&text, located.source.range)).collect()
    }

    fn ignored(&self, sources: &[FileSource], located: &Located<Instruction>) -> Vec<Finding> {
        let paths = sources.iter().filter_map(|source| match source {
            FileSource::Path(word) => self.expand(word).ok(),
            FileSource::Heredoc(_) => None,
        });
        let local = paths.filter(|path| matches!(Address::parse(path), Ok(None)));
        let names = local.map(|path| paths::cleaned(&path).trim_start_matches('/').to_owned());
        // The context as a whole is there whatever is ignored of it.
        let ignored = names.filter(|name| !name.is_empty() && self.request.ignore.covers(name.as_bytes()));
        ignored
            .map(|name| lint::copy_of_ignored_file(&located.value, &name, located.source.range))
            .collect()
    }
}
