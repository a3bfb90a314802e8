//! `network delete`.

use container_model::NetworkName;

use crate::{Engine, EngineError, NetworkError};

impl Engine {
    /// Deletes a network that no container refers to, not even one that does not run.
    ///
    /// # Errors
    /// [`NetworkError::Default`], [`NetworkError::InUse`], [`NetworkError::NotFound`].
    pub fn delete_network(&self, name: &NetworkName) -> Result<(), EngineError> {
        if name.is_default() {
            return Err(NetworkError::Default.into());
        }
        let deleted = self.networks.delete_if(name, || self.check_unused(name));
        deleted.map_err(NetworkError::from)?;
        self.tell_of_network("destroy", name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CreateNetworkRequest, NetworkView};

    fn request(name: &str) -> CreateNetworkRequest {
        CreateNetworkRequest {
            name: name.parse().unwrap(),
            ipv4_subnet: None,
            ipv6_subnet: None,
            internal: false,
            labels: [].into(),
            options: [].into(),
        }
    }

    #[test]
    fn networks_are_made_listed_and_deleted_but_the_default_one_stays() {
        let root = tempfile::tempdir().unwrap();
        let engine = crate::Engine::for_tests(root.path());
        let web = engine.create_network(request("web")).unwrap();
        let names = || -> Vec<String> {
            let networks = engine.networks().unwrap();
            networks.iter().map(|network| network.config.name.to_string()).collect()
        };
        assert_eq!(names(), ["default", "web"]);
        let again = engine.create_network(request("default")).unwrap_err();
        assert_eq!(again.to_string(), "network default exists already");
        let default = engine.delete_network(&"default".parse().unwrap()).unwrap_err();
        assert!(matches!(default, EngineError::Network(NetworkError::Default)));
        engine.delete_network(&web.config.name).unwrap();
        let gone = engine.network(&web.config.name).unwrap_err();
        assert_eq!(gone.hint().as_deref(), Some("container network list"));
        assert_eq!(names(), ["default"]);
    }

    #[test]
    fn a_network_that_a_stopped_container_refers_to_stays() {
        let root = tempfile::tempdir().unwrap();
        let engine = crate::Engine::for_tests(root.path());
        engine.create_network(request("web")).unwrap();
        engine.create_network(request("idle")).unwrap();
        super::super::connect::tests::container(&engine, "db", &["web"]);
        let used = engine.delete_network(&"web".parse().unwrap()).unwrap_err();
        assert_eq!(used.to_string(), "network web cannot be deleted: container db uses it");
        let NetworkView { members, .. } = engine.network(&"web".parse().unwrap()).unwrap();
        assert_eq!((members.len(), members[0].id.as_str()), (1, "db"));
        assert_eq!(engine.prune_networks().unwrap().deleted, ["idle".parse().unwrap()]);
        assert_eq!(engine.networks().unwrap().len(), 2);
    }
}
