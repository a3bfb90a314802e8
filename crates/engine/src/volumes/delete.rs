//! `volume delete`.

use container_model::VolumeName;

use crate::{Cause, Engine, EngineError, VolumeError};

impl Engine {
    /// Deletes a volume that no container refers to, not even one that does not run, with what is on it.
    ///
    /// # Errors
    /// [`VolumeError::InUse`], [`VolumeError::NotFound`].
    pub fn delete_volume(&self, name: &VolumeName) -> Result<(), EngineError> {
        // Removes what dead launchers have left, before the lock that this needs is held.
        self.volume_users()?;
        let deleted = self.volumes.delete_if(name, || self.check_volume_unused(name));
        deleted.map_err(VolumeError::from)?;
        self.tell_of_volume("destroy", name);
        Ok(())
    }

    /// Fails when a container refers to the volume, or may do so.
    fn check_volume_unused(&self, name: &VolumeName) -> Result<(), VolumeError> {
        let users = self.containers.volume_users();
        let users = users.map_err(|error| VolumeError::Records(Cause::new(error)))?;
        let containers = users.of(name).to_vec();
        if !containers.is_empty() {
            return Err(VolumeError::InUse {
                name: name.clone(),
                containers,
            });
        }
        match users.unreadable.into_iter().next() {
            Some(container) => Err(VolumeError::UnknownUsers {
                name: name.clone(),
                container,
            }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CreateVolumeRequest, VolumePruneScope};
    use container_model::VolumeConfig;

    fn request(name: &str) -> CreateVolumeRequest {
        CreateVolumeRequest {
            name: name.parse().unwrap(),
            labels: [].into(),
            options: [("size".to_owned(), "8m".to_owned())].into(),
        }
    }

    #[test]
    fn volumes_are_made_listed_and_deleted() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        let made = engine.create_volume(request("data")).unwrap();
        assert!(made.source.ends_with("volumes/data/volume.img") && made.source.exists());
        assert_eq!(engine.volumes().unwrap(), std::slice::from_ref(&made));
        assert_eq!(engine.volume(&made.config.name).unwrap(), made);
        let again = engine.create_volume(request("data")).unwrap_err();
        assert_eq!(again.to_string(), "volume data exists already");
        let mut odd = request("odd");
        odd.options.insert("color".to_owned(), "red".to_owned());
        let odd = engine.create_volume(odd).unwrap_err();
        assert_eq!(odd.class(), crate::FailureClass::Usage);
        engine.delete_volume(&made.config.name).unwrap();
        let gone = engine.volume(&made.config.name).unwrap_err();
        assert_eq!(gone.hint().as_deref(), Some("container volume list"));
        assert!(engine.delete_volume(&made.config.name).is_err());
    }

    #[test]
    fn a_volume_that_a_stopped_container_refers_to_stays() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        for name in ["data", "idle"] {
            engine.create_volume(request(name)).unwrap();
        }
        let mount = serde_json::json!([{ "kind": "disk", "volume": "data", "target": "/d" }]);
        engine.make_stopped(&"db".parse().unwrap(), mount);
        let used = engine.delete_volume(&"data".parse().unwrap()).unwrap_err();
        assert_eq!(used.to_string(), "volume data cannot be deleted: container db uses it");
        assert_eq!(used.hint().as_deref(), Some("container delete db"));
        assert_eq!(engine.volume(&"data".parse().unwrap()).unwrap().containers.len(), 1);
        let mut usage = crate::Usage::default();
        engine.usage_of_volumes(&mut usage).unwrap();
        assert_eq!((usage.total, usage.active), (2, 1));
        assert!(usage.reclaimable_bytes > 0 && usage.reclaimable_bytes < usage.size_bytes);
        let unnamed = VolumeConfig::ANONYMOUS_LABEL.to_owned();
        let anonymous = CreateVolumeRequest {
            labels: [(unnamed, String::new())].into(),
            ..request("unnamed")
        };
        engine.create_volume(anonymous).unwrap();
        let pruned = engine.prune_volumes(VolumePruneScope::Anonymous).unwrap();
        assert_eq!(pruned.deleted, ["unnamed".parse().unwrap()]);
        let pruned = engine.prune_volumes(VolumePruneScope::All).unwrap();
        assert_eq!(pruned.deleted, ["idle".parse().unwrap()]);
        assert_eq!(pruned.reclaimed_bytes, usage.reclaimable_bytes);
        assert_eq!(engine.volumes().unwrap().len(), 1);
    }
}
