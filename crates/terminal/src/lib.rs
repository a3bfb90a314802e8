//! The user's terminal and standard streams: raw mode, window size, detach keys, pumps for bytes, progress, sizes for people.
//!
//! Nothing here sets `O_NONBLOCK` on a descriptor of the user's: the flag belongs to the open file description, which the shell
//! and everything else on the terminal share. Blocking reads and writes happen on threads of their own instead, and poll(2)
//! waits for a descriptor that another program has made non-blocking.

mod detach;
mod detach_keys;
mod device;
mod echo_off;
mod keyboard;
mod printable;
mod progress;
mod raw_mode;
mod readiness;
mod resize;
mod sink;
mod size;
mod source;

pub use detach::{DetachFilter, Keys};
pub use detach_keys::{DetachKeys, DetachKeysError};
pub use device::{WindowSize, is_terminal, window_size};
pub use echo_off::EchoOff;
pub use keyboard::{HOLD, Keyboard};
pub use printable::{excerpt, printable, printable_lines, shorten_words};
pub use progress::{Line, Painter, Picture, Progress, ProgressStyle, Span, columns_of};
pub use raw_mode::RawMode;
pub use resize::Resizes;
pub use sink::{Output, Sink};
pub use size::HumanSize;
pub use source::Source;
