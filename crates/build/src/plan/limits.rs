//! How long a Dockerfile may be. Its size in bytes is bounded already; but a million instructions fit into that, each of which would be a step, and names are
//! compared with each other.

use container_dockerfile::{Dockerfile, Instruction, Located};

use super::{PlanError, PlanProblem};

/// The most instructions, variables, sources and mounts together: a hundred times what anybody has.
const LIMIT: usize = 10_000;

/// Makes sure that a file is one that somebody may have meant.
pub(super) fn check(dockerfile: &Dockerfile) -> Result<(), PlanError> {
    let mut count = 0;
    let globals = dockerfile
        .global_args
        .iter()
        .map(|arg| (arg.source.range, arg.value.declarations.len()));
    let stages = dockerfile.stages.iter().flat_map(|stage| {
        let instructions = stage
            .instructions
            .iter()
            .map(|located| (located.source.range, parts(located)));
        [(stage.source.range, 0)].into_iter().chain(instructions)
    });
    for (range, parts) in globals.chain(stages) {
        count += 1 + parts;
        if count > LIMIT {
            return Err(PlanProblem::TooLong { limit: LIMIT }.at(range));
        }
    }
    Ok(())
}

fn parts(located: &Located<Instruction>) -> usize {
    match &located.value {
        Instruction::Add(add) => add.sources.len() + add.excludes.len(),
        Instruction::Copy(copy) => copy.sources.len() + copy.excludes.len(),
        Instruction::Arg(arg) => arg.declarations.len(),
        Instruction::Env(env) => env.variables.len(),
        Instruction::Label(label) => label.labels.len(),
        Instruction::Expose(expose) => expose.ports.len(),
        Instruction::Volume(volumes) => volumes.len(),
        Instruction::Run(run) => run.mounts.len(),
        _ => 0,
    }
}
