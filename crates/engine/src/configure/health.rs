//! How it is found out whether a new container works: what is asked for, and field by field what the image says, as Docker combines them.

use std::time::Duration;

use container_model::HealthCheck;
use container_oci::ProcessDefaults;

use crate::HealthRequest;
use crate::error::RequestError;

/// Docker's bound (`MinimumDuration` of its API).
const MINIMUM: Duration = Duration::from_millis(1);

/// The kind of test that is none.
const NONE: &str = "NONE";

/// Checks what needs no image.
pub(super) fn check(request: &HealthRequest) -> Result<(), RequestError> {
    let durations = [
        ("--health-interval", request.interval),
        ("--health-timeout", request.timeout),
        ("--health-start-period", request.start_period),
        ("--health-start-interval", request.start_interval),
    ];
    let is_asked = line(request).is_some()
        || durations.iter().any(|(_, value)| given(*value).is_some())
        || request.retries.is_some_and(|retries| retries != 0);
    if request.is_off && is_asked {
        return Err(RequestError::HealthCheckAndNone);
    }
    for (flag, value) in durations {
        if given(value).is_some_and(|value| value < MINIMUM) {
            let reason = "less than 1ms";
            return Err(RequestError::HealthCheck { flag, reason });
        }
    }
    let flag = "--health-retries";
    match request.retries {
        Some(..0) => Err(RequestError::HealthCheck {
            flag,
            reason: "negative",
        }),
        Some(retries) if u32::try_from(retries).is_err() => Err(RequestError::HealthCheck {
            flag,
            reason: "more than 4294967295",
        }),
        _ => Ok(()),
    }
}

/// The check of a container; `None` when there is no test.
pub(crate) fn health_check(
    request: &HealthRequest,
    defaults: &ProcessDefaults,
) -> Result<Option<HealthCheck>, RequestError> {
    check(request)?;
    let image = defaults.healthcheck.clone().unwrap_or_default();
    let test = match line(request) {
        Some(line) => vec!["CMD-SHELL".to_owned(), line.to_owned()],
        None => image.test,
    };
    if request.is_off || test.first().is_none_or(|kind| kind == NONE) {
        return Ok(None);
    }
    let usual = HealthCheck::default();
    let duration = |asked: Option<Duration>, image_ns: i64, usual_ns: u64| match given(asked) {
        Some(asked) => u64::try_from(asked.as_nanos()).unwrap_or(u64::MAX),
        None => match u64::try_from(image_ns) {
            Ok(0) | Err(_) => usual_ns,
            Ok(image_ns) => image_ns.max(u64::try_from(MINIMUM.as_nanos()).unwrap_or_default()),
        },
    };
    let retries = request.retries.filter(|retries| *retries != 0).unwrap_or(image.retries);
    let check = HealthCheck {
        test,
        shell: defaults.shell.clone(),
        interval_ns: duration(request.interval, image.interval_ns, usual.interval_ns),
        timeout_ns: duration(request.timeout, image.timeout_ns, usual.timeout_ns),
        start_period_ns: duration(request.start_period, image.start_period_ns, usual.start_period_ns),
        start_interval_ns: duration(request.start_interval, image.start_interval_ns, usual.start_interval_ns),
        retries: match u32::try_from(retries) {
            Ok(0) | Err(_) => usual.retries,
            Ok(retries) => retries,
        },
        unknown: usual.unknown,
    };
    Ok((!check.arguments().is_empty()).then_some(check))
}

fn line(request: &HealthRequest) -> Option<&str> {
    request.command.as_deref().filter(|line| !line.is_empty())
}

/// 0 says nothing.
fn given(value: Option<Duration>) -> Option<Duration> {
    value.filter(|value| !value.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_oci::HealthCheck as OfImage;

    const SECOND_NS: i64 = 1_000_000_000;

    fn image(test: &[&str]) -> ProcessDefaults {
        ProcessDefaults {
            healthcheck: Some(OfImage {
                test: test.iter().map(|&word| word.to_owned()).collect(),
                interval_ns: 7 * SECOND_NS,
                retries: 9,
                ..OfImage::default()
            }),
            ..ProcessDefaults::default()
        }
    }

    fn asked(command: &str) -> HealthRequest {
        HealthRequest {
            command: Some(command.to_owned()),
            ..HealthRequest::default()
        }
    }

    #[test]
    fn what_is_not_asked_for_is_the_image_s_and_else_docker_s() {
        let check = health_check(&HealthRequest::default(), &image(&["CMD", "true"]));
        let check = check.unwrap().unwrap();
        assert_eq!(check.test, ["CMD", "true"]);
        let seconds = |check: &HealthCheck| {
            [
                check.interval_ns,
                check.timeout_ns,
                check.start_period_ns,
                check.start_interval_ns,
            ]
            .map(|value| value / 1_000_000_000)
        };
        assert_eq!((seconds(&check), check.retries), ([7, 30, 0, 5], 9));

        let request = HealthRequest {
            timeout: Some(Duration::from_secs(2)),
            start_period: Some(Duration::from_secs(3)),
            retries: Some(1),
            ..asked("curl x")
        };
        let check = health_check(&request, &image(&["CMD", "true"])).unwrap().unwrap();
        assert_eq!(check.arguments(), ["/bin/sh", "-c", "curl x"]);
        assert_eq!((seconds(&check), check.retries), ([7, 2, 3, 5], 1));

        let mut bare = ProcessDefaults {
            shell: vec!["bash".to_owned(), "-c".to_owned()],
            ..ProcessDefaults::default()
        };
        let check = health_check(&asked("x"), &bare).unwrap().unwrap();
        assert_eq!(check.arguments(), ["bash", "-c", "x"]);
        assert_eq!((seconds(&check), check.retries), ([30, 30, 0, 5], 3));
        let odd = OfImage {
            test: vec!["CMD".to_owned(), "true".to_owned()],
            interval_ns: -5,
            timeout_ns: 1,
            retries: -1,
            ..OfImage::default()
        };
        bare.healthcheck = Some(odd);
        let check = health_check(&HealthRequest::default(), &bare).unwrap().unwrap();
        assert_eq!(
            (check.interval_ns, check.timeout_ns, check.retries),
            (30_000_000_000, 1_000_000, 3)
        );
    }

    #[test]
    fn there_may_be_no_check() {
        let off = HealthRequest {
            is_off: true,
            ..HealthRequest::default()
        };
        let interval = HealthRequest {
            interval: Some(Duration::from_secs(1)),
            ..HealthRequest::default()
        };
        for (request, defaults) in [
            (&off, image(&["CMD", "true"])),
            (&interval, image(&["NONE"])),
            (&interval, image(&["HTTP", "x"])),
            (&interval, ProcessDefaults::default()),
            (&asked(""), ProcessDefaults::default()),
        ] {
            assert_eq!(health_check(request, &defaults), Ok(None), "{request:?}");
        }
        let check = health_check(&asked("true"), &image(&["NONE"]));
        assert!(check.unwrap().is_some());
    }

    #[test]
    fn values_that_there_cannot_be_are_refused() {
        let none = HealthRequest::default();
        let short = Some(Duration::from_nanos(999_999));
        for (request, message) in [
            (
                HealthRequest {
                    is_off: true,
                    ..asked("x")
                },
                "conflicts with --health-*",
            ),
            (
                HealthRequest {
                    is_off: true,
                    retries: Some(2),
                    ..none.clone()
                },
                "conflicts",
            ),
            (
                HealthRequest {
                    interval: short,
                    ..none.clone()
                },
                "--health-interval: it cannot be less than 1ms",
            ),
            (
                HealthRequest {
                    timeout: short,
                    ..none.clone()
                },
                "--health-timeout",
            ),
            (
                HealthRequest {
                    start_period: short,
                    ..none.clone()
                },
                "--health-start-period",
            ),
            (
                HealthRequest {
                    start_interval: short,
                    ..none.clone()
                },
                "--health-start-interval",
            ),
            (
                HealthRequest {
                    retries: Some(-1),
                    ..none.clone()
                },
                "--health-retries: it cannot be negative",
            ),
            (
                HealthRequest {
                    retries: Some(1 << 32),
                    ..none.clone()
                },
                "more than",
            ),
        ] {
            let error = check(&request).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
        let zero = HealthRequest {
            is_off: true,
            interval: Some(Duration::ZERO),
            retries: Some(0),
            ..asked("")
        };
        assert_eq!(check(&zero), Ok(()));
    }
}
