//! The control channel of one machine: QMP, greeted at the first use, because a start needs none.

use std::fs::File;
use std::os::fd::{AsFd as _, OwnedFd};

use container_hypervisor::{Disk, MachineError};

use crate::command_line::hot_plug;
use crate::qmp::QmpClient;

/// The control channel. One command at a time uses it.
#[derive(Debug)]
pub(crate) struct Control {
    channel: Channel,
    /// Disks of the machine, and those whose addition failed half-way: a number is used once.
    disk_count: usize,
}

#[derive(Debug)]
enum Channel {
    Unused(OwnedFd),
    Open(QmpClient),
    /// It could not be greeted.
    Lost,
}

impl Control {
    /// The channel of a machine that starts with `disk_count` disks.
    pub(crate) fn new(socket: OwnedFd, disk_count: usize) -> Self {
        Self {
            channel: Channel::Unused(socket),
            disk_count,
        }
    }

    /// Has QEMU execute a command.
    ///
    /// # Errors
    /// [`MachineError::Control`].
    pub(crate) async fn execute(
        &mut self,
        command: &str,
        arguments: Option<&serde_json::Value>,
    ) -> Result<(), MachineError> {
        self.client(command).await?.execute(command, arguments, None).await
    }

    /// Hands an open disk over and plugs it in.
    ///
    /// # Errors
    /// [`MachineError::Control`].
    pub(crate) async fn add_disk(&mut self, disk: &Disk, file: &File) -> Result<(), MachineError> {
        let commands = hot_plug(disk, self.disk_count);
        self.disk_count += 1;
        let client = self.client("add-fd").await?;
        client
            .execute("add-fd", Some(&commands.descriptor), Some(file.as_fd()))
            .await?;
        self.execute("blockdev-add", Some(&commands.node)).await?;
        self.execute("device_add", Some(&commands.device)).await
    }

    async fn client(&mut self, command: &str) -> Result<&mut QmpClient, MachineError> {
        if let Channel::Unused(_) = self.channel
            && let Channel::Unused(socket) = std::mem::replace(&mut self.channel, Channel::Lost)
        {
            self.channel = Channel::Open(QmpClient::connect(socket).await?);
        }
        match &mut self.channel {
            Channel::Open(client) => Ok(client),
            _ => Err(refused(command, "the control channel could not be opened".to_owned())),
        }
    }
}

/// A command that was not carried out.
pub(crate) fn refused(command: &str, reason: String) -> MachineError {
    MachineError::Control {
        command: command.to_owned(),
        reason,
    }
}
