//! How an image is run that is made of a container: as its own image says, with what the container was asked for.

use container_model::{ContainerConfig, Mount, ProcessUser};
use container_oci::{Empty, HealthCheck, ProcessDefaults};

use crate::HealthRequest;
use crate::configure::health_check;

/// The defaults of the image below, with the container's own.
pub(super) fn of(config: &ContainerConfig, below: ProcessDefaults) -> ProcessDefaults {
    let process = &config.process;
    let (entrypoint, cmd) = command(process.executable.clone(), &process.arguments, &below);
    let mut made = ProcessDefaults {
        entrypoint,
        cmd,
        // It is that of each container.
        env: process
            .environment
            .iter()
            .filter(|entry| !is_own_hostname(entry, config))
            .cloned()
            .collect(),
        user: match &process.user {
            ProcessUser::Ids { uid: 0, gid: 0 } => below.user.clone(),
            user => user.to_agent_text(),
        },
        working_dir: match process.working_directory.as_str() {
            "/" if below.working_dir.is_empty() => String::new(),
            path => path.to_owned(),
        },
        labels: config.labels.clone(),
        stop_signal: config
            .stop_signal
            .as_ref()
            .map_or_else(String::new, |signal| signal.as_str().to_owned()),
        healthcheck: health(config, &below),
        ..below
    };
    for port in &config.published_ports {
        for offset in 0..port.count {
            let number = port.container_port.saturating_add(offset);
            made.exposed_ports.insert(format!("{number}/{}", port.proto), Empty {});
        }
    }
    for mount in &config.mounts {
        if let Mount::Disk(disk) = mount
            && disk.anonymous
        {
            made.volumes.insert(disk.target.clone(), Empty {});
        }
    }
    made
}

/// Entry point and command that give the container's words, the entry point that of the image if they begin with it.
fn command(executable: String, arguments: &[String], below: &ProcessDefaults) -> (Vec<String>, Vec<String>) {
    let mut words = vec![executable];
    words.extend_from_slice(arguments);
    match words.strip_prefix(below.entrypoint.as_slice()) {
        Some(rest) => (below.entrypoint.clone(), rest.to_vec()),
        None => {
            let rest = words.split_off(1);
            (words, rest)
        }
    }
}

/// The check of the container: in the image's own words where it is the image's.
fn health(config: &ContainerConfig, below: &ProcessDefaults) -> Option<HealthCheck> {
    if health_check(&HealthRequest::default(), below) == Ok(config.health_check.clone()) {
        return below.healthcheck.clone();
    }
    let nanoseconds = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    Some(match &config.health_check {
        Some(check) => HealthCheck {
            test: check.test.clone(),
            interval_ns: nanoseconds(check.interval_ns),
            timeout_ns: nanoseconds(check.timeout_ns),
            start_period_ns: nanoseconds(check.start_period_ns),
            start_interval_ns: nanoseconds(check.start_interval_ns),
            retries: check.retries.into(),
        },
        None => HealthCheck {
            test: vec!["NONE".to_owned()],
            ..HealthCheck::default()
        },
    })
}

fn is_own_hostname(entry: &str, config: &ContainerConfig) -> bool {
    entry.strip_prefix("HOSTNAME=") == Some(config.hostname())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_entry_point_is_the_image_s_where_the_container_has_it() {
        for (entrypoint, words_of_container, expected) in [
            ("", "sh -c x", ("", "sh -c x")),
            ("/entry", "/entry serve", ("/entry", "serve")),
            ("/entry -v", "/entry -v", ("/entry -v", "")),
            ("/entry", "bash -l", ("bash", "-l")),
        ] {
            let below = ProcessDefaults {
                entrypoint: words(entrypoint),
                ..ProcessDefaults::default()
            };
            let all = words(words_of_container);
            let made = command(all[0].clone(), &all[1..], &below);
            assert_eq!(made, (words(expected.0), words(expected.1)), "{words_of_container}");
        }
    }
}
