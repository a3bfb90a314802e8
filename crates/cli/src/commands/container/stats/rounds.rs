//! Asks containers what they use, all at once and again and again.

use std::collections::BTreeMap;
use std::time::Duration;

use container_engine::{ContainerStatistics, ContainerView, Engine, EngineError};
use container_model::ContainerId;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use time::OffsetDateTime;
use tokio::time::{Instant, timeout_at};

use crate::error::CommandError;
use crate::output::StatisticsRow;

/// How long what a container has said is shown while it does not answer again.
const STALE_AFTER: Duration = Duration::from_secs(5);

/// What one container says.
struct Answer {
    id: ContainerId,
    started: Option<OffsetDateTime>,
    told: Result<ContainerStatistics, EngineError>,
}

/// What is known of a container that runs.
enum Known {
    /// It has been asked and has not answered yet.
    Asked,
    Told {
        /// When it was started: figures of another start are not compared.
        started: Option<OffsetDateTime>,
        statistics: ContainerStatistics,
        cpu_percent: Option<f64>,
        at: Instant,
    },
    /// It runs and could not be asked.
    Failed(EngineError),
}

/// Rounds of questions to the same containers.
pub(super) struct Rounds {
    engine: Engine,
    /// Without any, all are asked.
    named: Vec<ContainerId>,
    /// Whether those that do not run are listed.
    lists_all: bool,
    is_over: bool,
    known: BTreeMap<ContainerId, Known>,
    pending_ids: Vec<ContainerId>,
    pending: FuturesUnordered<LocalBoxFuture<'static, Answer>>,
}

impl Rounds {
    pub(super) fn new(engine: Engine, named: Vec<ContainerId>, lists_all: bool) -> Self {
        Self {
            engine,
            named,
            lists_all,
            is_over: false,
            known: BTreeMap::new(),
            pending_ids: Vec::new(),
            pending: FuturesUnordered::new(),
        }
    }

    /// Whether all containers that were named have been deleted.
    pub(super) fn are_over(&self) -> bool {
        self.is_over
    }

    /// Asks all containers that run, but for those that owe an answer still, and waits for answers as long as `patience` lasts.
    pub(super) async fn next(&mut self, patience: Duration) -> Result<Vec<StatisticsRow>, CommandError> {
        let views = self.views()?;
        self.is_over = views.is_empty() && !self.named.is_empty();
        self.known
            .retain(|id, _| views.iter().any(|view| view.id() == id && runs(view)));
        for view in views.iter().filter(|view| runs(view)) {
            if !self.pending_ids.contains(view.id()) {
                self.ask(view);
            }
        }
        let deadline = Instant::now() + patience;
        while let Ok(Some(answer)) = timeout_at(deadline, self.pending.next()).await {
            self.take(answer);
        }
        let shown = views.iter().filter(|view| self.is_listed(view.id()));
        Ok(shown.map(|view| self.row(view.id())).collect())
    }

    /// Why containers that run have not told anything.
    pub(super) fn failures(&self) -> Vec<CommandError> {
        let failures = self.known.iter().filter_map(|(id, known)| match known {
            Known::Asked => Some(CommandError::new(format!(
                "cannot read the statistics of container {id}: it does not answer"
            ))),
            Known::Told { .. } => None,
            Known::Failed(error) => Some(CommandError::new(error.to_string())),
        });
        failures.collect()
    }

    fn views(&self) -> Result<Vec<ContainerView>, EngineError> {
        if self.named.is_empty() {
            let mut views = self.engine.list()?;
            views.retain(|view| self.lists_all || view.is_live());
            return Ok(views);
        }
        let mut views = Vec::new();
        for id in &self.named {
            match self.engine.load(id) {
                Ok(view) => views.push(view),
                Err(EngineError::ContainerNotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(views)
    }

    fn ask(&mut self, view: &ContainerView) {
        let (engine, id, started) = (self.engine.clone(), view.id().clone(), view.state.phase.started());
        self.known.entry(id.clone()).or_insert(Known::Asked);
        self.pending_ids.push(id.clone());
        self.pending.push(Box::pin(async move {
            let told = engine.stats(&id).await;
            Answer { id, started, told }
        }));
    }

    fn take(&mut self, answer: Answer) {
        let Answer { id, started, told } = answer;
        self.pending_ids.retain(|pending| *pending != id);
        let statistics = match told {
            Ok(statistics) => statistics,
            Err(error) => {
                // One that has ended meanwhile is no failure.
                match self.engine.load(&id).is_ok_and(|view| runs(&view)) {
                    true => self.known.insert(id, Known::Failed(error)),
                    false => self.known.remove(&id),
                };
                return;
            }
        };
        let cpu_percent = match self.known.get(&id) {
            Some(Known::Told {
                started: earlier_start,
                statistics: earlier,
                ..
            }) if *earlier_start == started => cpu_percent(earlier, &statistics),
            _ => None,
        };
        let told = Known::Told {
            started,
            statistics,
            cpu_percent,
            at: Instant::now(),
        };
        self.known.insert(id, told);
    }

    fn is_listed(&self, id: &ContainerId) -> bool {
        self.lists_all || !self.named.is_empty() || self.known.contains_key(id)
    }

    fn row(&self, id: &ContainerId) -> StatisticsRow {
        let (statistics, cpu_percent) = match self.known.get(id) {
            Some(Known::Told {
                statistics,
                cpu_percent,
                at,
                ..
            }) if at.elapsed() < STALE_AFTER => (Some(*statistics), *cpu_percent),
            _ => (None, None),
        };
        StatisticsRow {
            id: id.clone(),
            statistics,
            cpu_percent,
        }
    }
}

/// Whether a container can be asked: its first process was started and has not been seen to end.
fn runs(view: &ContainerView) -> bool {
    view.is_live() && view.state.phase.started().is_some()
}

/// The share of one processor that was used between two looks; of a guest whose clock or counter goes back nothing is known.
fn cpu_percent(earlier: &ContainerStatistics, later: &ContainerStatistics) -> Option<f64> {
    let used = later.cpu?.checked_sub(earlier.cpu?)?;
    let passed = later.read_at.checked_sub(earlier.read_at)?;
    (!passed.is_zero()).then(|| used.as_secs_f64() / passed.as_secs_f64() * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn use_is_of_the_time_that_passed_in_the_guest() {
        let at = |read_ms, cpu_ms| ContainerStatistics {
            read_at: Duration::from_millis(read_ms),
            cpu: Some(Duration::from_millis(cpu_ms)),
            ..ContainerStatistics::default()
        };
        assert_eq!(cpu_percent(&at(1000, 500), &at(1200, 900)), Some(200.0));
        assert_eq!(cpu_percent(&at(1000, 500), &at(1000, 900)), None);
        assert_eq!(cpu_percent(&at(1000, 500), &at(1200, 400)), None);
        assert_eq!(cpu_percent(&at(1200, 500), &at(1000, 900)), None);
        assert_eq!(cpu_percent(&at(1000, 500), &ContainerStatistics::default()), None);
    }
}
