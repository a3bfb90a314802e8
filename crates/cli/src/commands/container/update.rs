//! `container update`.

use clap::Args;
use container_engine::{Engine, LimitRequest, SwapLimit, UpdateRequest, Updated};
use container_model::{ByteSize, ContainerId, ContainerQuery, RestartPolicy};

use super::several;
use crate::arguments::group_limits;
use crate::error::CommandError;
use crate::output;

/// Change limits and the restart policy of containers
///
/// A running container has them at once, and every container at its next start. More processors and more memory than its machine has come with the
/// next start; it is said when that is so. -1 and 0 stand for no limit as they do in run.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  container update --pids-limit 200 --restart always web\n  container update --memory 2g web db"
)]
pub(crate) struct Update {
    /// Number of CPUs
    #[arg(long, value_name = "COUNT")]
    cpus: Option<u32>,

    /// Memory, for example 512m or 2g; refused when a running container uses more
    #[arg(short, long, value_name = "SIZE")]
    memory: Option<ByteSize>,

    /// Memory and swap space together; -1 for no limit
    #[arg(long, value_name = "SIZE", allow_negative_numbers = true, value_parser = group_limits::swap)]
    memory_swap: Option<SwapLimit>,

    /// Memory that is kept from being reclaimed
    #[arg(long, value_name = "SIZE")]
    memory_reservation: Option<ByteSize>,

    /// Most processes and threads; -1 for no limit
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    pids_limit: Option<i64>,

    /// Share of the processors, 2 to 262144; -c as in Docker, where run has it for --cpus
    #[arg(short = 'c', long, value_name = "SHARES", allow_negative_numbers = true)]
    cpu_shares: Option<i64>,

    /// Length of the period that --cpu-quota is for
    #[arg(long, value_name = "MICROSECONDS", allow_negative_numbers = true)]
    cpu_period: Option<i64>,

    /// Processor time in each period; -1 for no limit
    #[arg(long, value_name = "MICROSECONDS", allow_negative_numbers = true)]
    cpu_quota: Option<i64>,

    /// Processors of --cpus that may be used, for example 0-2,4
    #[arg(long, value_name = "LIST")]
    cpuset_cpus: Option<String>,

    /// Share of the disks, 10 to 1000
    #[arg(long, value_name = "WEIGHT", allow_negative_numbers = true)]
    blkio_weight: Option<i64>,

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
            limits: LimitRequest {
                pids: self.pids_limit,
                cpu_shares: self.cpu_shares,
                cpu_period_us: self.cpu_period,
                cpu_quota_us: self.cpu_quota,
                cpuset_cpus: self.cpuset_cpus,
                memory_swap: self.memory_swap,
                memory_reservation: self.memory_reservation,
                blkio_weight: self.blkio_weight,
                oom_score_adj: None,
            },
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
