//! Networks of a running container.

use std::str::FromStr;

use container_model::{NetworkAttachment, NetworkName};
use tonic::Status;

use crate::control::v1::ConnectNetworkRequest;

/// What a client asks of a network.
pub(super) fn attachment(request: ConnectNetworkRequest) -> Result<NetworkAttachment, Status> {
    let ConnectNetworkRequest {
        network,
        mac_address,
        mtu,
        ipv4_address,
        ipv6_address,
        aliases,
    } = request;
    let mtu = u16::try_from(mtu).map_err(|_| Status::invalid_argument("the MTU is too large"))?;
    Ok(NetworkAttachment {
        mac_address: optional(&mac_address)?,
        mtu: Some(mtu).filter(|mtu| *mtu > 0),
        ipv4_address: optional(&ipv4_address)?,
        ipv6_address: optional(&ipv6_address)?,
        aliases,
        ..NetworkAttachment::new(name(&network)?)
    })
}

/// The name of a network.
pub(super) fn name(text: &str) -> Result<NetworkName, Status> {
    text.parse()
        .map_err(|error| Status::invalid_argument(format!("{error}")))
}

/// A value that an empty text leaves open.
fn optional<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<Option<T>, Status> {
    match text {
        "" => Ok(None),
        text => match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(Status::invalid_argument(error.to_string())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_left_open_and_nonsense_is_refused() {
        let mut request = ConnectNetworkRequest {
            network: "web".to_owned(),
            ..ConnectNetworkRequest::default()
        };
        let open = NetworkAttachment::new("web".parse().unwrap());
        assert_eq!(attachment(request.clone()).unwrap(), open);
        request.ipv4_address = "10.0.0.9".to_owned();
        request.mtu = 1500;
        let asked = attachment(request.clone()).unwrap();
        assert_eq!(
            (asked.ipv4_address, asked.mtu),
            (Some([10, 0, 0, 9].into()), Some(1500))
        );
        for bad in [
            ConnectNetworkRequest {
                mac_address: "x".to_owned(),
                ..request.clone()
            },
            ConnectNetworkRequest {
                network: "none".to_owned(),
                ..request.clone()
            },
            ConnectNetworkRequest {
                mtu: 1 << 16,
                ..request
            },
        ] {
            assert_eq!(attachment(bad).unwrap_err().code(), tonic::Code::InvalidArgument);
        }
    }
}
