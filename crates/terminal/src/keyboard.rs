//! Typed input with the detach keys taken out.

use std::time::Duration;

use tokio::time::timeout;

use crate::{DetachFilter, DetachKeys, Keys, Source};

/// How long keys that may be the beginning of the detach keys are held back when nothing follows them: long enough to type the
/// rest, short enough for Ctrl-P in a shell.
pub const HOLD: Duration = Duration::from_millis(500);

/// Typed keys in the order in which they are passed to a program.
#[derive(Debug)]
pub struct Keyboard {
    source: Source,
    filter: Option<DetachFilter>,
}

impl Keyboard {
    /// Reads keys from `source`; without `keys` every byte is passed on as it comes.
    #[must_use]
    pub fn new(source: Source, keys: Option<DetachKeys>) -> Self {
        Self {
            source,
            filter: keys.map(DetachFilter::new),
        }
    }

    /// The next keys, or that the detach keys were typed; `None` at the end of the input. All keys that were typed before are returned
    /// first. Keys are held back for at most [`HOLD`].
    pub async fn next(&mut self) -> Option<Keys> {
        let Some(filter) = &mut self.filter else {
            return self.source.next().await.map(|chunk| passed(chunk.to_vec()));
        };
        loop {
            let typed = if filter.is_holding() {
                match timeout(HOLD, self.source.next()).await {
                    Ok(typed) => typed,
                    Err(_) => return Some(passed(filter.release())),
                }
            } else {
                self.source.next().await
            };
            match typed {
                Some(chunk) => {
                    let keys = filter.feed(&chunk);
                    if keys.detach || !keys.passed.is_empty() {
                        return Some(keys);
                    }
                }
                None => return filter.is_holding().then(|| passed(filter.release())),
            }
        }
    }
}

fn passed(passed: Vec<u8>) -> Keys {
    Keys { passed, detach: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{PipeWriter, Write};

    fn keyboard(keys: Option<&str>) -> (Keyboard, PipeWriter) {
        let (reader, writer) = std::io::pipe().unwrap();
        let keys = keys.map(|keys| keys.parse().unwrap());
        (Keyboard::new(Source::read(reader).unwrap(), keys), writer)
    }

    #[tokio::test]
    async fn a_lone_ctrl_p_arrives_although_nothing_follows() {
        let (mut keyboard, mut typing) = keyboard(Some("ctrl-p,ctrl-q"));
        typing.write_all(b"\x10").unwrap();
        assert_eq!(keyboard.next().await, Some(passed(vec![0x10])));
        typing.write_all(b"\x11").unwrap();
        assert_eq!(keyboard.next().await, Some(passed(vec![0x11])), "too late to leave");
    }

    #[tokio::test]
    async fn a_ctrl_p_that_is_followed_does_not_wait() {
        let (mut keyboard, mut typing) = keyboard(Some("ctrl-p,ctrl-q"));
        typing.write_all(b"\x10x").unwrap();
        assert_eq!(keyboard.next().await, Some(passed(b"\x10x".to_vec())));
    }

    #[tokio::test]
    async fn a_ctrl_p_before_the_end_is_not_lost() {
        let (mut keyboard, mut typing) = keyboard(Some("ctrl-p,ctrl-q"));
        typing.write_all(b"\x10").unwrap();
        drop(typing);
        assert_eq!(keyboard.next().await, Some(passed(vec![0x10])));
        assert_eq!(keyboard.next().await, None);
    }

    #[tokio::test]
    async fn the_keys_leave_and_what_was_typed_before_them_arrives() {
        let (mut keyboard, mut typing) = keyboard(Some("ctrl-x"));
        typing.write_all(b"ls\x18rest").unwrap();
        let left = Keys {
            passed: b"ls".to_vec(),
            detach: true,
        };
        assert_eq!(keyboard.next().await, Some(left));
    }

    #[tokio::test]
    async fn without_detach_keys_all_bytes_pass_unchanged() {
        let (mut keyboard, mut writer) = keyboard(None);
        writer.write_all(b"\x10\x11").unwrap();
        assert_eq!(keyboard.next().await, Some(passed(b"\x10\x11".to_vec())));
    }
}
