//! The root of a container, held still to be read on the host.
//!
//! A container that does not run is kept from being started meanwhile. The disk of one that runs is copied while nothing is written to it: the
//! container waits for that, and the copy is read.

use std::fs::File;
use std::path::PathBuf;

use container_durable::copy_nameless;
use container_model::ContainerId;
use container_rootfs::RootView;
use container_state::{ContainerLock, OwnError};
use tonic::Code;

use crate::error::StillError;
use crate::frozen_disks::FrozenDisks;
use crate::images::blocking;
use crate::{ContainerView, Engine, EngineError};

/// The root of a container, which does not change as long as this value lives.
///
/// Its parts are only lent: a closure that reads the view has all of this value, and what keeps the container still with it, also when nobody waits for
/// the closure any more.
pub(crate) struct StillRoot {
    container: ContainerView,
    view: RootView,
    /// Keeps a container that does not run from being started or deleted.
    _owned: Option<ContainerLock>,
}

impl StillRoot {
    /// What the container was asked to be.
    pub(crate) fn container(&self) -> &ContainerView {
        &self.container
    }

    /// Its root, without what is mounted in it.
    pub(crate) fn view(&self) -> &RootView {
        &self.view
    }
}

impl Engine {
    /// Holds the root of a container still. This takes as long as a copy of its disk, where the file system cannot share blocks, if it runs.
    pub(crate) async fn still_root(&self, id: &ContainerId, verb: &'static str) -> Result<StillRoot, EngineError> {
        let failed = |source: StillError| EngineError::root(verb, id, source);
        let (writable, owned, container) = match self.containers.own(id) {
            Ok(owned) => {
                let disk = File::open(owned.bundle().root_disk()).map_err(|error| failed(error.into()))?;
                (disk, Some(owned), self.load(id)?)
            }
            Err(OwnError::Taken { .. }) => {
                let container = self.load(id)?;
                (self.copy_of_live_disk(id, verb).await?, None, container)
            }
            Err(error) => return Err(error.into()),
        };
        let layers = container.config.image.layers.iter();
        let layers = layers
            .map(|layer| File::open(self.paths.layer_disk(layer)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| failed(error.into()))?;
        let open = move || {
            Ok(StillRoot {
                container,
                view: RootView::open(layers, Some(writable), Vec::new())?,
                _owned: owned,
            })
        };
        blocking(open).await.map_err(failed)
    }

    async fn copy_of_live_disk(&self, id: &ContainerId, verb: &'static str) -> Result<File, EngineError> {
        let failed = |source: StillError| EngineError::root(verb, id, source);
        let mut client = self.running_client(id, verb).await?;
        let frozen = match FrozenDisks::hold(&mut client).await {
            Ok(frozen) => frozen.ok_or_else(|| failed(StillError::Thawed))?,
            Err(status) if status.code() == Code::Unimplemented => return Err(failed(StillError::OldLauncher)),
            Err(status) => return Err(EngineError::control("hold the container's disk still")(status)),
        };
        let bundle = self.containers.bundle(id);
        let (disk, directory): (PathBuf, PathBuf) = (bundle.root_disk(), bundle.directory().to_owned());
        let copy = blocking(move || copy_nameless(&disk, &directory).map_err(StillError::from)).await;
        let copy = copy.map_err(failed)?;
        match frozen.were_held().await {
            true => Ok(copy),
            false => Err(failed(StillError::Thawed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::ExportTarget;

    /// Time limit of each wait: one that takes this long hangs.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// A stream that says that it is written to, and takes nothing before it is let go.
    struct Slow {
        begun: mpsc::Sender<()>,
        release: mpsc::Receiver<()>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.begun.send(());
            let _ = self.release.recv_timeout(PATIENCE);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_container_is_kept_still_until_the_last_reader_is_done_though_nobody_waits_for_it() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        let id: ContainerId = "made".parse().unwrap();
        engine.make_stopped(&id, serde_json::json!([]));
        let (begun, began) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let stream = ExportTarget::Stream(Box::new(Slow {
            begun,
            release: released,
        }));
        let exporting = tokio::spawn({
            let (engine, id) = (engine.clone(), id.clone());
            async move { engine.export(&id, stream).await }
        });
        let began = tokio::task::spawn_blocking(move || began.recv_timeout(PATIENCE));
        began.await.unwrap().unwrap();
        exporting.abort();
        assert!(exporting.await.unwrap_err().is_cancelled());
        assert!(engine.containers.bundle(&id).has_owner());
        drop(release);
        let since = Instant::now();
        while engine.containers.own(&id).is_err() {
            assert!(since.elapsed() < PATIENCE, "the container is never let go");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
