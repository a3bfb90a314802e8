//! What QEMU wrote to standard error: the only place where it says why it failed.

use std::collections::VecDeque;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use container_terminal::printable;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Bytes kept, the last ones.
const KEPT_BYTES: usize = 4096;

/// Longest excerpt in a message, characters.
const EXCERPT_CHARACTERS: usize = 600;

/// Time for what is still in the pipe when QEMU has ended.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(200);

/// How QEMU announces that KVM gave up on the guest (accel/kvm/kvm-all.c). It then stops the machine without ending.
const KVM_FAILURE: &[u8] = b"KVM internal error";

/// Collects a QEMU's standard error. Dropping it ends the collecting.
#[derive(Debug)]
pub(crate) struct LastWords {
    tail: Arc<Mutex<VecDeque<u8>>>,
    kvm_failed: Arc<Notify>,
    reader: JoinHandle<()>,
}

impl LastWords {
    pub(crate) fn collect(stderr: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let kvm_failed = Arc::new(Notify::new());
        let reader = tokio::spawn(read(stderr, Arc::clone(&tail), Arc::clone(&kvm_failed)));
        Self {
            tail,
            kvm_failed,
            reader,
        }
    }

    /// Waits for QEMU's word that KVM gave up. Cancel-safe.
    pub(crate) async fn kvm_failed(&self) {
        self.kvm_failed.notified().await;
    }

    /// Everything kept, once QEMU has ended.
    pub(crate) async fn finish(&mut self) -> String {
        // A child of QEMU's that still holds the pipe cannot be waited for; there should be none.
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, &mut self.reader).await;
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = tail.iter().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for LastWords {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn read(mut stderr: impl AsyncRead + Unpin, tail: Arc<Mutex<VecDeque<u8>>>, kvm_failed: Arc<Notify>) {
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend(buffer.iter().take(count));
        let excess = tail.len().saturating_sub(KEPT_BYTES);
        tail.drain(..excess);
        if tail
            .make_contiguous()
            .windows(KVM_FAILURE.len())
            .any(|window| window == KVM_FAILURE)
        {
            kvm_failed.notify_one();
        }
    }
}

/// How a process ended, with its last words: `QEMU ended by signal 6: …`.
pub(crate) fn with_status(name: &str, status: ExitStatus, words: &str) -> String {
    let how = match (status.signal(), status.code()) {
        (Some(signal), _) => format!("{name} ended by signal {signal}"),
        (None, Some(code)) => format!("{name} exited with {code}"),
        (None, None) => format!("{name} ended"),
    };
    let excerpt = excerpt(words);
    if excerpt.is_empty() {
        how
    } else {
        format!("{how}: {excerpt}")
    }
}

/// The last lines on one line, warnings left out: what a message can hold.
fn excerpt(words: &str) -> String {
    let lines: Vec<&str> = words
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.contains(": warning: "))
        .collect();
    let joined = printable(&lines.join("; "));
    let skipped = joined.chars().count().saturating_sub(EXCERPT_CHARACTERS);
    joined.chars().skip(skipped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_holds_signal_and_last_lines_without_warnings() {
        let words = "qemu: warning: host doesn't support requested feature\nqemu: error: failed to set MSR 0x10a\n\n";
        let status = ExitStatus::from_raw(6);
        assert_eq!(
            with_status("QEMU", status, words),
            "QEMU ended by signal 6: qemu: error: failed to set MSR 0x10a"
        );
        assert_eq!(
            with_status("QEMU", ExitStatus::from_raw(1 << 8), ""),
            "QEMU exited with 1"
        );
    }

    #[tokio::test]
    async fn only_the_end_of_a_long_speech_is_kept_and_a_kvm_failure_is_noticed() {
        let speech = format!("{}KVM internal error. Suberror: 1\n", "x".repeat(3 * KEPT_BYTES));
        let mut words = LastWords::collect(std::io::Cursor::new(speech.into_bytes()));
        words.kvm_failed().await;
        let kept = words.finish().await;
        assert!(kept.len() <= KEPT_BYTES && kept.ends_with("Suberror: 1\n"));
    }
}
