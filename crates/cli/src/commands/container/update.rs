//! `container update`.

use clap::Args;
use container_engine::{Engine, UpdateRequest, Updated};
use container_model::{ByteSize, ContainerId, ContainerQuery, RestartPolicy};

use super::several;
use crate::arguments::{GroupLimitFlags, cpus};
use crate::error::CommandError;
use crate::output;

/// Change limits and the restart policy of containers
///
/// A running container has them at once, and every container at its next start. More processors and more memory than its machine has come with the
/// next start; it is said when that is so. -1 and 0 stand for no limit as they do in run.
#[derive(Debug, Args)]
#[command(
    // As in Docker, where `run` has no -c for the number of CPUs.
    mut_arg("cpu_shares", |shares| shares.short('c').help("Share of the processors, 2 to 262144; -c as in Docker, where run has it for --cpus")),
    after_help = "Examples:\n  container update --pids-limit 200 --restart always web\n  container update --memory 2g web db"
)]
pub(crate) struct Update {
    /// Number of CPUs
    #[arg(long, value_name = "COUNT", value_parser = cpus::parse)]
    cpus: Option<u32>,

    /// Memory, for example 512m or 2g; refused when a running container uses more
    #[arg(short, long, value_name = "SIZE")]
    memory: Option<ByteSize>,

    #[command(flatten)]
    limits: GroupLimitFlags,

    /// Whether it is started again when its program has ended: no, on-failure[:TIMES], always, or unless-stopped
    #[arg(long, value_name = "POLICY")]
    restart: Option<RestartPolicy>,

    /// Containers
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<ContainerQuery>,
}

impl Update {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let (request, queries) = self.request();
        if request == UpdateRequest::default() {
            return Err(
                CommandError::usage("you must provide one or more flags when using this command")
                    .with_hint("container update --help"),
            );
        }
        let engine = Engine::open()?;
        let (ids, errors) = several::find(&engine, &queries);
        let update = |id: ContainerId| {
            let (engine, request) = (engine.clone(), request.clone());
            async move {
                let updated = engine.update(&id, &request).await?;
                for note in notes(&id, updated) {
                    output::note(&note);
                }
                Ok(())
            }
        };
        several::each(ids, errors, update).await
    }

    fn request(self) -> (UpdateRequest, Vec<ContainerQuery>) {
        let request = UpdateRequest {
            cpus: self.cpus,
            memory: self.memory,
            limits: self.limits.request(),
            restart: self.restart,
        };
        (request, self.containers)
    }
}

/// What a container does not have at once.
fn notes(id: &ContainerId, updated: Updated) -> Vec<String> {
    let cpus = updated.next_cpus.map(|cpus| {
        format!(
            "{id}: the number of {cpus} CPUs holds from the next start: its machine has fewer (container restart {id})"
        )
    });
    let memory = updated.next_memory.map(|memory| {
        format!("{id}: memory of {memory} holds from the next start: its machine has less (container restart {id})")
    });
    cpus.into_iter().chain(memory).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_the_next_start_is_said() {
        let id = "web".parse().unwrap();
        assert!(notes(&id, Updated::default()).is_empty());
        let both = notes(
            &id,
            Updated {
                next_cpus: Some(8),
                next_memory: Some(ByteSize(2 << 30)),
            },
        );
        let expected = [
            "web: the number of 8 CPUs holds from",
            "web: memory of 2gb holds from the next start",
        ];
        for (note, begin) in both.iter().zip(expected) {
            assert!(note.starts_with(begin), "{note}");
        }
        assert_eq!(both.len(), 2);
    }
}
