//! Upper and lower case of names, and empty lines.

use super::finding::{Finding, Rule};
use crate::dockerfile::Dockerfile;
use crate::source::Source;
use crate::stage::Stage;

pub(super) fn check(file: &Dockerfile, findings: &mut Vec<Finding>) {
    let sources: Vec<&Source> = file.stages.iter().flat_map(sources).collect();
    let count = |is_so: fn(&str) -> bool| sources.iter().filter(|source| is_so(&source.keyword)).count();
    let is_mostly_lower = count(is_lower) > count(is_upper);
    let (is_right, right): (fn(&str) -> bool, _) = match is_mostly_lower {
        true => (is_lower, "lowercase"),
        false => (is_upper, "uppercase"),
    };
    for source in &sources {
        if !is_right(&source.keyword) {
            findings.push(Finding {
                rule: Rule::ConsistentInstructionCasing,
                range: source.range,
                message: format!(
                    "instruction '{}' should match the case of the majority ({right})",
                    source.keyword
                ),
            });
        }
    }
    findings.extend(file.stages.iter().filter_map(casing_of_as));
    let arguments = file.global_args.iter().map(|arg| &arg.source);
    findings.extend(arguments.chain(sources).filter_map(empty_continuation));
}

/// `FROM`, and what follows.
fn sources(stage: &Stage) -> impl Iterator<Item = &Source> {
    let instructions = stage.instructions.iter().map(|instruction| &instruction.source);
    std::iter::once(&stage.source).chain(instructions)
}

fn is_lower(name: &str) -> bool {
    name == name.to_lowercase()
}

fn is_upper(name: &str) -> bool {
    name == name.to_uppercase()
}

fn casing_of_as(stage: &Stage) -> Option<Finding> {
    stage.name.as_ref()?;
    let keyword = stage.source.text.split_whitespace().rev().nth(1)?;
    let from = &stage.source.keyword;
    let differs = (is_lower(from) && !is_lower(keyword)) || (is_upper(from) && !is_upper(keyword));
    differs.then(|| Finding {
        rule: Rule::FromAsCasing,
        range: stage.source.range,
        message: format!("'{keyword}' and '{from}' keywords' casing do not match"),
    })
}

fn empty_continuation(source: &Source) -> Option<Finding> {
    let range = *source.empty_continuations.first()?;
    let rule = Rule::NoEmptyContinuation;
    let message = "empty continuation line: the line before says that the instruction goes on".to_owned();
    Some(Finding { rule, range, message })
}
