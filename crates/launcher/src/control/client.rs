//! Calling a launcher.

use std::io;
use std::ops::{Deref, DerefMut};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;

use hyper_util::rt::TokioIo;
use tonic::transport::{Channel, Endpoint};

use super::transport::{CONNECTION_WINDOW_BYTES, MESSAGE_MAX_BYTES, STREAM_WINDOW_BYTES, to_tokio};
use super::v1::control_client::ControlClient as GrpcClient;
use super::version::SPOKEN_VERSIONS;

/// A connection to a launcher: the calls of the protocol, in the version that both sides speak. Clones share the connection; it closes
/// with the last of them.
#[derive(Debug, Clone)]
pub struct ControlClient {
    grpc: GrpcClient<Channel>,
    version: u32,
}

impl ControlClient {
    /// The version of the protocol that both sides speak.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The same connection after an agreement.
    pub(super) fn speaking(self, version: u32) -> Self {
        Self { version, ..self }
    }
}

impl Deref for ControlClient {
    type Target = GrpcClient<Channel>;

    fn deref(&self) -> &Self::Target {
        &self.grpc
    }
}

impl DerefMut for ControlClient {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.grpc
    }
}

/// A client over a stream to a launcher of this very program, as [`crate::LauncherProcess::spawn`] returns it; there is nothing to
/// agree on. Must be called inside a tokio runtime; an error of the stream shows at the first call.
#[must_use]
pub fn client(stream: UnixStream) -> ControlClient {
    let slot = Mutex::new(Some(stream));
    // There is one stream: tonic asks for another only after it has broken.
    let connector = tower::service_fn(move |_| {
        let stream = slot.lock().ok().and_then(|mut slot| slot.take());
        std::future::ready(match stream {
            Some(stream) => to_tokio(stream).map(TokioIo::new),
            None => Err(io::ErrorKind::NotConnected.into()),
        })
    });
    let channel = Endpoint::from_static("http://launcher.invalid")
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .connect_with_connector_lazy(connector);
    ControlClient {
        grpc: GrpcClient::new(channel).max_decoding_message_size(MESSAGE_MAX_BYTES),
        version: SPOKEN_VERSIONS.newest,
    }
}
