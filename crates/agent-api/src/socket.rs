//! Pieces of a connection as messages.

use container_stream::{RELAY_CHUNK_BYTES, Relayed};

use crate::v1::socket_message::Message;
use crate::v1::socket_request::Request;
use crate::v1::socket_response::Response;
use crate::v1::{SocketClosed, SocketConnected, SocketEndOfData, SocketMessage, SocketRequest, SocketResponse};

impl From<Relayed> for SocketMessage {
    fn from(piece: Relayed) -> Self {
        let message = match piece {
            Relayed::Data(bytes) => Message::Data(bytes),
            Relayed::EndOfData => Message::EndOfData(SocketEndOfData {}),
            Relayed::Closed => Message::Closed(SocketClosed {}),
        };
        Self { message: Some(message) }
    }
}

/// What is no piece of a connection: empty, of another kind, or too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message is no piece of a connection")]
pub struct NoPiece;

impl TryFrom<SocketMessage> for Relayed {
    type Error = NoPiece;

    fn try_from(message: SocketMessage) -> Result<Self, NoPiece> {
        match message.message {
            Some(Message::Data(bytes)) if bytes.len() <= RELAY_CHUNK_BYTES => Ok(Self::Data(bytes)),
            Some(Message::EndOfData(_)) => Ok(Self::EndOfData),
            Some(Message::Closed(_)) => Ok(Self::Closed),
            Some(Message::Data(_)) | None => Err(NoPiece),
        }
    }
}

impl From<Relayed> for SocketRequest {
    fn from(piece: Relayed) -> Self {
        Self {
            request: Some(Request::Message(piece.into())),
        }
    }
}

impl TryFrom<SocketRequest> for Relayed {
    type Error = NoPiece;

    fn try_from(request: SocketRequest) -> Result<Self, NoPiece> {
        match request.request {
            Some(Request::Message(message)) => message.try_into(),
            Some(Request::Dial(_) | Request::Accept(_)) | None => Err(NoPiece),
        }
    }
}

impl From<Relayed> for SocketResponse {
    fn from(piece: Relayed) -> Self {
        Self {
            response: Some(Response::Message(piece.into())),
        }
    }
}

impl TryFrom<SocketResponse> for Relayed {
    type Error = NoPiece;

    fn try_from(response: SocketResponse) -> Result<Self, NoPiece> {
        match response.response {
            Some(Response::Message(message)) => message.try_into(),
            Some(Response::Connected(_)) | None => Err(NoPiece),
        }
    }
}

impl SocketResponse {
    /// The first answer: there is a connection, whose pieces follow.
    #[must_use]
    pub fn connected() -> Self {
        Self {
            response: Some(Response::Connected(SocketConnected {})),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_survive_and_everything_else_is_refused() {
        for piece in [
            Relayed::Data(vec![7; RELAY_CHUNK_BYTES]),
            Relayed::EndOfData,
            Relayed::Closed,
        ] {
            assert_eq!(Relayed::try_from(SocketMessage::from(piece.clone())), Ok(piece.clone()));
            assert_eq!(Relayed::try_from(SocketRequest::from(piece.clone())), Ok(piece.clone()));
            assert_eq!(Relayed::try_from(SocketResponse::from(piece.clone())), Ok(piece));
        }
        assert_eq!(Relayed::try_from(SocketRequest::default()), Err(NoPiece));
        for response in [SocketResponse::connected(), SocketResponse::default()] {
            assert_eq!(Relayed::try_from(response), Err(NoPiece));
        }
        let too_large = SocketMessage::from(Relayed::Data(vec![7; RELAY_CHUNK_BYTES + 1]));
        for message in [too_large, SocketMessage { message: None }] {
            assert_eq!(Relayed::try_from(message), Err(NoPiece));
        }
    }
}
