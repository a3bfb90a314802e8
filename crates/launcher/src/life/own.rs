//! Possession of the container.

use container_model::ContainerConfig;
use container_state::{ContainerLock, ContainerStore};
use tokio::task::spawn_blocking;

use crate::failure::LifeError;
use crate::launch::Launch;

/// Takes possession of the container and reads what it is to be.
pub(super) async fn own(launch: &Launch) -> Result<(ContainerLock, ContainerConfig), LifeError> {
    let (paths, id) = (launch.paths.clone(), launch.id.clone());
    let owned = spawn_blocking(move || {
        paths.prepare()?;
        let store = ContainerStore::new(paths);
        let owned = store.own(&id)?;
        let config = store.load(&id)?.config;
        Ok((owned, config))
    });
    owned.await.unwrap_or(Err(LifeError::Interrupted))
}
