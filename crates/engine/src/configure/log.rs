//! How the output of a new container is kept: Docker's drivers and options, as far as there is something here that they mean.

use container_model::{LogConfig, LogDriver};

use crate::LogRequest;
use crate::error::RequestError;

/// Docker's drivers that send output elsewhere.
const SENDERS: [&str; 9] = [
    "awslogs",
    "etwlogs",
    "fluentd",
    "gcplogs",
    "gelf",
    "journald",
    "logentries",
    "splunk",
    "syslog",
];

/// What is asked for; a request that is empty is the default.
pub(super) fn log(request: &LogRequest) -> Result<LogConfig, RequestError> {
    let (driver, name) = match request.driver.as_deref() {
        None | Some("" | "json-file") => (LogDriver::JsonFile, "json-file"),
        Some("local") => (LogDriver::Local, "local"),
        Some("none") => (LogDriver::None, "none"),
        Some(name) => {
            return Err(RequestError::LogDriver {
                name: name.to_owned(),
                reason: match SENDERS.contains(&name) {
                    true => "it sends output to a service, and here nothing runs that would do so",
                    false => "no log driver of this name exists",
                },
            });
        }
    };
    let mut config = LogConfig {
        driver,
        ..LogConfig::default()
    };
    for (key, value) in &request.options {
        set(&mut config, name, key, value).map_err(|reason| RequestError::LogOption {
            option: format!("{key}={value}"),
            reason,
        })?;
    }
    Ok(config)
}

fn set(config: &mut LogConfig, driver: &str, key: &str, value: &str) -> Result<(), String> {
    let list = || {
        value
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect()
    };
    match (config.driver, key) {
        (LogDriver::None, _) => return Err(format!("invalid logging opts for driver {driver}")),
        (_, "max-size") => {
            config.max_size_bytes = match size(value)? {
                0 => return Err("max-size must be a positive number".to_owned()),
                bytes => Some(bytes),
            }
        }
        (_, "max-file") => {
            config.max_files = match value.parse::<i64>().map(u64::try_from) {
                Err(_) => return Err(format!("{value:?} is not a number")),
                Ok(Err(_) | Ok(0)) => return Err("max-file cannot be less than 1".to_owned()),
                Ok(Ok(files)) => Some(files),
            }
        }
        (_, "compress") => match value {
            "false" | "0" | "f" | "F" | "FALSE" | "False" => {}
            _ => return Err("logs are not compressed here: leave it out, or say false".to_owned()),
        },
        (_, "mode") => match value {
            "" | "blocking" => {}
            "non-blocking" => {
                return Err("no output is dropped for a slow log here: leave it out, or say blocking".to_owned());
            }
            _ => return Err(format!("logger: logging mode not supported: {value}")),
        },
        (_, "max-buffer-size") => return Err("it is of mode=non-blocking only, which there is not here".to_owned()),
        (LogDriver::JsonFile, "labels") => config.labels = list(),
        (LogDriver::JsonFile, "env") => config.environment = list(),
        (LogDriver::JsonFile, "labels-regex" | "env-regex") => {
            return Err("regular expressions are not understood: name each with labels= or env=".to_owned());
        }
        (LogDriver::JsonFile, "tag") => {
            return Err("a log is that of one container and has no tag: leave it out".to_owned());
        }
        _ => return Err(format!("unknown log opt '{key}' for {driver} log driver")),
    }
    Ok(())
}

/// A size in bytes as Docker reads it here (go-units, `FromHumanSize`): a number that may have a fraction, with powers of 1000 for
/// `k`, `m`, `g`, `t` and `p`, which may be followed by `b` or `ib`.
fn size(text: &str) -> Result<u64, String> {
    let invalid = || format!("invalid size: '{text}'");
    let unit_start = text
        .rfind(|c: char| c.is_ascii_digit() || c == '.' || c == ' ')
        .ok_or_else(invalid)?
        + 1;
    let (number, unit) = text.split_at(unit_start);
    let number = number.strip_suffix(' ').unwrap_or(number);
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = number.parse().ok().filter(|_| is_number).ok_or_else(invalid)?;
    let unit = unit.to_ascii_lowercase();
    let mut letters = unit.chars();
    let factor = match letters.next() {
        None => 1.0,
        Some('b') if unit.len() == 1 => 1.0,
        Some('k') => 1e3,
        Some('m') => 1e6,
        Some('g') => 1e9,
        Some('t') => 1e12,
        Some('p') => 1e15,
        _ => return Err(format!("invalid suffix: '{unit}'")),
    };
    if !matches!(letters.as_str(), "" | "b" | "ib") {
        return Err(format!("invalid suffix: '{unit}'"));
    }
    // Of a number this large the fraction does not matter, and what is beyond a u64 is its maximum.
    Ok((number * factor) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(driver: &str, options: &[(&str, &str)]) -> Result<LogConfig, String> {
        let options = options
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let request = LogRequest {
            driver: Some(driver.to_owned()),
            options: options.collect(),
        };
        log(&request).map_err(|error| error.to_string())
    }

    #[test]
    fn bounds_are_read_as_docker_reads_them() {
        for (text, bytes) in [
            ("10m", 10_000_000),
            ("1.5K", 1500),
            ("2 GB", 2_000_000_000),
            ("3mib", 3_000_000),
            ("512", 512),
            ("512b", 512),
            ("1t", 1_000_000_000_000),
        ] {
            let config = asked("json-file", &[("max-size", text), ("max-file", "3")]).unwrap();
            assert_eq!(
                (config.max_size_bytes, config.max_files),
                (Some(bytes), Some(3)),
                "{text}"
            );
        }
        let config = asked(
            "json-file",
            &[
                ("labels", "a, b"),
                ("env", "C"),
                ("compress", "false"),
                ("mode", "blocking"),
            ],
        );
        let config = config.unwrap();
        assert_eq!(
            (config.labels.as_slice(), config.environment.as_slice()),
            (&["a".to_owned(), "b".to_owned()][..], &["C".to_owned()][..])
        );
        assert_eq!(log(&LogRequest::default()), Ok(LogConfig::default()));
        assert_eq!(asked("none", &[]).unwrap().bounds(), None);
    }

    #[test]
    fn bad_values_say_what_is_wrong() {
        for (driver, key, value, message) in [
            ("json-file", "max-size", "abc", "invalid size: 'abc'"),
            ("json-file", "max-size", "-1", "invalid size: '-1'"),
            ("json-file", "max-size", "", "invalid size: ''"),
            ("json-file", "max-size", "10x", "invalid suffix: 'x'"),
            ("json-file", "max-size", "10mm", "invalid suffix: 'mm'"),
            ("json-file", "max-size", "0", "max-size must be a positive number"),
            ("local", "max-file", "0", "max-file cannot be less than 1"),
            ("local", "max-file", "-2", "max-file cannot be less than 1"),
            ("json-file", "max-file", "x", "\"x\" is not a number"),
            (
                "json-file",
                "colour",
                "red",
                "unknown log opt 'colour' for json-file log driver",
            ),
            ("local", "labels", "a", "unknown log opt 'labels' for local log driver"),
            ("none", "max-size", "10m", "invalid logging opts for driver none"),
            ("json-file", "mode", "fast", "logging mode not supported: fast"),
            ("json-file", "mode", "non-blocking", "say blocking"),
            ("json-file", "max-buffer-size", "1m", "non-blocking only"),
            ("json-file", "compress", "true", "not compressed"),
            ("json-file", "tag", "x", "no tag"),
            ("json-file", "env-regex", "^A", "name each"),
            ("syslog", "", "", "--log-driver syslog: it sends output to a service"),
            (
                "sys-log",
                "",
                "",
                "--log-driver sys-log: no log driver of this name exists",
            ),
        ] {
            let error = asked(driver, &[(key, value)]).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }
}
