//! The calls about the machine's network.

use container_agent_api::v1::{ConfigureInterfaceRequest, Names, ReleaseInterfaceRequest, SetNamesRequest};

use super::{AgentClient, SHORT_CALL_TIMEOUT, unary};
use crate::error::AgentError;

impl AgentClient {
    /// Gives one network interface its name, addresses and routes, and brings it up. What it had before is gone. It may be called while
    /// [`AgentClient::create_container`] is under way.
    ///
    /// # Errors
    /// [`AgentError`]; [`AgentError::Refused`] with [`tonic::Code::NotFound`] when the machine has no such device, and with
    /// [`tonic::Code::Internal`] when the guest's kernel refuses a part of it, which is named.
    pub async fn configure_interface(&self, request: ConfigureInterfaceRequest) -> Result<(), AgentError> {
        let mut grpc = self.grpc.clone();
        unary(
            "ConfigureInterface",
            SHORT_CALL_TIMEOUT,
            grpc.configure_interface(request),
        )
        .await
        .map(drop)
    }

    /// Takes the network interface down whose device was made with this hardware address, and removes its addresses and routes.
    ///
    /// # Errors
    /// [`AgentError`]; [`AgentError::Refused`] with [`tonic::Code::NotFound`] when the machine has no such device.
    pub async fn release_interface(&self, device_address: [u8; 6]) -> Result<(), AgentError> {
        let request = ReleaseInterfaceRequest {
            device_address: device_address.to_vec(),
        };
        let mut grpc = self.grpc.clone();
        unary("ReleaseInterface", SHORT_CALL_TIMEOUT, grpc.release_interface(request))
            .await
            .map(drop)
    }

    /// Replaces the container's `/etc/hosts` and `/etc/resolv.conf`, the latter unless the container has that of its image. Only after
    /// [`AgentClient::create_container`].
    ///
    /// # Errors
    /// [`AgentError`]; [`AgentError::Refused`] with [`tonic::Code::InvalidArgument`] for texts that are no words of these files.
    pub async fn set_names(&self, names: Names) -> Result<(), AgentError> {
        let request = SetNamesRequest { names: Some(names) };
        let mut grpc = self.grpc.clone();
        unary("SetNames", SHORT_CALL_TIMEOUT, grpc.set_names(request))
            .await
            .map(drop)
    }
}
