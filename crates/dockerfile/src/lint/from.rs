//! What stages start from.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Rule};
use crate::dockerfile::Dockerfile;
use crate::stage::Stage;
use crate::suggest;
use crate::word::{Variables, Word};

/// Variables that `FROM` sees without a declaration.
pub const PREDEFINED_ARGS: [&str; 11] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDOSVERSION",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETOSVERSION",
    "TARGETARCH",
    "TARGETVARIANT",
    "TARGETSTAGE",
];

pub(super) fn check(file: &Dockerfile, findings: &mut Vec<Finding>) {
    let declarations = file.global_args.iter().flat_map(|arg| &arg.value.declarations);
    let names = declarations.map(|declaration| declaration.name.as_str());
    let declared: BTreeSet<&str> = names.chain(PREDEFINED_ARGS).collect();
    for stage in &file.stages {
        findings.extend(undefined_args(stage, &declared));
        if let Some(platform) = &stage.platform {
            findings.extend(platform_of(stage, platform));
        }
    }
}

fn undefined_args(stage: &Stage, declared: &BTreeSet<&str>) -> Vec<Finding> {
    let words = std::iter::once(&stage.base).chain(&stage.platform);
    // What is not well-formed is an error of the build.
    let names = words.flat_map(|word| word.variables().unwrap_or_default());
    let undefined = names.filter(|name| !declared.contains(name.as_str()));
    let finding = |name: String| Finding {
        rule: Rule::UndefinedArgInFrom,
        range: stage.source.range,
        message: match suggest::nearest(&name, declared.iter().copied()) {
            Some(suggestion) => format!("FROM argument '{name}' is not declared (did you mean {suggestion}?)"),
            None => format!("FROM argument '{name}' is not declared; put `ARG {name}` before the first FROM"),
        },
    };
    undefined.map(finding).collect()
}

fn platform_of(stage: &Stage, platform: &Word) -> Option<Finding> {
    const TARGET: &str = "TARGETPLATFORM";
    let variables = platform.variables().ok()?;
    let (rule, message) = if variables.is_empty() {
        let constant = platform.expand(&|_: &str| None).ok()?;
        let name = stage.name.as_ref().map_or("", |name| name.as_str());
        // A stage that is called after its platform is for that platform.
        let mut parts = constant.split('/').take(2).filter(|part| !part.is_empty());
        if parts.any(|part| name.contains(part)) {
            return None;
        }
        let message = format!("FROM --platform flag should not use the constant value '{constant}'");
        (Rule::FromPlatformFlagConstDisallowed, message)
    } else {
        let expanded = platform
            .expand(&|name: &str| (name == TARGET).then(|| TARGET.to_owned()))
            .ok()?;
        if variables.iter().ne([TARGET]) || expanded != TARGET {
            return None;
        }
        let message =
            format!("setting platform to predefined {platform} in FROM is redundant as this is the default behavior");
        (Rule::RedundantTargetPlatform, message)
    };
    let range = stage.source.range;
    Some(Finding { rule, range, message })
}

/// Stages that no longer start from an image when the build is given no variables. `predefined` are the values of [`PREDEFINED_ARGS`],
/// and `is_reference` says whether a text can be the name of an image.
#[must_use]
pub fn invalid_default_args(
    file: &Dockerfile,
    predefined: &dyn Variables,
    is_reference: &dyn Fn(&str) -> bool,
) -> Vec<Finding> {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for declaration in file.global_args.iter().flat_map(|arg| &arg.value.declarations) {
        let before = |name: &str| {
            let own = values.get(name).cloned();
            own.or_else(|| predefined.value(name).map(std::borrow::Cow::into_owned))
        };
        let Some(default) = &declaration.default else {
            continue;
        };
        let (Ok(name), Ok(value)) = (declaration.name.expand(&before), default.expand(&before)) else {
            return Vec::new();
        };
        values.insert(name, value);
    }
    let value = |name: &str| {
        let own = values.get(name).cloned();
        own.or_else(|| predefined.value(name).map(std::borrow::Cow::into_owned))
    };
    // A name without variables is of a stage, or wrong in every build.
    let has_variables = |stage: &&Stage| stage.base.variables().is_ok_and(|names| !names.is_empty());
    let is_invalid = |stage: &&Stage| stage.base.expand(&value).is_ok_and(|base| !is_reference(&base));
    let finding = |stage: &Stage| Finding {
        rule: Rule::InvalidDefaultArgInFrom,
        range: stage.source.range,
        message: format!(
            "the default value for ARG {} results in an empty or invalid base image name",
            stage.base
        ),
    };
    file.stages
        .iter()
        .filter(has_variables)
        .filter(is_invalid)
        .map(finding)
        .collect()
}
