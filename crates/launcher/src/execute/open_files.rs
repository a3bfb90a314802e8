//! How many files a launcher may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// `OPEN_MAX` of sys/syslimits.h on macOS: setrlimit(2) refuses a soft limit above it even where the hard one is infinite.
const OPEN_MAX: u64 = 10_240;

/// Raises the soft limit as far as any macOS allows. It is 256 there by default, which clients, published ports and shares of one
/// container can use up; Linux has four times as many and is left as it is.
pub(super) fn raise_limit() {
    if let Some(limit) = raised(getrlimit(Resource::Nofile))
        && let Err(error) = setrlimit(Resource::Nofile, limit)
    {
        tracing::warn!(%error, "cannot have more files open than by default");
    }
}

/// The limit to ask for; `None` when it is high enough already, or cannot be raised.
fn raised(found: Rlimit) -> Option<Rlimit> {
    let wanted = found.maximum.map_or(OPEN_MAX, |hard| hard.min(OPEN_MAX));
    let is_enough = found.current.is_none_or(|soft| soft >= wanted);
    (!is_enough).then_some(Rlimit {
        current: Some(wanted),
        maximum: found.maximum,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(current: Option<u64>, maximum: Option<u64>) -> Rlimit {
        Rlimit { current, maximum }
    }

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_one_and_never_above_what_the_system_takes() {
        for (soft, hard, wanted) in [
            (Some(256), None, Some(OPEN_MAX)),
            (Some(256), Some(1 << 20), Some(OPEN_MAX)),
            (Some(256), Some(4096), Some(4096)),
            (Some(256), Some(256), None),
            (Some(50_000), None, None),
            (None, None, None),
        ] {
            let found = raised(limit(soft, hard));
            let expected = wanted.map(|wanted| (Some(wanted), hard));
            assert_eq!(found.map(|limit| (limit.current, limit.maximum)), expected);
        }
    }

    #[test]
    fn the_system_takes_the_raised_limit() {
        raise_limit();
        assert!(raised(getrlimit(Resource::Nofile)).is_none());
    }
}
