//! `network connect` and `network disconnect`.

use container_launcher::control::v1;
use container_model::{ContainerConfig, ContainerId, NetworkAttachment, NetworkName};
use container_state::DeleteError;

use crate::error::RequestError;
use crate::{ConfiguredEngine, Engine, EngineError, NetworkError};

impl ConfiguredEngine {
    /// Puts a container on one more network: a running one at once, else with its next start.
    ///
    /// # Errors
    /// [`NetworkError::Connected`], [`NetworkError::NotFound`]; [`EngineError::Control`] when the launcher refuses.
    pub async fn connect_network(&self, id: &ContainerId, attachment: NetworkAttachment) -> Result<(), EngineError> {
        let view = self.load(id)?;
        check_absent(&view.config, &attachment.network)?;
        self.check_networks(std::slice::from_ref(&attachment))?;
        if view.is_live() {
            let mut client = self.running_client(id, "connect").await?;
            client
                .connect_network(request(attachment))
                .await
                .map_err(EngineError::control("connect the container to the network"))?;
            return Ok(());
        }
        // None of the networks goes before the record names it.
        let _held = self.networks.hold().map_err(NetworkError::from)?;
        self.check_networks(std::slice::from_ref(&attachment))?;
        self.change_config(id, |config| {
            check_absent(config, &attachment.network)?;
            config.networks.push(attachment);
            Ok(())
        })
    }
}

impl Engine {
    /// Takes a container from a network: a running one at once, else with its next start. With `force` it is no failure when it is not on
    /// the network.
    ///
    /// # Errors
    /// [`NetworkError::NotConnected`]; [`EngineError::Control`] when the launcher refuses.
    pub async fn disconnect_network(
        &self,
        id: &ContainerId,
        network: &NetworkName,
        force: bool,
    ) -> Result<(), EngineError> {
        let view = self.load(id)?;
        let remaining = remaining(&view.config, network);
        if remaining.len() == view.config.networks.len() {
            return match force {
                true => Ok(()),
                false => Err(NetworkError::NotConnected {
                    id: id.clone(),
                    name: network.clone(),
                }
                .into()),
            };
        }
        if view.is_live() {
            let request = v1::DisconnectNetworkRequest {
                network: network.to_string(),
            };
            let mut client = self.running_client(id, "disconnect").await?;
            client
                .disconnect_network(request)
                .await
                .map_err(EngineError::control("disconnect the container from the network"))?;
            return Ok(());
        }
        self.change_config(id, |config| {
            let networks = self::remaining(config, network);
            if networks.is_empty() && !config.published_ports.is_empty() {
                return Err(RequestError::PortsWithoutNetwork.into());
            }
            config.networks = networks;
            Ok(())
        })
    }

    /// Changes what a container that does not run was asked to be.
    fn change_config(
        &self,
        id: &ContainerId,
        change: impl FnOnce(&mut ContainerConfig) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let owned = self.containers.own(id).map_err(DeleteError::from)?;
        let mut config = self.load(id)?.config;
        change(&mut config)?;
        Ok(owned.write_config(&config)?)
    }
}

fn check_absent(config: &ContainerConfig, network: &NetworkName) -> Result<(), NetworkError> {
    match config.networks.iter().any(|attachment| attachment.network == *network) {
        true => Err(NetworkError::Connected {
            id: config.id.clone(),
            name: network.clone(),
        }),
        false => Ok(()),
    }
}

fn remaining(config: &ContainerConfig, network: &NetworkName) -> Vec<NetworkAttachment> {
    let others = config
        .networks
        .iter()
        .filter(|attachment| attachment.network != *network);
    others.cloned().collect()
}

fn request(attachment: NetworkAttachment) -> v1::ConnectNetworkRequest {
    fn text<T: ToString>(value: Option<T>) -> String {
        value.map_or_else(String::new, |value| value.to_string())
    }
    v1::ConnectNetworkRequest {
        network: attachment.network.to_string(),
        mac_address: text(attachment.mac_address),
        mtu: attachment.mtu.unwrap_or(0).into(),
        ipv4_address: text(attachment.ipv4_address),
        ipv6_address: text(attachment.ipv6_address),
        aliases: attachment.aliases,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Puts the record of a stopped container on some networks into the app root.
    pub(crate) fn container(engine: &Engine, name: &str, networks: &[&str]) {
        let id: ContainerId = name.parse().unwrap();
        let bundle = engine.containers.bundle(&id);
        std::fs::create_dir_all(bundle.directory()).unwrap();
        let record = include_str!("../../../model/tests/version1/made/config.json");
        let mut record: serde_json::Value = serde_json::from_str(record).unwrap();
        record["id"] = name.into();
        std::fs::write(bundle.config(), record.to_string()).unwrap();
        let change = |config: &mut ContainerConfig| {
            let names = networks.iter().map(|name| name.parse().unwrap());
            config.networks = names.map(NetworkAttachment::new).collect();
            Ok(())
        };
        engine.change_config(&id, change).unwrap();
    }

    #[tokio::test]
    async fn a_stopped_container_is_connected_and_disconnected_on_record() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        container(&engine, "db", &[]);
        let id: ContainerId = "db".parse().unwrap();
        let default = NetworkName::default_network();
        let mut attachment = NetworkAttachment::new(default.clone());
        attachment.aliases = vec!["data".to_owned()];
        engine.connect_network(&id, attachment.clone()).await.unwrap();
        assert_eq!(engine.load(&id).unwrap().config.networks, [attachment.clone()]);
        let again = engine.connect_network(&id, attachment).await.unwrap_err();
        assert_eq!(again.to_string(), "container db is on network default already");
        engine.disconnect_network(&id, &default, false).await.unwrap();
        assert!(engine.load(&id).unwrap().config.networks.is_empty());
        let absent = engine.disconnect_network(&id, &default, false).await.unwrap_err();
        assert_eq!(absent.to_string(), "container db is not on network default");
        engine.disconnect_network(&id, &default, true).await.unwrap();
        let missing = NetworkAttachment::new("web".parse().unwrap());
        assert!(matches!(
            engine.connect_network(&id, missing).await,
            Err(EngineError::Network(NetworkError::NotFound { .. }))
        ));
    }

    #[test]
    fn a_running_container_s_launcher_gets_all_that_was_asked_for() {
        let mut attachment = NetworkAttachment::new("web".parse().unwrap());
        assert_eq!(request(attachment.clone()).ipv4_address, "");
        attachment.ipv4_address = Some([10, 0, 0, 9].into());
        attachment.mtu = Some(1500);
        let request = request(attachment);
        assert_eq!(
            (request.network.as_str(), request.ipv4_address.as_str(), request.mtu),
            ("web", "10.0.0.9", 1500)
        );
    }
}
