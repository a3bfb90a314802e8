//! A change of a container's limits and restart policy, in the protocol's words.

use std::fmt::Display;

use container_model::{ContainerUpdate, ControlGroupUpdate, LimitChange};

use super::v1::UpdateRequest;

/// A request that is no change of a container.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UpdateRequestError(String);

impl From<&ContainerUpdate> for UpdateRequest {
    fn from(update: &ContainerUpdate) -> Self {
        let ContainerUpdate {
            cpus,
            memory_bytes,
            limits,
            restart,
        } = update;
        Self {
            cpus: *cpus,
            memory_bytes: *memory_bytes,
            pids: number(&limits.pids),
            cpu_shares: number(&limits.cpu_shares),
            cpu_period_us: number(&limits.cpu_period_us),
            cpu_quota_us: number(&limits.cpu_quota_us),
            cpuset_cpus: number(&limits.cpuset_cpus),
            memory_swap_bytes: number(&limits.memory_swap_bytes),
            memory_reservation_bytes: number(&limits.memory_reservation_bytes),
            blkio_weight: number(&limits.blkio_weight).map(u32::from),
            restart: restart.map(|policy| policy.to_string()),
        }
    }
}

impl TryFrom<UpdateRequest> for ContainerUpdate {
    type Error = UpdateRequestError;

    fn try_from(request: UpdateRequest) -> Result<Self, UpdateRequestError> {
        if request.cpus == Some(0) {
            return Err(UpdateRequestError("at least one CPU is needed".to_owned()));
        }
        let weight = request.blkio_weight.map(u16::try_from).transpose();
        Ok(Self {
            cpus: request.cpus,
            memory_bytes: request.memory_bytes,
            limits: ControlGroupUpdate {
                pids: change(request.pids),
                cpu_shares: change(request.cpu_shares),
                cpu_period_us: change(request.cpu_period_us),
                cpu_quota_us: change(request.cpu_quota_us),
                cpuset_cpus: change(request.cpuset_cpus),
                memory_swap_bytes: change(request.memory_swap_bytes),
                memory_reservation_bytes: change(request.memory_reservation_bytes),
                blkio_weight: change(weight.map_err(refused)?),
            },
            restart: request
                .restart
                .map(|policy| policy.parse())
                .transpose()
                .map_err(refused)?,
        })
    }
}

fn refused(error: impl Display) -> UpdateRequestError {
    UpdateRequestError(error.to_string())
}

/// The default of a type, zero or nothing, stands for the kernel's own.
fn number<T: Clone + Default>(change: &LimitChange<T>) -> Option<T> {
    match change {
        LimitChange::Keep => None,
        LimitChange::Clear => Some(T::default()),
        LimitChange::Set(value) => Some(value.clone()),
    }
}

fn change<T: Default + PartialEq>(value: Option<T>) -> LimitChange<T> {
    match value {
        None => LimitChange::Keep,
        Some(value) if value == T::default() => LimitChange::Clear,
        Some(value) => LimitChange::Set(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::RestartPolicy;

    #[test]
    fn a_change_comes_out_as_it_went_in() {
        let nothing = ContainerUpdate::default();
        assert_eq!(UpdateRequest::from(&nothing), UpdateRequest::default());
        let update = ContainerUpdate {
            cpus: Some(2),
            memory_bytes: Some(1 << 30),
            limits: ControlGroupUpdate {
                pids: LimitChange::Set(64),
                cpu_shares: LimitChange::Clear,
                cpu_period_us: LimitChange::Set(50_000),
                cpu_quota_us: LimitChange::Clear,
                cpuset_cpus: LimitChange::Set("0-1".to_owned()),
                memory_swap_bytes: LimitChange::Set(u64::MAX),
                memory_reservation_bytes: LimitChange::Keep,
                blkio_weight: LimitChange::Set(1000),
            },
            restart: Some(RestartPolicy::OnFailure { maximum_retry_count: 3 }),
        };
        for update in [nothing, update] {
            assert_eq!(ContainerUpdate::try_from(UpdateRequest::from(&update)), Ok(update));
        }
    }

    #[test]
    fn what_is_no_change_is_refused() {
        for request in [
            UpdateRequest {
                cpus: Some(0),
                ..UpdateRequest::default()
            },
            UpdateRequest {
                blkio_weight: Some(1 << 16),
                ..UpdateRequest::default()
            },
            UpdateRequest {
                restart: Some("sometimes".to_owned()),
                ..UpdateRequest::default()
            },
        ] {
            assert!(ContainerUpdate::try_from(request).is_err());
        }
    }
}
