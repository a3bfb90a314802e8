//! Processes as ps shows them.

use std::time::Duration;

use container_engine::ProcessView;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{table, timestamp};

const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;

/// The columns of `docker top`.
pub(crate) fn process_table(processes: &[ProcessView], now: OffsetDateTime) -> String {
    let rows: Vec<_> = processes.iter().map(|process| row(process, now)).collect();
    table(["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"], &rows)
}

/// The same as objects.
pub(crate) fn process_json(processes: &[ProcessView], now: OffsetDateTime) -> Value {
    let object = |process: &ProcessView| {
        json!({
            "uid": process.uid,
            "pid": process.pid,
            "ppid": process.parent_pid,
            "cpuPercent": cpu_percent(process),
            "cpuSeconds": process.cpu.as_secs_f64(),
            "startedDate": timestamp(started(process, now)),
            "tty": (!process.terminal.is_empty()).then_some(&process.terminal),
            "command": process.command,
        })
    };
    processes.iter().map(object).collect()
}

fn row(process: &ProcessView, now: OffsetDateTime) -> [String; 8] {
    let terminal = match process.terminal.as_str() {
        "" => "?",
        terminal => terminal,
    };
    [
        process.uid.to_string(),
        process.pid.to_string(),
        process.parent_pid.to_string(),
        cpu_percent(process).to_string(),
        start_text(started(process, now), process.age),
        terminal.to_owned(),
        time_text(process.cpu),
        process.command.clone(),
    ]
}

/// A guest may say that a process is older than time.
fn started(process: &ProcessView, now: OffsetDateTime) -> OffsetDateTime {
    let age = time::Duration::try_from(process.age).unwrap_or(time::Duration::MAX);
    now.checked_sub(age).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Processor time of the time since the start, per cent; more than 100 of several processors.
fn cpu_percent(process: &ProcessView) -> u128 {
    process.cpu.as_millis() * 100 / process.age.as_millis().max(1)
}

/// The time of day, or the day of what is older than one.
fn start_text(started: OffsetDateTime, age: Duration) -> String {
    if age.as_secs() < DAY_S {
        return format!("{:02}:{:02}", started.hour(), started.minute());
    }
    let month = started.month().to_string();
    format!("{}{:02}", month.get(..3).unwrap_or(&month), started.day())
}

fn time_text(cpu: Duration) -> String {
    let seconds = cpu.as_secs();
    let days = match seconds / DAY_S {
        0 => String::new(),
        days => format!("{days}-"),
    };
    let (hours, minutes) = (seconds % DAY_S / HOUR_S, seconds % HOUR_S / MINUTE_S);
    format!("{days}{hours:02}:{minutes:02}:{:02}", seconds % MINUTE_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(age_s: u64, cpu_s: u64) -> ProcessView {
        ProcessView {
            pid: 7,
            parent_pid: 1,
            uid: 33,
            cpu: Duration::from_secs(cpu_s),
            age: Duration::from_secs(age_s),
            terminal: String::new(),
            command: "sh -c true".to_owned(),
        }
    }

    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap()
    }

    #[test]
    fn a_process_is_a_line_as_of_ps() {
        let lines = process_table(&[process(100, 25), process(3 * DAY_S, DAY_S + HOUR_S + 62)], now());
        let cells: Vec<Vec<&str>> = lines.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(cells[0], ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]);
        assert_eq!(
            cells[1],
            ["33", "7", "1", "25", "14:11", "?", "00:00:25", "sh", "-c", "true"]
        );
        assert_eq!(cells[2][3..7], ["34", "Sep18", "?", "1-01:01:02"]);
    }

    #[test]
    fn objects_have_moments_and_no_terminal_where_there_is_none() {
        let shown = process_json(&[process(100, 25)], now());
        assert_eq!(shown[0]["startedDate"], "2026-09-21T14:11:40Z");
        assert_eq!(
            (&shown[0]["tty"], &shown[0]["cpuSeconds"]),
            (&Value::Null, &json!(25.0))
        );
    }

    #[test]
    fn a_guest_that_tells_nonsense_is_shown() {
        let odd = ProcessView {
            age: Duration::MAX,
            cpu: Duration::MAX,
            ..process(0, 0)
        };
        assert!(process_table(&[odd, process(0, 5)], now()).contains("Jan01"));
    }
}
