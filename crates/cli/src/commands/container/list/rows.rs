//! Containers as templates see them: Docker's fields.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use container_engine::ContainerView;
use container_model::{ContainerId, ExitStatus, InitProcess, Mount, Phase, PublishedPort};
use container_terminal::HumanSize;
use time::OffsetDateTime;

use crate::output::{Rows, ago, docker_health, docker_phase, docker_time, labels_text, span};

/// Fields with their columns.
const FIELDS: [(&str, &str); 14] = [
    ("ID", "CONTAINER ID"),
    ("Names", "NAMES"),
    ("Image", "IMAGE"),
    ("Command", "COMMAND"),
    ("CreatedAt", "CREATED AT"),
    ("RunningFor", "CREATED"),
    ("Ports", "PORTS"),
    ("State", "STATE"),
    ("Status", "STATUS"),
    ("Size", "SIZE"),
    ("Labels", "LABELS"),
    ("Mounts", "MOUNTS"),
    ("LocalVolumes", "LOCAL VOLUMES"),
    ("Networks", "NETWORKS"),
];

/// Characters of a command and of a mount that are shown, as in Docker.
const COMMAND_CHARS: usize = 20;
const MOUNT_CHARS: usize = 15;

/// The fields of containers; with whole commands and mounts if they are to be `full`. `size_bytes` says what one takes on the disk.
pub(super) fn container_rows(
    views: &[ContainerView],
    is_full: bool,
    now: OffsetDateTime,
    size_bytes: &dyn Fn(&ContainerId) -> u64,
) -> Rows {
    let entries = views.iter().map(|view| {
        let config = &view.config;
        let mounts = sources(&config.mounts);
        [
            config.id.to_string(),
            config.id.to_string(),
            config.image.reference.familiar(),
            command(&config.process, is_full),
            docker_time(config.created),
            ago(config.created, now),
            ports(&view.state.published_ports),
            docker_phase(&view.state.phase).to_owned(),
            status(view, now),
            HumanSize(size_bytes(view.id())).to_string(),
            labels_text(&config.labels),
            mounts
                .map(|mount| if is_full { mount } else { shortened(&mount, MOUNT_CHARS) })
                .collect::<Vec<_>>()
                .join(","),
            config.mounts.iter().filter(is_volume).count().to_string(),
            config
                .networks
                .iter()
                .map(|attachment| attachment.network.to_string())
                .collect::<Vec<_>>()
                .join(","),
        ]
    });
    Rows::new(FIELDS, entries).with_labels(views.iter().map(|view| &view.config.labels))
}

/// `Up 3 hours`, `Up 3 hours (healthy)`, `Exited (0) 2 minutes ago`, `Restarting (1) 5 seconds ago`.
fn status(view: &ContainerView, now: OffsetDateTime) -> String {
    let phase = &view.state.phase;
    match phase {
        Phase::Created => "Created".to_owned(),
        Phase::Starting { after: None } => "Starting".to_owned(),
        Phase::Starting { after: Some(last) } => ended("Restarting", last.exit, last.finished, now),
        Phase::Running { started, paused } => {
            let remark = match (paused, docker_health(view)) {
                (true, _) => " (Paused)",
                (false, "none") => "",
                (false, "starting") => " (health: starting)",
                (false, "healthy") => " (healthy)",
                (false, _) => " (unhealthy)",
            };
            format!("Up {}{remark}", span(*started, now))
        }
        Phase::Stopping { started } => format!("Up {} (stopping)", span(*started, now)),
        Phase::Stopped { finished, exit, .. } => ended("Exited", *exit, *finished, now),
        Phase::Unknown(_) => phase.label().to_owned(),
    }
}

fn ended(word: &str, exit: Option<ExitStatus>, finished: Option<OffsetDateTime>, now: OffsetDateTime) -> String {
    let code = exit.map_or_else(|| "unknown".to_owned(), |exit| exit.exit_code.to_string());
    let since = finished.map(|finished| format!(" {}", ago(finished, now)));
    format!("{word} ({code}){}", since.unwrap_or_default())
}

/// Program and arguments between quotation marks.
fn command(process: &InitProcess, is_full: bool) -> String {
    let words = std::iter::once(&process.executable).chain(&process.arguments);
    let line = words.map(String::as_str).collect::<Vec<_>>().join(" ");
    let line = if is_full { line } else { shortened(&line, COMMAND_CHARS) };
    format!("{line:?}")
}

fn shortened(text: &str, most_chars: usize) -> String {
    if text.chars().count() <= most_chars {
        return text.to_owned();
    }
    let start: String = text.chars().take(most_chars - 1).collect();
    format!("{start}…")
}

/// `0.0.0.0:8080->80/tcp, [::]:8080->80/tcp`.
fn ports(published: &[PublishedPort]) -> String {
    let range = |first: u16, count: u16| match count {
        0 | 1 => first.to_string(),
        count => format!("{first}-{}", first.saturating_add(count - 1)),
    };
    let all = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    let mut shown = Vec::new();
    for port in published {
        let addresses = port.host_address.map_or_else(|| all.to_vec(), |address| vec![address]);
        for address in addresses {
            let host = match address {
                IpAddr::V4(address) => address.to_string(),
                IpAddr::V6(address) => format!("[{address}]"),
            };
            shown.push(format!(
                "{host}:{}->{}/{}",
                range(port.host_port, port.count),
                range(port.container_port, port.count),
                port.proto
            ));
        }
    }
    shown.join(", ")
}

/// Names of volumes, and paths of the host.
pub(super) fn sources(mounts: &[Mount]) -> impl Iterator<Item = String> + '_ {
    mounts.iter().filter_map(|mount| match mount {
        Mount::Disk(disk) => Some(disk.volume.to_string()),
        Mount::Share(share) => Some(share.source.display().to_string()),
        Mount::Socket(socket) => Some(socket.source.display().to_string()),
        Mount::Tmpfs(_) | Mount::Unknown(_) => None,
    })
}

fn is_volume(mount: &&Mount) -> bool {
    matches!(mount, Mount::Disk(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_go_template::ListTemplate;
    use serde_json::json;
    use time::Duration;

    use crate::commands::container::list::fixture;

    fn shown(view: &ContainerView, format: &str, is_full: bool) -> String {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::hours(5);
        let rows = container_rows(std::slice::from_ref(view), is_full, now, &|_| 5_000_000);
        rows.render(&ListTemplate::parse(format).unwrap()).unwrap()
    }

    #[test]
    fn fields_are_dockers() {
        let mut view = fixture::container("web", "exited");
        view.config.process.arguments = vec!["-c".to_owned(), "echo a; echo b; echo c".to_owned()];
        let line = "{{.ID}}|{{.Names}}|{{.Image}}|{{.RunningFor}}|{{.CreatedAt}}|{{.State}}|{{.Status}}|{{.Size}}|{{.Label \"a\"}}|{{.Labels}}";
        assert_eq!(
            shown(&view, line, false),
            "web|web|alpine:3|5 hours ago|1970-01-01 00:00:00 +0000 UTC|exited|Exited (3) 3 hours ago|5 MB|1|a=1,b=2\n"
        );
        assert_eq!(shown(&view, "{{.Command}}", false), "\"sh -c echo a; echo …\"\n");
        assert_eq!(shown(&view, "{{.Command}}", true), "\"sh -c echo a; echo b; echo c\"\n");
        assert_eq!(
            shown(&view, "{{.Mounts}} {{.LocalVolumes}} {{.Networks}}", false),
            "data,/a/very/long/p… 1 default,web\n"
        );
        assert!(shown(&view, "{{.Mounts}}", true).contains("/a/very/long/path"));
    }

    #[test]
    fn states_are_in_the_words_of_docker() {
        for (state, word, status) in [
            ("created", "created", "Created"),
            ("running", "running", "Up 4 hours"),
            ("paused", "paused", "Up 4 hours (Paused)"),
            ("restarting", "restarting", "Restarting (3) 3 hours ago"),
            ("exited", "exited", "Exited (3) 3 hours ago"),
        ] {
            let view = fixture::container("web", state);
            assert_eq!(
                shown(&view, "{{.State}}|{{.Status}}", false),
                format!("{word}|{status}\n")
            );
        }
    }

    #[test]
    fn what_checks_say_is_in_the_status() {
        for (state, health, status) in [
            ("running", "starting", "Up 4 hours (health: starting)"),
            ("running", "healthy", "Up 4 hours (healthy)"),
            ("running", "unhealthy", "Up 4 hours (unhealthy)"),
            ("paused", "healthy", "Up 4 hours (Paused)"),
            ("exited", "healthy", "Exited (3) 3 hours ago"),
        ] {
            let mut view = fixture::container("web", state);
            view.state.health = serde_json::from_value(json!({ "status": health })).unwrap();
            assert_eq!(shown(&view, "{{.Status}}", false), format!("{status}\n"));
        }
    }

    #[test]
    fn templates_of_inspect_have_docker_s_state() {
        let mut view = fixture::container("web", "running");
        view.state.health = serde_json::from_value(json!({ "status": "unhealthy", "failing_streak": 3, "log": [
            { "start": "1970-01-01T00:00:01.5Z", "end": "1970-01-01T00:00:02Z", "exit_code": -1, "output": "too long" },
        ] }))
        .unwrap();
        let state = crate::output::docker_state(&view);
        assert_eq!(
            state,
            json!({
                "Status": "running", "Running": true, "Paused": false, "Restarting": false, "OOMKilled": false, "ExitCode": 0,
                "Error": "", "StartedAt": "1970-01-01T01:00:00Z", "FinishedAt": "0001-01-01T00:00:00Z",
                "Health": { "Status": "unhealthy", "FailingStreak": 3, "Log": [
                    { "Start": "1970-01-01T00:00:01.5Z", "End": "1970-01-01T00:00:02Z", "ExitCode": -1, "Output": "too long" },
                ] },
            })
        );
        let ended = crate::output::docker_state(&fixture::container("web", "exited"));
        assert_eq!((&ended["Status"], &ended["ExitCode"]), (&json!("exited"), &json!(3)));
        assert_eq!(ended["FinishedAt"], "1970-01-01T02:00:00Z");
    }

    #[test]
    fn ports_are_written_as_by_docker() {
        let port = |value: serde_json::Value| serde_json::from_value::<PublishedPort>(value).unwrap();
        let published = [
            port(json!({ "hostPort": 8080, "containerPort": 80, "proto": "tcp" })),
            port(
                json!({ "hostAddress": "127.0.0.1", "hostPort": 5000, "containerPort": 50, "proto": "udp", "count": 3 }),
            ),
        ];
        assert_eq!(
            ports(&published),
            "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 127.0.0.1:5000-5002->50-52/udp"
        );
    }
}
