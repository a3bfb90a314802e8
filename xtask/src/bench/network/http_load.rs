//! Requests of `wrk` to a web server.

use crate::process;
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::process::Command;

/// The load: connections that stay open, on one thread, for so many seconds.
pub(super) const CONNECTIONS: usize = 16;
const SECONDS: usize = 3;

/// Requests a second; `None` where `wrk` is not installed.
///
/// # Errors
/// When a connection breaks or a request is not answered well.
pub(super) fn requests(server: SocketAddr) -> Result<Option<f64>> {
    let Some(wrk) = process::find("wrk") else {
        return Ok(None);
    };
    let connections = CONNECTIONS.to_string();
    let span = format!("{SECONDS}s");
    let mut command = Command::new(wrk);
    command.args(["--threads", "1", "--connections", &connections, "--duration", &span]);
    let printed = process::output(command.arg(format!("http://{server}/")))?;
    rate(&printed).map(Some)
}

/// The rate in what `wrk` prints, which has a line for errors only when there are some.
fn rate(printed: &str) -> Result<f64> {
    let bad = ["Socket errors:", "Non-2xx or 3xx responses:"];
    if let Some(line) = printed.lines().find(|line| bad.iter().any(|bad| line.contains(bad))) {
        anyhow::bail!("wrk: {}", line.trim());
    }
    let rate = printed.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    let rate = rate.with_context(|| format!("wrk prints no rate:\n{printed}"))?;
    Ok(rate.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read() {
        let printed = "  3 requests in 3.00s\nRequests/sec:  12345.60\nTransfer/sec:   1.0MB";
        assert!((rate(printed).unwrap() - 12_345.6).abs() < 1e-9);
    }

    #[test]
    fn errors_are_none_of_the_rate() {
        let printed = "  Socket errors: connect 0, read 2, write 0, timeout 0\nRequests/sec: 5.00";
        assert!(rate(printed).unwrap_err().to_string().contains("read 2"));
        assert!(rate("nothing").is_err());
    }
}
