//! Room on the host for what the guest writes.
//!
//! A machine whose disk cannot grow stands still and loses nothing. The user is told, and once there is room the machine goes on by itself.
//! A machine that is on its way up is not waited for: its start fails, and nothing is lost by that.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use container_hypervisor::{Machine, Stall, StallWatch};
use container_terminal::printable;
use rustix::fs::statvfs;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

use crate::failure::LifeError;
use crate::session::{Notice, Session};

/// The pause between two looks for room grows to this many times the first one.
const LONGEST_PAUSE: u32 = 5;

/// Room with which another try makes sense, bytes: a guest writes some megabytes at once.
const ROOM_BYTES: u64 = 16 << 20;

/// Of a small file system, this part of it is room enough.
const ROOM_PART: u64 = 16;

/// What has a machine go on, for as long as this lives.
#[derive(Debug)]
pub(crate) struct RoomKeeper(JoinHandle<()>);

impl RoomKeeper {
    /// Watches `machine`. The first look for room comes `first_pause` after it came to stand still. `None` when its backend does not tell.
    pub(super) fn start(machine: &Machine, session: &Arc<Session>, first_pause: Duration) -> Option<Self> {
        let stalls = machine.stalls()?;
        Some(Self(tokio::spawn(keep(stalls, Arc::clone(session), first_pause))))
    }
}

impl Drop for RoomKeeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Whether the machine stands still.
pub(super) fn is_short(machine: &Machine) -> bool {
    machine.stalls().is_some_and(|stalls| stalls.now().is_some())
}

/// Waits until the machine stands still, which is the failure of a start.
pub(super) async fn shortage(machine: &Machine) -> LifeError {
    match machine.stalls() {
        Some(stalls) => LifeError::NoRoom {
            reason: reason(&stalls.stalled().await),
        },
        None => std::future::pending().await,
    }
}

fn reason(stall: &Stall) -> String {
    let images: Vec<String> = stall.disks.iter().map(|image| image.display().to_string()).collect();
    format!("the host's disk is full: {} cannot grow", printable(&images.join(", ")))
}

async fn keep(stalls: StallWatch, session: Arc<Session>, first_pause: Duration) {
    let _notice = NoticeOfRun(&session);
    loop {
        let reason = reason(&stalls.stalled().await);
        tracing::warn!(reason, "the container is paused until there is room");
        session.set_notice(Notice::Paused { reason });
        until_over(&stalls, first_pause).await;
        tracing::info!("the container goes on: the host's disk has room again");
        session.set_notice(Notice::GoesOn);
    }
}

/// What is to be said of the machine of one run is not said of the next one's.
struct NoticeOfRun<'a>(&'a Session);

impl Drop for NoticeOfRun<'_> {
    fn drop(&mut self) {
        self.0.set_notice(Notice::None);
    }
}

/// Looks for room until the machine goes on for a while. One that takes all the room at once and stands still again has not gone on.
async fn until_over(stalls: &StallWatch, first_pause: Duration) {
    let mut pause = first_pause;
    loop {
        sleep(pause).await;
        pause = (pause * 2).min(first_pause * LONGEST_PAUSE);
        let Some(stall) = stalls.now() else {
            return;
        };
        if has_room(stall.disks).await {
            stalls.try_again();
            if is_over_for(stalls, first_pause).await {
                return;
            }
        }
    }
}

async fn is_over_for(stalls: &StallWatch, time: Duration) -> bool {
    timeout(time, stalls.over()).await.is_ok() && timeout(time, stalls.stalled()).await.is_err()
}

/// Whether the file systems of all these images have room. A file system may be slow to answer.
async fn has_room(images: Vec<PathBuf>) -> bool {
    let look = move || images.iter().all(|image| is_roomy(image));
    spawn_blocking(look).await.unwrap_or(true)
}

fn is_roomy(image: &Path) -> bool {
    match statvfs(image) {
        Ok(space) => is_enough(
            space.f_bavail.saturating_mul(space.f_frsize),
            space.f_blocks.saturating_mul(space.f_frsize),
        ),
        // A try costs nothing, and tells more.
        Err(_) => true,
    }
}

/// Whether so much is room, on a file system of this size.
fn is_enough(free_bytes: u64, size_bytes: u64) -> bool {
    free_bytes >= ROOM_BYTES.min(size_bytes / ROOM_PART).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_megabytes_are_room_and_less_on_a_small_disk() {
        let (mib, gib) = (1 << 20, 1 << 30);
        assert!(is_enough(16 * mib, 500 * gib) && !is_enough(15 * mib, 500 * gib));
        assert!(is_enough(4 * mib, 64 * mib) && !is_enough(3 * mib, 64 * mib));
        assert!(!is_enough(0, 500 * gib) && !is_enough(0, 0));
    }

    #[test]
    fn where_a_file_system_does_not_say_how_full_it_is_a_try_tells() {
        let root = tempfile::tempdir().unwrap();
        assert!(is_roomy(root.path()));
        assert!(is_roomy(Path::new("/no such file")));
    }
}
