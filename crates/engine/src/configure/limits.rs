//! Limits of a container's control group: which values they can have.

use container_model::{ByteSize, ControlGroupLimits, ControlGroupUpdate, LimitChange, Resources};

use crate::error::RequestError;
use crate::{LimitRequest, SwapLimit};

/// Least and most shares of the processors, as in Docker.
const CPU_SHARES: (i64, i64) = (2, 262_144);
/// Least and most length of a period, microseconds (cgroup v2).
const CPU_PERIOD_US: (i64, i64) = (1000, 1_000_000);
/// Least and most processor time in a period, microseconds.
const CPU_QUOTA_US: (i64, i64) = (1000, 1_000_000_000);
/// Most processes that a machine can have, `PID_MAX_LIMIT`.
const PIDS: (i64, i64) = (1, 4_194_304);
/// Least and most shares of the disks, as in Docker.
const BLKIO_WEIGHT: (i64, i64) = (10, 1000);
/// proc(5), `oom_score_adj`.
const OOM_SCORE_ADJ: (i64, i64) = (-1000, 1000);

/// The limits of a container with so many processors and so much memory. Without these two, those that need none are checked.
pub(crate) fn limits(
    request: &LimitRequest,
    cpus: Option<u32>,
    memory_bytes: Option<u64>,
) -> Result<ControlGroupLimits, RequestError> {
    let mut limits = ControlGroupLimits::default();
    changes(request)?.apply(&mut limits);
    limits.check(cpus, memory_bytes)?;
    Ok(limits)
}

/// What a request changes of the limits that there are, each checked by itself.
pub(crate) fn changes(request: &LimitRequest) -> Result<ControlGroupUpdate, RequestError> {
    let bytes = |size: ByteSize| Some(size.0).filter(|bytes| *bytes != 0);
    let swap = |limit| match limit {
        SwapLimit::Unlimited => Some(u64::MAX),
        SwapLimit::Size(size) => bytes(size),
    };
    let list = |list: &String| Some(list.clone()).filter(|list| !list.is_empty());
    Ok(ControlGroupUpdate {
        pids: within("--pids-limit", request.pids, PIDS, &[-1, 0])?,
        cpu_shares: within("--cpu-shares", request.cpu_shares, CPU_SHARES, &[0])?,
        cpu_period_us: within("--cpu-period", request.cpu_period_us, CPU_PERIOD_US, &[0])?,
        cpu_quota_us: within("--cpu-quota", request.cpu_quota_us, CPU_QUOTA_US, &[-1, 0])?,
        cpuset_cpus: change(request.cpuset_cpus.as_ref().map(list)),
        memory_swap_bytes: change(request.memory_swap.map(swap)),
        memory_reservation_bytes: change(request.memory_reservation.map(bytes)),
        blkio_weight: within("--blkio-weight", request.blkio_weight, BLKIO_WEIGHT, &[0])?,
    })
}

/// What a flag changes, if it is there; one that stands for the kernel's own is `Some(None)`.
fn change<T>(flag: Option<Option<T>>) -> LimitChange<T> {
    flag.map_or(LimitChange::Keep, LimitChange::to)
}

/// The number of processors, checked.
pub(crate) fn processors(cpus: u32) -> Result<u32, RequestError> {
    match cpus {
        0 => Err(RequestError::NoCpu),
        cpus => Ok(cpus),
    }
}

/// The memory, checked, in whole MiB, in which machines come.
pub(crate) fn memory_bytes(asked: ByteSize) -> Result<u64, RequestError> {
    let minimum_bytes = Resources::MINIMUM_MEMORY_BYTES;
    match asked.0 < minimum_bytes {
        true => Err(RequestError::Memory { asked, minimum_bytes }),
        false => Ok(asked.0.div_ceil(1 << 20) << 20),
    }
}

/// How likely the program is to be killed for lack of memory.
pub(crate) fn oom_score_adj(request: &LimitRequest) -> Result<Option<i32>, RequestError> {
    Ok(
        match within("--oom-score-adj", request.oom_score_adj, OOM_SCORE_ADJ, &[])? {
            LimitChange::Set(score) => Some(score),
            LimitChange::Keep | LimitChange::Clear => None,
        },
    )
}

/// A value between least and most, or one that stands for the default.
fn within<T: TryFrom<i64>>(
    flag: &'static str,
    value: Option<i64>,
    (least, most): (i64, i64),
    defaults: &[i64],
) -> Result<LimitChange<T>, RequestError> {
    let value = match value {
        None => return Ok(LimitChange::Keep),
        Some(value) if defaults.contains(&value) => return Ok(LimitChange::Clear),
        Some(value) => value,
    };
    let refusal = || {
        let defaults: String = defaults.iter().map(|value| format!(", {value}")).collect();
        let kept = if defaults.is_empty() {
            ""
        } else {
            " for no limit of its own"
        };
        refused(flag, value, format!("{least} to {most}{defaults}{kept}"))
    };
    if !(least..=most).contains(&value) {
        return Err(refusal());
    }
    T::try_from(value).map(LimitChange::Set).map_err(|_| refusal())
}

fn refused(flag: &'static str, given: impl ToString, allowed: String) -> RequestError {
    RequestError::Limit {
        flag,
        given: given.to_string(),
        allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(change: impl FnOnce(&mut LimitRequest)) -> Result<ControlGroupLimits, RequestError> {
        let mut request = LimitRequest::default();
        change(&mut request);
        oom_score_adj(&request)?;
        limits(&request, Some(2), Some(1 << 30))
    }

    #[test]
    fn values_that_stand_for_the_default_limit_nothing() {
        let made = of(|request| {
            (request.pids, request.cpu_quota_us) = (Some(-1), Some(-1));
            (request.cpu_shares, request.cpu_period_us, request.blkio_weight) = (Some(0), Some(0), Some(0));
            request.cpuset_cpus = Some(String::new());
            request.memory_swap = Some(SwapLimit::Size(ByteSize(0)));
        });
        assert!(made.unwrap().is_none());
    }

    #[test]
    fn values_are_taken_as_they_are() {
        let made = of(|request| {
            request.pids = Some(64);
            request.cpuset_cpus = Some("0-1,1".to_owned());
            request.memory_swap = Some(SwapLimit::Unlimited);
            request.oom_score_adj = Some(-1000);
        })
        .unwrap();
        assert_eq!((made.pids, made.cpuset_cpus.as_deref()), (Some(64), Some("0-1,1")));
        assert_eq!(made.memory_swap_bytes, Some(u64::MAX));
    }

    #[test]
    fn other_values_are_refused_with_those_that_are_allowed() {
        let size = |bytes| Some(ByteSize(bytes));
        type Change = Box<dyn FnOnce(&mut LimitRequest)>;
        let table: [(Change, &str); 13] = [
            (
                Box::new(|limits| limits.pids = Some(-2)),
                "--pids-limit -2: 1 to 4194304, -1, 0 for no limit",
            ),
            (
                Box::new(|limits| limits.cpu_shares = Some(1)),
                "--cpu-shares 1: 2 to 262144",
            ),
            (
                Box::new(|limits| limits.cpu_period_us = Some(999)),
                "--cpu-period 999: 1000 to 1000000",
            ),
            (
                Box::new(|limits| limits.cpu_quota_us = Some(999)),
                "--cpu-quota 999: 1000 to",
            ),
            (
                Box::new(|limits| limits.blkio_weight = Some(9)),
                "--blkio-weight 9: 10 to 1000",
            ),
            (
                Box::new(|limits| limits.oom_score_adj = Some(1001)),
                "--oom-score-adj 1001: -1000 to 1000",
            ),
            (
                Box::new(|limits| limits.cpuset_cpus = Some("2".to_owned())),
                "the container has 2, from 0 on",
            ),
            (
                Box::new(|limits| limits.cpuset_cpus = Some("1-0".to_owned())),
                "--cpuset-cpus 1-0",
            ),
            (
                Box::new(|limits| limits.cpuset_cpus = Some("+1".to_owned())),
                "a list such as",
            ),
            (
                Box::new(|limits| limits.cpuset_cpus = Some("0,".to_owned())),
                "a list such as",
            ),
            (
                Box::new(move |limits| limits.memory_reservation = size(2 << 30)),
                "at most --memory",
            ),
            (
                Box::new(|limits| limits.memory_swap = Some(SwapLimit::Size(ByteSize(1)))),
                "at least --memory",
            ),
            (Box::new(|limits| limits.pids = Some(i64::MAX)), "--pids-limit"),
        ];
        for (change, part) in table {
            let error = of(change).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
