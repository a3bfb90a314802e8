//! Unix sockets that host and container share.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::UnknownFields;

/// A Unix socket of the host whose connections reach a socket in the container, in the shape of Apple's tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishedSocket {
    /// The socket on the host, absolute; made when the container starts.
    pub host_path: PathBuf,
    /// The socket in the container, absolute; made by a program there.
    pub container_path: String,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// A Unix socket in the container whose connections reach a socket of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketMount {
    /// The socket on the host, absolute.
    pub source: PathBuf,
    /// Where it appears, absolute.
    pub target: String,
    /// Whether it was asked for read-only, which changes nothing: a socket can be connected to all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}
