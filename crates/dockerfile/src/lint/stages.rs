//! Names of stages, and the comments that describe them and their arguments.

use std::collections::BTreeSet;

use super::finding::{Finding, Rule};
use crate::dockerfile::Dockerfile;
use crate::instruction::{Arg, Instruction};
use crate::source::Source;

/// Names that mean something else where a stage may be named.
const RESERVED: [&str; 2] = ["context", "scratch"];

pub(super) fn check(file: &Dockerfile, findings: &mut Vec<Finding>) {
    for arg in &file.global_args {
        findings.extend(description_of_arg(&arg.value, &arg.source));
    }
    let mut seen = BTreeSet::new();
    for stage in &file.stages {
        let range = stage.source.range;
        let mut found = |rule, message| findings.push(Finding { rule, range, message });
        if let Some(name) = &stage.name {
            if name.written() != name.as_str() {
                let message = format!("stage name '{}' should be lowercase", name.written());
                found(Rule::StageNameCasing, message);
            }
            if RESERVED.contains(&name.as_str()) {
                let message = format!("'{name}' is reserved and should not be used as a stage name");
                found(Rule::ReservedStageName, message);
            }
            if !seen.insert(name.as_str()) {
                let message = format!("duplicate stage name '{name}': only the last one can be named by what follows");
                found(Rule::DuplicateStageName, message);
            }
            findings.extend(description(
                "FROM",
                &[name.as_str(), name.written()],
                name.as_str(),
                &stage.source,
            ));
        }
        for instruction in &stage.instructions {
            if let Instruction::Arg(arg) = &instruction.value {
                findings.extend(description_of_arg(arg, &instruction.source));
            }
        }
    }
}

fn description_of_arg(arg: &Arg, source: &Source) -> Option<Finding> {
    let names: Vec<&str> = arg
        .declarations
        .iter()
        .map(|declaration| declaration.name.as_str())
        .collect();
    let example = match names.as_slice() {
        [name] => name,
        _ => "<name>",
    };
    description("ARG", &names, example, source)
}

fn description(instruction: &str, names: &[&str], example: &str, source: &Source) -> Option<Finding> {
    let comment = source.comments.last()?;
    let first = comment.split(' ').next().unwrap_or_default();
    (!names.contains(&first)).then(|| Finding {
        rule: Rule::InvalidDefinitionDescription,
        range: source.range,
        message: format!(
            "comment for {instruction} should follow the format `# {example} <description>`; put an empty line behind any other comment"
        ),
    })
}
