//! The agent's port of a machine that is to be saved: it is closed until somebody wants to talk to the agent.
//!
//! A machine that is saved while nobody has opened its port finds it opened when it is restored, by whom it then is.

use std::io;
use std::os::fd::AsFd as _;
use std::sync::Arc;

use async_trait::async_trait;
use container_hypervisor::{AgentConnector, AgentStream, ConnectError, MachineError};
use container_stream::ByteStream;
use serde_json::json;
use tokio::sync::Mutex;

use crate::channels::SocketPair;
use crate::command_line::AGENT;
use crate::control::Control;

/// What QEMU calls its end until the port has it.
const HANDED: &str = "agent";

/// The way to the agent behind a closed port.
#[derive(Debug)]
pub(crate) struct LatePort {
    pub(crate) control: Arc<Mutex<Control>>,
}

#[async_trait]
impl AgentConnector for LatePort {
    async fn connect(&mut self) -> Result<AgentStream, ConnectError> {
        let stream = |source| ConnectError::Stream { source };
        let SocketPair { ours, theirs } = SocketPair::new().map_err(stream)?;
        let refused = |error: MachineError| stream(io::Error::other(error));
        let mut control = self.control.lock().await;
        let named = json!({ "fdname": HANDED });
        let handed = control.execute_with("getfd", &named, theirs.as_fd());
        handed.await.map_err(refused)?;
        drop(theirs);
        let address = json!({ "type": "fd", "data": { "str": HANDED } });
        let socket = json!({ "type": "socket", "data": { "addr": address, "server": false } });
        let port = json!({ "id": AGENT, "backend": socket });
        let opened = control.execute("chardev-change", Some(&port));
        opened.await.map_err(refused)?;
        ByteStream::from_socket(ours).map_err(stream)
    }
}
