//! Verbs that take several containers: every one is tried, and what went wrong is told at the end.

use std::future::Future;

use container_engine::{ContainerView, Engine};
use container_model::{ContainerId, ContainerQuery};
use futures_util::future::join_all;

use crate::error::CommandError;
use crate::output;

/// The containers that a user means, each once, and the errors of words that mean none.
pub(super) fn find(engine: &Engine, queries: &[ContainerQuery]) -> (Vec<ContainerId>, Vec<CommandError>) {
    let mut ids: Vec<ContainerId> = Vec::new();
    let mut errors = Vec::new();
    for query in queries {
        match engine.find(query) {
            Ok(id) if ids.contains(&id) => {}
            Ok(id) => ids.push(id),
            Err(error) => errors.push(error.into()),
        }
    }
    (ids, errors)
}

/// All containers of a kind.
pub(super) fn all(
    engine: &Engine,
    are_meant: impl Fn(&ContainerView) -> bool,
) -> Result<Vec<ContainerId>, CommandError> {
    let views = engine.list()?.into_iter().filter(are_meant);
    Ok(views.map(|view| view.config.id).collect())
}

/// Either names or `--all`.
pub(super) fn check_operands(queries: &[ContainerQuery], all: bool) -> Result<(), CommandError> {
    match (queries.is_empty(), all) {
        (true, false) => Err(CommandError::usage("name at least one container, or use --all")),
        (false, true) => Err(CommandError::usage("--all cannot be combined with names of containers")),
        _ => Ok(()),
    }
}

/// Does something to all of them at once; prints the ids of those it worked for.
pub(super) async fn each<F>(
    ids: Vec<ContainerId>,
    mut errors: Vec<CommandError>,
    act: impl Fn(ContainerId) -> F,
) -> Result<u8, CommandError>
where
    F: Future<Output = Result<(), CommandError>>,
{
    let results = join_all(ids.iter().map(|id| act(id.clone()))).await;
    for (id, result) in ids.iter().zip(results) {
        match result {
            Ok(()) => output::line(id.as_str())?,
            Err(error) => errors.push(error),
        }
    }
    match errors.len() {
        0 => Ok(0),
        _ => Err(CommandError::joined(&errors)),
    }
}
