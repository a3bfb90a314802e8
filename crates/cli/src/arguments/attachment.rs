//! Flags of everything that can be left without ending it.

use clap::Args;
use container_terminal::DetachKeys;

/// How a session at a terminal is left.
#[derive(Debug, Args)]
pub(crate) struct AttachmentFlags {
    /// Keys that leave the program running: characters and ctrl-<character>, with commas between them; "" for none
    ///
    /// At a terminal only. What may be their beginning reaches the program when another key follows, or after half a second.
    #[arg(long, value_name = "KEYS", default_value_t)]
    pub(crate) detach_keys: DetachKeys,
}
