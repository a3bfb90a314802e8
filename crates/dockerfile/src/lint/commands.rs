//! What containers run, and where.

use std::collections::BTreeMap;

use super::finding::{Finding, Rule};
use crate::dockerfile::Dockerfile;
use crate::instruction::{CommandLine, Instruction};
use crate::source::Located;
use crate::word::Word;

/// What a stage leaves to the stages that start from it.
#[derive(Clone, Copy, Default)]
struct Left {
    has_shell: bool,
    has_workdir: bool,
}

pub(super) fn check(file: &Dockerfile, findings: &mut Vec<Finding>) {
    let mut named: BTreeMap<&str, Left> = BTreeMap::new();
    for stage in &file.stages {
        let base = stage.base.as_str().to_lowercase();
        let mut left = named.get(base.as_str()).copied().unwrap_or_default();
        let mut last: BTreeMap<&str, &Located<Instruction>> = BTreeMap::new();
        for located in &stage.instructions {
            let range = located.source.range;
            findings.extend(of_instruction(located, &mut left).map(|(rule, message)| Finding { rule, range, message }));
            let counts_once = matches!(
                located.value,
                Instruction::Cmd(_) | Instruction::Entrypoint(_) | Instruction::Healthcheck(_)
            );
            if counts_once && let Some(before) = last.insert(located.value.name(), located) {
                findings.push(without_effect(before));
            }
        }
        if let Some(name) = &stage.name {
            named.insert(name.as_str(), left);
        }
    }
}

fn of_instruction(located: &Located<Instruction>, left: &mut Left) -> Option<(Rule, String)> {
    match &located.value {
        Instruction::Shell(_) => {
            left.has_shell = true;
            None
        }
        Instruction::Cmd(CommandLine::Shell(_)) | Instruction::Entrypoint(CommandLine::Shell(_)) if !left.has_shell => {
            let name = located.value.name();
            let message =
                format!("JSON arguments recommended for {name} to prevent unintended behavior related to OS signals");
            Some((Rule::JsonArgsRecommended, message))
        }
        Instruction::Workdir(path) => {
            let is_first = !std::mem::replace(&mut left.has_workdir, true);
            let relative = is_first.then(|| relative(path)).flatten()?;
            let message =
                format!("relative workdir '{relative}' can have unexpected results if the base image changes");
            Some((Rule::WorkdirRelativePath, message))
        }
        Instruction::Maintainer(_) => {
            let message = "MAINTAINER is deprecated in favor of `LABEL org.opencontainers.image.authors=…`".to_owned();
            Some((Rule::MaintainerDeprecated, message))
        }
        _ => None,
    }
}

/// The path, when it is relative whatever the variables are.
fn relative(path: &Word) -> Option<String> {
    let value = path.expand(&|_: &str| Some("/".to_owned())).ok()?;
    (!value.starts_with('/')).then(|| path.to_string())
}

fn without_effect(located: &Located<Instruction>) -> Finding {
    let name = located.value.name();
    Finding {
        rule: Rule::MultipleInstructionsDisallowed,
        range: located.source.range,
        message: format!(
            "multiple {name} instructions should not be used in the same stage because only the last one will be used"
        ),
    }
}
