//! Variables and labels.

use super::finding::{Finding, Rule};
use crate::dockerfile::Dockerfile;
use crate::instruction::Instruction;
use crate::word::Word;

/// Parts of names that stand for something secret.
const SECRET: [&str; 10] = [
    "apikey",
    "auth",
    "credential",
    "credentials",
    "key",
    "password",
    "pword",
    "passwd",
    "secret",
    "token",
];

/// Parts of names that say that it is not the secret itself.
const HARMLESS: [&str; 3] = ["public", "file", "version"];

pub(super) fn check(file: &Dockerfile, findings: &mut Vec<Finding>) {
    for located in file.stages.iter().flat_map(|stage| &stage.instructions) {
        let range = located.source.range;
        let name = located.value.name();
        let (legacy, names): (bool, Vec<&Word>) = match &located.value {
            Instruction::Env(env) => (env.legacy, env.variables.iter().map(|pair| &pair.name).collect()),
            Instruction::Arg(arg) => (
                false,
                arg.declarations.iter().map(|declaration| &declaration.name).collect(),
            ),
            Instruction::Label(label) => (label.legacy, Vec::new()),
            _ => continue,
        };
        if legacy {
            findings.push(Finding {
                rule: Rule::LegacyKeyValueFormat,
                range,
                message: format!("\"{name} key=value\" should be used instead of legacy \"{name} key value\" format"),
            });
        }
        for variable in names.into_iter().filter(|variable| is_secret(variable.as_str())) {
            findings.push(Finding {
                rule: Rule::SecretsUsedInArgOrEnv,
                range,
                message: format!("do not use ARG or ENV instructions for sensitive data ({name} \"{variable}\"): use `RUN --mount=type=secret`"),
            });
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let has = |parts: &[&str]| name.split('_').any(|part| parts.contains(&part));
    has(&SECRET) && !has(&HARMLESS)
}
