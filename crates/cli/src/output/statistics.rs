//! What containers use, as Apple's tool shows it and as Docker's templates see it.

mod size;

use container_engine::ContainerStatistics;
use container_model::ContainerId;
use serde_json::{Map, Value};

use super::{Rows, table};
use size::{apple_size, docker_binary_size, docker_decimal_size};

/// Columns of Apple's tool.
const COLUMNS: [&str; 6] = [
    "Container ID",
    "Cpu %",
    "Memory Usage",
    "Net Rx/Tx",
    "Block I/O",
    "Pids",
];

/// Fields of Docker with their columns.
const FIELDS: [(&str, &str); 9] = [
    ("Container", "CONTAINER"),
    ("ID", "CONTAINER ID"),
    ("Name", "NAME"),
    ("CPUPerc", "CPU %"),
    ("MemUsage", "MEM USAGE / LIMIT"),
    ("MemPerc", "MEM %"),
    ("NetIO", "NET I/O"),
    ("BlockIO", "BLOCK I/O"),
    ("PIDs", "PIDS"),
];

/// What stands for a figure that is not known.
const UNKNOWN: &str = "--";

/// A container and what it uses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StatisticsRow {
    pub(crate) id: ContainerId,
    /// `None` of one that does not run, or does not answer.
    pub(crate) statistics: Option<ContainerStatistics>,
    /// Of one processor; known from the second look on.
    pub(crate) cpu_percent: Option<f64>,
}

/// A line for each container, and below them that of all together if it is asked for.
pub(crate) fn statistics_table(rows: &[StatisticsRow], with_total: bool) -> String {
    let mut lines: Vec<_> = rows
        .iter()
        .map(|row| cells(row.id.to_string(), row.cpu_percent, &row.figures()))
        .collect();
    if with_total {
        let cpu_percent = rows
            .iter()
            .filter_map(|row| row.cpu_percent)
            .reduce(|sum, part| sum + part);
        // No container can have such a name.
        lines.push(cells(format!("total of {}", rows.len()), cpu_percent, &total(rows)));
    }
    table(COLUMNS, &lines)
}

/// The same as objects with Apple's keys; one that is not known is left out. The cache and the host's memory are keys of our own.
pub(crate) fn statistics_json(rows: &[StatisticsRow]) -> Value {
    rows.iter().map(object).collect()
}

/// The same as Docker's templates see it. Memory is without the cache that nobody uses.
pub(crate) fn statistics_rows(rows: &[StatisticsRow]) -> Rows {
    let entries = rows.iter().map(|row| {
        let figures = row.figures();
        let in_use = figures
            .memory_bytes
            .map(|all| all.checked_sub(figures.memory_cache_bytes.unwrap_or(0)).unwrap_or(all));
        [
            row.id.to_string(),
            row.id.to_string(),
            row.id.to_string(),
            percent(row.cpu_percent),
            pair(in_use, figures.memory_limit_bytes, docker_binary_size),
            percent(
                in_use
                    .zip(figures.memory_limit_bytes)
                    .map(|(part, all)| percentage(part, all)),
            ),
            pair(
                figures.network_received_bytes,
                figures.network_sent_bytes,
                docker_decimal_size,
            ),
            pair(figures.disk_read_bytes, figures.disk_written_bytes, docker_decimal_size),
            text(figures.process_count, |count| count.to_string()),
        ]
    });
    Rows::new(FIELDS, entries)
}

impl StatisticsRow {
    fn figures(&self) -> ContainerStatistics {
        self.statistics.unwrap_or_default()
    }
}

fn object(row: &StatisticsRow) -> Value {
    let figures = row.figures();
    let cpu_us = figures
        .cpu
        .map(|cpu| u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX));
    let known = [
        ("cpuUsageUsec", cpu_us),
        ("memoryUsageBytes", figures.memory_bytes),
        ("memoryCacheBytes", figures.memory_cache_bytes),
        ("memoryHostBytes", figures.host_memory_bytes),
        ("memoryLimitBytes", figures.memory_limit_bytes),
        ("networkRxBytes", figures.network_received_bytes),
        ("networkTxBytes", figures.network_sent_bytes),
        ("blockReadBytes", figures.disk_read_bytes),
        ("blockWriteBytes", figures.disk_written_bytes),
        ("numProcesses", figures.process_count),
    ];
    let known = known
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?.into())));
    let mut object: Map<String, Value> = known.collect();
    object.insert("id".to_owned(), row.id.as_str().into());
    Value::Object(object)
}

fn cells(name: String, cpu_percent: Option<f64>, figures: &ContainerStatistics) -> [String; 6] {
    [
        name,
        percent(cpu_percent),
        pair(figures.memory_bytes, figures.memory_limit_bytes, apple_size),
        pair(figures.network_received_bytes, figures.network_sent_bytes, apple_size),
        pair(figures.disk_read_bytes, figures.disk_written_bytes, apple_size),
        text(figures.process_count, |count| count.to_string()),
    ]
}

/// The sums of all figures that are known.
fn total(rows: &[StatisticsRow]) -> ContainerStatistics {
    let sum = |figure: fn(&ContainerStatistics) -> Option<u64>| {
        let known = rows.iter().filter_map(|row| figure(row.statistics.as_ref()?));
        known.reduce(u64::saturating_add)
    };
    ContainerStatistics {
        memory_bytes: sum(|figures| figures.memory_bytes),
        host_memory_bytes: sum(|figures| figures.host_memory_bytes),
        memory_limit_bytes: sum(|figures| figures.memory_limit_bytes),
        network_received_bytes: sum(|figures| figures.network_received_bytes),
        network_sent_bytes: sum(|figures| figures.network_sent_bytes),
        disk_read_bytes: sum(|figures| figures.disk_read_bytes),
        disk_written_bytes: sum(|figures| figures.disk_written_bytes),
        process_count: sum(|figures| figures.process_count),
        ..ContainerStatistics::default()
    }
}

fn text<T>(figure: Option<T>, shown: impl Fn(T) -> String) -> String {
    figure.map_or_else(|| UNKNOWN.to_owned(), shown)
}

fn pair(first: Option<u64>, second: Option<u64>, shown: fn(u64) -> String) -> String {
    format!("{} / {}", text(first, shown), text(second, shown))
}

fn percent(share: Option<f64>) -> String {
    text(share, |share| format!("{share:.2}%"))
}

#[expect(clippy::cast_precision_loss, reason = "two decimals are shown")]
fn percentage(part: u64, all: u64) -> f64 {
    match all {
        0 => 0.0,
        all => part as f64 / all as f64 * 100.0,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use container_go_template::ListTemplate;
    use serde_json::json;

    use super::*;

    fn rows() -> [StatisticsRow; 2] {
        let statistics = ContainerStatistics {
            read_at: Duration::from_secs(9),
            cpu: Some(Duration::from_micros(1500)),
            memory_bytes: Some(3 << 20),
            memory_cache_bytes: Some(1 << 20),
            memory_limit_bytes: Some(1 << 30),
            network_received_bytes: Some(1536),
            network_sent_bytes: Some(0),
            disk_read_bytes: Some(5_000_000),
            disk_written_bytes: None,
            host_memory_bytes: Some(50 << 20),
            process_count: Some(4),
        };
        [
            StatisticsRow {
                id: "web".parse().unwrap(),
                statistics: Some(statistics),
                cpu_percent: Some(12.345),
            },
            StatisticsRow {
                id: "gone".parse().unwrap(),
                statistics: None,
                cpu_percent: None,
            },
        ]
    }

    #[test]
    fn the_table_is_apples() {
        let lines = [
            "Container ID  Cpu %   Memory Usage         Net Rx/Tx            Block I/O      Pids\n",
            "web           12.35%  3.00 MiB / 1.00 GiB  1.50 KiB / 0.00 KiB  4.77 MiB / --  4\n",
            "gone          --      -- / --              -- / --              -- / --        --\n",
        ];
        assert_eq!(statistics_table(&rows(), false), lines.concat());
        assert_eq!(statistics_table(&[], false).lines().count(), 1);
    }

    #[test]
    fn the_total_is_of_what_is_known() {
        let [web, gone] = rows();
        let table = statistics_table(&[web.clone(), gone, web], true);
        assert_eq!(
            table.lines().last().unwrap(),
            "total of 3    24.69%  6.00 MiB / 2.00 GiB  3.00 KiB / 0.00 KiB  9.54 MiB / --  8"
        );
    }

    #[test]
    fn objects_have_apples_keys_and_none_that_is_not_known() {
        let web = json!({
            "id": "web", "cpuUsageUsec": 1500, "memoryUsageBytes": 3 << 20, "memoryCacheBytes": 1 << 20, "memoryHostBytes": 50 << 20,
            "memoryLimitBytes": 1 << 30, "networkRxBytes": 1536, "networkTxBytes": 0, "blockReadBytes": 5_000_000,
            "numProcesses": 4,
        });
        assert_eq!(statistics_json(&rows()), json!([web, { "id": "gone" }]));
    }

    #[test]
    fn templates_have_dockers_fields() {
        let shown = |format: &str| {
            statistics_rows(&rows())
                .render(&ListTemplate::parse(format).unwrap())
                .unwrap()
        };
        assert_eq!(
            shown("{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.MemPerc}} {{.NetIO}} {{.BlockIO}} {{.PIDs}}"),
            "web 12.35% 2MiB / 1GiB 0.20% 1.54kB / 0B 5MB / -- 4\ngone -- -- / -- -- -- / -- -- / -- --\n"
        );
        let header = shown("table {{.Container}}\\t{{.ID}}\\t{{.MemUsage}}");
        assert!(
            header.starts_with("CONTAINER   CONTAINER ID   MEM USAGE / LIMIT\n"),
            "{header}"
        );
    }
}
