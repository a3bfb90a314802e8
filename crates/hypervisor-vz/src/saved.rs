//! Pausing, and machines that are written to a file.

use std::path::Path;

use async_trait::async_trait;
use container_hypervisor::MachineError;
use container_hypervisor::capability::{Pause, SaveRestore};
use rustix::io::Errno;

use crate::completion::Completion;
use crate::failure::VzFailure;
use crate::machine::VzMachine;
use crate::objects::MachineObjects;

#[async_trait]
impl Pause for VzMachine {
    async fn pause(&self) -> Result<(), MachineError> {
        let call = |objects: &mut MachineObjects| objects.pause();
        self.call(call).await.map_err(|failure| failure.to("pause"))
    }

    async fn resume(&self) -> Result<(), MachineError> {
        let call = |objects: &mut MachineObjects| objects.resume();
        self.call(call).await.map_err(|failure| failure.to("resume"))
    }
}

#[async_trait]
impl SaveRestore for VzMachine {
    fn machine_identifier(&self) -> Vec<u8> {
        self.made.machine_identifier.clone()
    }

    async fn save(&self, path: &Path) -> Result<(), MachineError> {
        let save = async {
            let path = text(path)?;
            // The framework would write to what is there.
            if std::fs::symlink_metadata(&path).is_ok() {
                return Err(VzFailure::of_file(&Errno::EXIST.into(), &path));
            }
            self.call(move |objects| objects.save(&path)).await
        };
        save.await.map_err(|failure| failure.to("save"))
    }

    async fn restore(&self, path: &Path) -> Result<(), MachineError> {
        self.take_start()?;
        let restored = async {
            let path = text(path)?;
            let restored = self.apart(|life| async move {
                let completion = life.queue.run(move |objects| objects.restore(&path)).await??;
                completion.finished().await?;
                life.set_started();
                Ok(())
            });
            restored.await
        };
        restored.await.map_err(|failure| {
            self.give_back_start();
            failure.to("restore")
        })
    }
}

impl VzMachine {
    /// Begins a call on the queue and waits for its end, both of which happen also when this is dropped.
    async fn call(
        &self,
        call: impl FnOnce(&mut MachineObjects) -> Result<Completion, VzFailure> + Send + 'static,
    ) -> Result<(), VzFailure> {
        self.apart(|life| async move { life.queue.run(call).await??.finished().await })
            .await
    }
}

fn text(path: &Path) -> Result<String, VzFailure> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| VzFailure::of_file(&Errno::INVAL.into(), &path.to_string_lossy()))
}
