//! What a base says to those that start from it.

use container_dockerfile::{Instruction, Located, Range};

use super::{PlanError, PlanProblem};

/// The instructions of a base's triggers. They stand where the `FROM` does.
pub(super) fn parse(triggers: &[String], from: Range) -> Result<Vec<Located<Instruction>>, PlanError> {
    let instructions = triggers.iter().map(|trigger| {
        let parsed = Instruction::parse(trigger).map_err(|source| {
            PlanProblem::Trigger {
                trigger: trigger.clone(),
                source: Box::new(source),
            }
            .at(from)
        });
        let mut located = parsed?;
        located.source.range = from;
        Ok(located)
    });
    instructions.collect()
}
