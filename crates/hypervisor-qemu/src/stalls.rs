//! Machines that stand still because the host's disk is full.
//!
//! QEMU stops a machine whose disk cannot grow (`werror=enospc`), keeps what was to be written, and tries it again when it is told to
//! continue. What it tells of that are events; they only say when to look, because one may be told late (QEMU 10 tells errors of a disk
//! once a second) or was there before the channel was greeted. Whether the machine stands still is what QEMU answers when it is asked.

use std::sync::Arc;

use container_hypervisor::{ExitWatch, MachineError, Stall, StallReporter};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::control::Control;

/// The state of a machine that was stopped by an error of a disk (`RunState` in qapi/run-state.json of QEMU). With our settings that is
/// want of room and nothing else.
const STOPPED_BY_DISK: &str = "io-error";

/// Reports when the machine stands still and when it goes on, and has it try again when somebody asks for that, until it has ended.
pub(crate) async fn report(control: Arc<Mutex<Control>>, reporter: StallReporter, exit: ExitWatch) {
    tokio::select! {
        () = follow(&control, &reporter) => {}
        _ = exit.ended() => {}
    }
}

async fn follow(control: &Mutex<Control>, reporter: &StallReporter) {
    let happened = control.lock().await.happened();
    let mut nodes = Vec::new();
    loop {
        match look(control, &mut nodes).await {
            Ok(stall) => reporter.report(stall),
            // The next event, or the next wish, is another chance.
            Err(error) => tracing::debug!(%error, "cannot see whether the machine stands still"),
        }
        tokio::select! {
            () = happened.some() => {}
            () = reporter.asked() => {
                if let Err(error) = control.lock().await.execute("cont", None).await {
                    tracing::warn!(%error, "cannot have the machine go on");
                }
            }
        }
    }
}

/// Whether the machine stands still, and for which disks. `nodes` are those that were named last.
async fn look(control: &Mutex<Control>, nodes: &mut Vec<String>) -> Result<Option<Stall>, MachineError> {
    let mut control = control.lock().await;
    let status = control.execute("query-status", None).await?;
    let named = control.happened().take_nodes();
    if !named.is_empty() {
        *nodes = named;
    }
    let is_stopped = status.get("status").and_then(Value::as_str) == Some(STOPPED_BY_DISK);
    Ok(is_stopped.then(|| Stall {
        disks: control.written_images(nodes),
    }))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream as StdStream;
    use std::path::PathBuf;

    use container_hypervisor::{Disk, DiskAccess, DiskSerial, FlushPolicy, MachineExit, StallWatch};
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
    use tokio::net::UnixStream;
    use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

    use super::*;

    /// A scripted QEMU at the other end of the control channel.
    struct Peer {
        commands: Lines<BufReader<OwnedReadHalf>>,
        answers: OwnedWriteHalf,
    }

    impl Peer {
        /// Takes the next command, which must be `name`, and answers it.
        async fn answer(&mut self, name: &str, returned: &str) {
            let line = self.commands.next_line().await.unwrap().unwrap();
            let command: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(command["execute"], name, "{line}");
            self.say(&format!("{{\"return\": {returned}, \"id\": {}}}", command["id"]))
                .await;
        }

        async fn say(&mut self, line: &str) {
            self.answers.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        }

        async fn greet(&mut self) {
            self.say(r#"{"QMP": {"version": {}, "capabilities": []}}"#).await;
            self.answer("qmp_capabilities", "{}").await;
        }

        async fn status(&mut self, status: &str) {
            self.answer(
                "query-status",
                &format!(r#"{{"status": "{status}", "running": false}}"#),
            )
            .await;
        }

        async fn disk_stops(&mut self, node: &str) {
            self.say(
                &format!(
                    r#"{{"event": "BLOCK_IO_ERROR", "data": {{"device": "", "node-name": "{node}", "operation": "write",
                "action": "stop", "nospace": true, "reason": "No space left on device"}}}}"#
                )
                .replace('\n', " "),
            )
            .await;
        }

        async fn stop(&mut self) {
            self.say(r#"{"event": "STOP"}"#).await;
        }
    }

    fn disk(name: &str, access: DiskAccess) -> Disk {
        Disk {
            serial: DiskSerial::new(name).unwrap(),
            path: format!("/images/{name}").into(),
            access,
            flush: FlushPolicy::Fsync,
        }
    }

    /// A machine with a layer and two disks that are written.
    fn machine() -> (Peer, StallWatch, container_hypervisor::ExitReporter) {
        let (near, far) = StdStream::pair().unwrap();
        far.set_nonblocking(true).unwrap();
        let (reader, answers) = UnixStream::from_std(far).unwrap().into_split();
        let disks = [
            disk("layer", DiskAccess::ReadOnly),
            disk("rootfs", DiskAccess::ReadWrite),
            disk("volume", DiskAccess::ReadWrite),
        ];
        let control = Arc::new(Mutex::new(Control::new(near.into(), &disks)));
        let (reporter, stalls) = StallWatch::new();
        let (exit_reporter, exit) = ExitWatch::new();
        tokio::spawn(report(control, reporter, exit));
        let peer = Peer {
            commands: BufReader::new(reader).lines(),
            answers,
        };
        (peer, stalls, exit_reporter)
    }

    fn images(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(|name| format!("/images/{name}").into()).collect()
    }

    #[tokio::test]
    async fn a_machine_whose_disk_cannot_grow_stands_still_until_it_is_told_to_go_on() {
        let (mut qemu, stalls, _exit) = machine();
        qemu.greet().await;
        qemu.status("running").await;
        qemu.disk_stops("disk2").await;
        qemu.stop().await;
        qemu.status("io-error").await;
        assert_eq!(stalls.stalled().await.disks, images(&["volume"]));

        stalls.try_again();
        loop {
            // Both events may be told before the machine was looked at, or one after the other.
            let line = qemu.commands.next_line().await.unwrap().unwrap();
            let command: Value = serde_json::from_str(&line).unwrap();
            let returned = match command["execute"].as_str().unwrap() {
                "query-status" => r#"{"status": "io-error"}"#,
                "cont" => "{}",
                other => panic!("{other}"),
            };
            let is_over = returned == "{}";
            qemu.say(&format!("{{\"return\": {returned}, \"id\": {}}}", command["id"]))
                .await;
            if is_over {
                break;
            }
        }
        qemu.status("running").await;
        stalls.over().await;
        assert_eq!(stalls.now(), None);
    }

    #[tokio::test]
    async fn a_machine_that_stood_still_before_anybody_listened_is_found() {
        let (mut qemu, stalls, _exit) = machine();
        qemu.greet().await;
        qemu.status("io-error").await;
        assert_eq!(
            stalls.stalled().await.disks,
            images(&["rootfs", "volume"]),
            "QEMU did not say which"
        );
    }

    #[tokio::test]
    async fn an_error_that_is_told_late_does_not_stop_a_machine_that_runs() {
        let (mut qemu, stalls, _exit) = machine();
        qemu.greet().await;
        qemu.status("running").await;
        qemu.disk_stops("disk1").await;
        qemu.status("running").await;
        qemu.stop().await;
        qemu.status("paused").await;
        assert_eq!(stalls.now(), None, "it was paused by somebody");
        qemu.stop().await;
        qemu.status("io-error").await;
        assert_eq!(stalls.stalled().await.disks, images(&["rootfs"]), "named before");
    }

    #[tokio::test]
    async fn a_machine_that_ends_does_not_stand_still_any_more() {
        let (mut qemu, stalls, exit) = machine();
        qemu.greet().await;
        qemu.status("io-error").await;
        stalls.stalled().await;
        exit.report(MachineExit::Killed);
        stalls.over().await;
    }
}
