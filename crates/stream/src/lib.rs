//! One asynchronous byte stream over vsock, a Unix socket or one end of a socket pair.
//!
//! Nothing above this crate knows which of them carries the bytes.

mod byte_stream;
mod connect;

pub use byte_stream::ByteStream;
pub use connect::connect_unix;
#[cfg(target_os = "linux")]
pub use connect::connect_vsock;
