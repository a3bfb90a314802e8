//! What the file alone does not show.

use super::finding::{Finding, Rule};
use crate::instruction::Instruction;
use crate::source::{Located, Range};
use crate::suggest;

/// Arguments that are for the builder, which therefore no instruction defines.
const OF_THE_BUILDER: [&str; 2] = ["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"];

/// Variables of an instruction that are not known: those of the base image, of `ENV`, and all that `ARG` declares, with or without a value, are.
/// `known` are the names that may be meant. `ARG` itself is not asked.
#[must_use]
pub fn undefined_variables<'a, N: Iterator<Item = &'a str>>(
    instruction: &Located<Instruction>,
    is_known: impl Fn(&str) -> bool,
    known: impl Fn() -> N,
) -> Vec<Finding> {
    if matches!(instruction.value, Instruction::Arg(_)) {
        return Vec::new();
    }
    // What is not well-formed is an error of the build.
    let names = instruction.value.variables().unwrap_or_default();
    let undefined = names
        .into_iter()
        .filter(|name| !is_known(name) && !OF_THE_BUILDER.contains(&name.as_str()));
    let finding = |name: String| Finding {
        rule: Rule::UndefinedVar,
        range: instruction.source.range,
        message: match suggest::nearest(&name, known()) {
            Some(suggestion) => format!("usage of undefined variable '${name}' (did you mean ${suggestion}?)"),
            None => format!("usage of undefined variable '${name}'"),
        },
    };
    undefined.map(finding).collect()
}

/// The base image of the stage at `range` is for the platform `actual` while `expected` is built.
#[must_use]
pub fn base_image_platform(image: &str, expected: &str, actual: &str, range: Range) -> Finding {
    Finding {
        rule: Rule::InvalidBaseImagePlatform,
        range,
        message: format!(
            "base image {image} has the platform \"{actual}\", expected \"{expected}\" for the current build"
        ),
    }
}

/// The `COPY` or `ADD` at `range` asks for a file that `.dockerignore` excludes.
#[must_use]
pub fn copy_of_ignored_file(instruction: &Instruction, path: &str, range: Range) -> Finding {
    let verb = if matches!(instruction, Instruction::Add(_)) {
        "Add"
    } else {
        "Copy"
    };
    Finding {
        rule: Rule::CopyIgnoredFile,
        range,
        message: format!("attempting to {verb} file \"{path}\" that is excluded by .dockerignore"),
    }
}
