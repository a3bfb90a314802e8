//! Verbs that take several containers: every one is tried, and what went wrong is told at the end.

use std::future::Future;

use container_engine::model::ContainerId;
use container_engine::{ContainerView, Engine};
use futures_util::future::join_all;

use crate::error::CommandError;
use crate::output;

/// The containers that names stand for, each once, and the errors of those that stand for none.
pub(super) fn find(engine: &Engine, names: &[String]) -> (Vec<ContainerView>, Vec<CommandError>) {
    let mut views: Vec<ContainerView> = Vec::new();
    let mut errors = Vec::new();
    for name in names {
        match engine.find(name) {
            Ok(view) if views.iter().any(|known| known.id() == view.id()) => {}
            Ok(view) => views.push(view),
            Err(error) => errors.push(error.into()),
        }
    }
    (views, errors)
}

/// Either names or `--all`.
pub(super) fn check_operands(names: &[String], all: bool) -> Result<(), CommandError> {
    match (names.is_empty(), all) {
        (true, false) => Err(CommandError::usage("name at least one container, or use --all")),
        (false, true) => Err(CommandError::usage("--all cannot be combined with names of containers")),
        _ => Ok(()),
    }
}

/// Does something to all of them at once; prints the ids of those it worked for.
pub(super) async fn each<F>(
    views: Vec<ContainerView>,
    mut errors: Vec<CommandError>,
    act: impl Fn(ContainerId) -> F,
) -> Result<u8, CommandError>
where
    F: Future<Output = Result<(), CommandError>>,
{
    let ids: Vec<ContainerId> = views.iter().map(|view| view.id().clone()).collect();
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
