//! One asynchronous byte stream over vsock, a Unix socket or one end of a socket pair.
//!
//! A [`ByteStream`] does not show which of them carries its bytes. [`relay`] carries a connection the other way around: as messages of a
//! protocol that is spoken over one.

mod byte_stream;
mod connect;
mod relay;

pub use byte_stream::ByteStream;
pub use connect::connect_unix;
#[cfg(target_os = "linux")]
pub use connect::connect_vsock;
pub use relay::{RELAY_CHUNK_BYTES, Relayed, relay};
