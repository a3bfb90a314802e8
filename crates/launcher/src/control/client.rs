//! Calling a launcher.

use std::io;
use std::ops::{Deref, DerefMut};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;

use hyper_util::rt::TokioIo;
use tonic::transport::Channel;

use super::transport::{MESSAGE_MAX_BYTES, endpoint, to_tokio};
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
    ControlClient {
        grpc: GrpcClient::new(endpoint().connect_with_connector_lazy(connector))
            .max_decoding_message_size(MESSAGE_MAX_BYTES),
        version: SPOKEN_VERSIONS.newest,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;
    use crate::control::v1::StatusRequest;

    /// What a client sends before its SETTINGS frame, RFC 9113 section 3.4.
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    /// SETTINGS_MAX_FRAME_SIZE, RFC 9113 section 6.5.2.
    const FRAME: u16 = 5;

    #[tokio::test]
    async fn a_chunk_of_an_archive_fits_into_a_frame() {
        let (near, far) = UnixStream::pair().unwrap();
        let mut client = client(near);
        let asking = tokio::spawn(async move { client.status(StatusRequest {}).await });
        let mut far = to_tokio(far).unwrap();
        let mut head = [0; PREFACE.len() + 9];
        far.read_exact(&mut head).await.unwrap();
        let header = head.strip_prefix(PREFACE).unwrap();
        let mut settings = vec![0; usize::from(u16::from_be_bytes([header[1], header[2]]))];
        far.read_exact(&mut settings).await.unwrap();
        asking.abort();
        // Pairs of a number and a value, RFC 9113 section 6.5.1.
        let mut pairs = settings.chunks_exact(6);
        let pair = pairs.find(|pair| pair[..2] == FRAME.to_be_bytes()).unwrap();
        let told = u32::from_be_bytes(pair[2..].try_into().unwrap());
        assert!(told as usize > crate::control::ARCHIVE_CHUNK_BYTES, "{told}");
    }
}
