//! One asynchronous byte stream over vsock, a Unix socket or one end of a socket pair.
//!
//! A [`ByteStream`] does not show which of them carries its bytes.

mod byte_stream;
mod connect;

pub use byte_stream::ByteStream;
pub use connect::connect_unix;
#[cfg(target_os = "linux")]
pub use connect::connect_vsock;
