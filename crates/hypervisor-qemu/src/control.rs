//! The control channel of one machine: QMP, greeted at the first use.

use std::fs::File;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;

use container_hypervisor::{Disk, DiskAccess, MachineError};
use serde_json::Value;

use crate::command_line::{disk_node, hot_plug};
use crate::happened::Happened;
use crate::qmp::QmpClient;

/// The control channel. One command at a time uses it.
#[derive(Debug)]
pub(crate) struct Control {
    channel: Channel,
    /// Images of the machine's disks, and of those whose addition failed half-way, by number, which is used once; `None` for those
    /// that are not written.
    written: Vec<Option<PathBuf>>,
    happened: Arc<Happened>,
}

#[derive(Debug)]
enum Channel {
    Unused(OwnedFd),
    Open(QmpClient),
    /// It could not be greeted.
    Lost,
}

impl Control {
    /// The channel of a machine that starts with `disks`.
    pub(crate) fn new(socket: OwnedFd, disks: &[Disk]) -> Self {
        Self {
            channel: Channel::Unused(socket),
            written: disks.iter().map(written).collect(),
            happened: Arc::default(),
        }
    }

    /// What QEMU tells of itself, from the first command on.
    pub(crate) fn happened(&self) -> Arc<Happened> {
        Arc::clone(&self.happened)
    }

    /// Has QEMU execute a command, and returns what it returns.
    ///
    /// # Errors
    /// [`MachineError::Control`].
    pub(crate) async fn execute(&mut self, command: &str, arguments: Option<&Value>) -> Result<Value, MachineError> {
        self.client(command).await?.execute(command, arguments, None).await
    }

    /// As [`Control::execute`], with an open file beside the command.
    ///
    /// # Errors
    /// [`MachineError::Control`].
    pub(crate) async fn execute_with(
        &mut self,
        command: &str,
        arguments: &Value,
        descriptor: BorrowedFd<'_>,
    ) -> Result<Value, MachineError> {
        let client = self.client(command).await?;
        client.execute(command, Some(arguments), Some(descriptor)).await
    }

    /// Hands an open disk over and plugs it in.
    ///
    /// # Errors
    /// [`MachineError::Control`].
    pub(crate) async fn add_disk(&mut self, disk: &Disk, file: &File) -> Result<(), MachineError> {
        let commands = hot_plug(disk, self.written.len());
        self.written.push(written(disk));
        self.execute_with("add-fd", &commands.descriptor, file.as_fd()).await?;
        self.execute("blockdev-add", Some(&commands.node)).await?;
        self.execute("device_add", Some(&commands.device)).await.map(drop)
    }

    /// Images behind nodes of these names that the guest may write to; all such images when there are none.
    pub(crate) fn written_images(&self, nodes: &[String]) -> Vec<PathBuf> {
        let images = self.written.iter().enumerate();
        let images = images.filter_map(|(index, image)| Some((disk_node(index), image.clone()?)));
        let (all, named): (Vec<_>, Vec<_>) = images
            .map(|(node, image)| (image.clone(), nodes.contains(&node).then_some(image)))
            .unzip();
        let named: Vec<PathBuf> = named.into_iter().flatten().collect();
        if named.is_empty() { all } else { named }
    }

    async fn client(&mut self, command: &str) -> Result<&mut QmpClient, MachineError> {
        if let Channel::Unused(_) = self.channel
            && let Channel::Unused(socket) = std::mem::replace(&mut self.channel, Channel::Lost)
        {
            let happened = Arc::clone(&self.happened);
            let client = QmpClient::connect(socket, move |event| happened.note(event));
            self.channel = Channel::Open(client.await?);
        }
        match &mut self.channel {
            Channel::Open(client) => Ok(client),
            _ => Err(refused(command, "the control channel could not be opened".to_owned())),
        }
    }
}

fn written(disk: &Disk) -> Option<PathBuf> {
    match disk.access {
        DiskAccess::ReadOnly => None,
        DiskAccess::ReadWrite => Some(disk.path.clone()),
    }
}

/// A command that was not carried out.
pub(crate) fn refused(command: &str, reason: String) -> MachineError {
    MachineError::Control {
        command: command.to_owned(),
        reason,
    }
}
