//! Directories and files of the host that a machine sees, served to it over virtiofs (Linux, Documentation/filesystems/virtiofs.rst).
//!
//! One process serves one machine ([`execute`]); it is confined to the shared trees before it reads the first request, and checks every name besides. All
//! trees are on one device: its root has nothing but an entry for each of them. The crate `virtiofsd` speaks the protocol and reads and writes the
//! host's files; what is ours is the view of owners and permissions, because an ordinary user's process can neither give files away nor act as
//! another user:
//!
//! - Files without a record belong to the container's user, whom the guest names once ([`OWNER_ATTRIBUTE`]).
//! - `chown`, `chmod` and the special bits are kept in an extended attribute of the file. The host's owner stays, and the host's permissions never lack
//!   those that this process needs, nor have the special bits.
//! - The guest's kernel checks permissions by what it is shown.
//!
//! Locks of files are ours as well: `virtiofsd` has no answer to requests for them.

mod change;
mod execute;
#[cfg(target_os = "linux")]
mod serve;
#[cfg(not(target_os = "linux"))]
#[path = "unavailable.rs"]
mod serve;
mod tree;

pub use change::{ANSWER, Change, ChangeKind, Entry, read_changes, read_length};
pub use execute::execute;
pub use serve::IS_AVAILABLE;
#[cfg(all(target_os = "linux", any(test, feature = "fuzzing")))]
pub use serve::{Request, play};
pub use tree::{AGENT_DONE_NAME, AGENT_GROUP, AGENT_NAME, OWNER_ATTRIBUTE, SharedTree, TreeOwner};
