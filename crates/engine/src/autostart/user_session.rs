//! What the programs of systemd know and have to be told. There may be none, and no session that they could speak to: then nothing is lost but words.

use std::ffi::OsStr;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// How long such a program may take: it waits for answers from a bus.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Tells the user's systemd to read its units again. Where it does not run, it will when it starts.
pub(super) async fn reload_units() {
    if answer("systemctl", ["--user", "daemon-reload"]).await.is_none() {
        tracing::debug!("the user's systemd was not told of the change");
    }
}

/// Whether the user's systemd is known to run from the boot on, and not only while the user is logged in.
pub(super) async fn lingers() -> bool {
    let uid = rustix::process::geteuid().as_raw().to_string();
    let answer = answer("loginctl", ["show-user", "--property=Linger", &uid]).await;
    answer.is_some_and(|answer| answer.trim() == "Linger=yes")
}

/// What a program prints; `None` when it cannot be asked, fails, or takes too long.
async fn answer(program: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(TIME_LIMIT, command.output()).await.ok()?.ok()?;
    let is_success = output.status.success();
    is_success.then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
