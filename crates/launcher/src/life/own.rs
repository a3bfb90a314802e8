//! Possession of the container.

use container_model::{ContainerConfig, Phase};
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
        let found = store.load(&id)?;
        // A newer program wrote it, perhaps between a command's look and this one. What follows would write over it.
        if let Phase::Unknown(_) = found.state.phase {
            let phase = found.state.phase.label().to_owned();
            return Err(LifeError::UnknownPhase { id, phase });
        }
        Ok((owned, found.config))
    });
    owned.await.unwrap_or(Err(LifeError::Interrupted))
}
