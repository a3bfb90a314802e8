//! Changes of what a container was asked to be, in the terms of Docker's `update`.

use crate::config::control_group::LimitConflict;
use crate::{ContainerConfig, ControlGroupLimits, RestartPolicy};

/// What becomes of a limit of the control group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LimitChange<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is the kernel's own again.
    Clear,
    /// It is this.
    Set(T),
}

impl<T> LimitChange<T> {
    /// The change to what a new container would have: nothing stands for the kernel's own.
    pub fn to(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }

    /// Whether it changes anything.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    fn apply(self, limit: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *limit = None,
            Self::Set(value) => *limit = Some(value),
        }
    }
}

/// Changes of [`ControlGroupLimits`], field by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the limits, which say what they are")]
pub struct ControlGroupUpdate {
    pub pids: LimitChange<u32>,
    pub cpu_shares: LimitChange<u32>,
    pub cpu_period_us: LimitChange<u32>,
    pub cpu_quota_us: LimitChange<u64>,
    pub cpuset_cpus: LimitChange<String>,
    pub memory_swap_bytes: LimitChange<u64>,
    pub memory_reservation_bytes: LimitChange<u64>,
    pub blkio_weight: LimitChange<u16>,
}

impl ControlGroupUpdate {
    /// Changes these limits.
    pub fn apply(self, limits: &mut ControlGroupLimits) {
        self.pids.apply(&mut limits.pids);
        self.cpu_shares.apply(&mut limits.cpu_shares);
        self.cpu_period_us.apply(&mut limits.cpu_period_us);
        self.cpu_quota_us.apply(&mut limits.cpu_quota_us);
        self.cpuset_cpus.apply(&mut limits.cpuset_cpus);
        self.memory_swap_bytes.apply(&mut limits.memory_swap_bytes);
        self.memory_reservation_bytes
            .apply(&mut limits.memory_reservation_bytes);
        self.blkio_weight.apply(&mut limits.blkio_weight);
    }
}

/// What of a container is to be another; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerUpdate {
    /// Its processors.
    pub cpus: Option<u32>,
    /// Its memory, bytes.
    pub memory_bytes: Option<u64>,
    /// Limits of its control group.
    pub limits: ControlGroupUpdate,
    /// What follows the end of its program.
    pub restart: Option<RestartPolicy>,
}

/// A change after which the container would contradict itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// Two limits do not go together.
    #[error(transparent)]
    Limit(#[from] LimitConflict),
    /// It is removed at its end, after which it could not be started again. The message is Docker's of `run`.
    #[error("conflicting options: cannot specify both --restart and --rm")]
    RemovedAndRestarted,
}

impl ContainerUpdate {
    /// Whether nothing is to be another.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Changes what a container was asked to be.
    ///
    /// # Errors
    /// [`UpdateError`], of all of it as it would be; nothing has changed then.
    pub fn apply(&self, config: &mut ContainerConfig) -> Result<(), UpdateError> {
        let mut resources = config.resources.clone();
        if let Some(cpus) = self.cpus {
            resources.cpus = cpus;
        }
        if let Some(bytes) = self.memory_bytes {
            resources.memory_bytes = bytes;
        }
        self.limits.clone().apply(&mut resources.control_group);
        resources
            .control_group
            .check(Some(resources.cpus), Some(resources.memory_bytes))?;
        let restart = self.restart.unwrap_or(config.options.restart);
        if config.options.auto_remove && !restart.is_no() {
            return Err(UpdateError::RemovedAndRestarted);
        }
        config.resources = resources;
        config.options.restart = restart;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn config() -> ContainerConfig {
        let record = include_str!("../../tests/version1/made/config.json");
        let mut fields: crate::UnknownFields = serde_json::from_str(record).unwrap();
        fields.remove("version");
        let fields = crate::upgrade_config(1, fields).unwrap();
        let mut config: ContainerConfig = serde_json::from_value(fields.into()).unwrap();
        config.resources.cpus = 2;
        config.resources.memory_bytes = 512 * MIB;
        config.resources.control_group = ControlGroupLimits {
            pids: Some(64),
            cpuset_cpus: Some("0-1".to_owned()),
            memory_swap_bytes: Some(600 * MIB),
            memory_reservation_bytes: Some(300 * MIB),
            ..ControlGroupLimits::default()
        };
        config
    }

    #[test]
    fn what_is_not_named_stays_and_what_is_cleared_is_the_kernel_s() {
        let mut config = config();
        let before = config.clone();
        ContainerUpdate::default().apply(&mut config).unwrap();
        assert_eq!(config, before);
        let mut update = ContainerUpdate {
            memory_bytes: Some(400 * MIB),
            restart: Some(RestartPolicy::Always),
            ..ContainerUpdate::default()
        };
        assert!(ContainerUpdate::default().is_empty() && !update.is_empty());
        update.limits.pids = LimitChange::Clear;
        update.limits.cpu_shares = LimitChange::to(Some(512));
        update.apply(&mut config).unwrap();
        let limits = &config.resources.control_group;
        assert_eq!((limits.pids, limits.cpu_shares), (None, Some(512)));
        assert_eq!(limits.memory_swap_bytes, Some(600 * MIB));
        assert_eq!(config.resources.memory_bytes, 400 * MIB);
        assert_eq!(config.options.restart, RestartPolicy::Always);
    }

    #[test]
    fn the_whole_is_checked_and_a_refusal_changes_nothing() {
        type Change = fn(&mut ContainerUpdate);
        let table: [(Change, &str); 6] = [
            (
                |update| update.memory_bytes = Some(700 * MIB),
                "--memory-swap 629145600: ",
            ),
            (
                |update| update.memory_bytes = Some(256 * MIB),
                "--memory-reservation 314572800: at most --memory, 268435456",
            ),
            (
                |update| update.limits.memory_swap_bytes = LimitChange::Set(511 * MIB),
                "at least --memory",
            ),
            (|update| update.cpus = Some(1), "--cpuset-cpus 0-1: "),
            (
                |update| update.limits.cpuset_cpus = LimitChange::Set("2".to_owned()),
                "the container has 2, from 0 on",
            ),
            (
                |update| update.restart = Some(RestartPolicy::UnlessStopped),
                "cannot specify both --restart and --rm",
            ),
        ];
        for (change, part) in table {
            let mut config = config();
            config.options.auto_remove = true;
            let before = config.clone();
            let mut update = ContainerUpdate {
                limits: ControlGroupUpdate {
                    pids: LimitChange::Set(1),
                    ..ControlGroupUpdate::default()
                },
                ..ContainerUpdate::default()
            };
            change(&mut update);
            let error = update.apply(&mut config).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
            assert_eq!(config, before, "{part}");
        }
    }

    #[test]
    fn limits_that_change_together_may_go_where_one_alone_may_not() {
        let mut config = config();
        let mut update = ContainerUpdate {
            memory_bytes: Some(700 * MIB),
            cpus: Some(1),
            ..ContainerUpdate::default()
        };
        update.limits.memory_swap_bytes = LimitChange::Set(u64::MAX);
        update.limits.cpuset_cpus = LimitChange::Clear;
        update.apply(&mut config).unwrap();
        assert_eq!((config.resources.cpus, config.resources.memory_bytes), (1, 700 * MIB));
    }
}
