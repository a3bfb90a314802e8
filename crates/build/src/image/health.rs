//! `HEALTHCHECK` as the image's configuration has it.

use std::time::Duration;

use container_dockerfile::{CommandLine, Healthcheck};
use container_model::duration_text;
use container_oci::HealthCheck;

use super::go_text;

/// The check of an image.
pub(crate) fn health_check(instruction: &Healthcheck) -> HealthCheck {
    let Healthcheck::Probe(probe) = instruction else {
        return HealthCheck {
            test: vec!["NONE".to_owned()],
            ..HealthCheck::default()
        };
    };
    let test = match &probe.command {
        CommandLine::Shell(line) => vec!["CMD-SHELL".to_owned(), line.clone()],
        CommandLine::Exec(words) => ["CMD".to_owned()].into_iter().chain(words.iter().cloned()).collect(),
    };
    HealthCheck {
        test,
        interval_ns: nanoseconds(probe.interval),
        timeout_ns: nanoseconds(probe.timeout),
        start_period_ns: nanoseconds(probe.start_period),
        start_interval_ns: nanoseconds(probe.start_interval),
        retries: probe.retries.map_or(0, i64::from),
    }
}

fn nanoseconds(duration: Option<Duration>) -> i64 {
    duration.map_or(0, |duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
}

/// `%+v` of Docker's structure.
pub(super) fn in_go(check: &HealthCheck) -> String {
    let duration = |nanoseconds: i64| duration_text(Duration::from_nanos(nanoseconds.try_into().unwrap_or(0)));
    format!(
        "{{Test:{} Interval:{} Timeout:{} StartPeriod:{} StartInterval:{} Retries:{}}}",
        go_text::list(&check.test),
        duration(check.interval_ns),
        duration(check.timeout_ns),
        duration(check.start_period_ns),
        duration(check.start_interval_ns),
        check.retries
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_dockerfile::Probe;

    #[test]
    fn a_probe_is_written_in_dockers_words() {
        let probe = Probe {
            command: CommandLine::Shell("curl -f localhost".to_owned()),
            interval: Some(Duration::from_secs(5)),
            timeout: None,
            start_period: Some(Duration::from_millis(1500)),
            start_interval: None,
            retries: Some(3),
        };
        let check = health_check(&Healthcheck::Probe(probe));
        assert_eq!(check.test, ["CMD-SHELL", "curl -f localhost"]);
        assert_eq!(
            (check.interval_ns, check.timeout_ns, check.retries),
            (5_000_000_000, 0, 3)
        );
        assert_eq!(
            in_go(&check),
            "{Test:[CMD-SHELL curl -f localhost] Interval:5s Timeout:0s StartPeriod:1.5s StartInterval:0s Retries:3}"
        );
        assert_eq!(health_check(&Healthcheck::None).test, ["NONE"]);
    }
}
