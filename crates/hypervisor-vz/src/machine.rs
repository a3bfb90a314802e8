//! One machine, as the rest of the program drives it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use container_hypervisor::capability::{Pause, SaveRestore};
use container_hypervisor::{AgentConnector, CreateError, ExitWatch, MachineDriver, MachineError};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::console;
use crate::delegate::Notice;
use crate::failure::VzFailure;
use crate::life::Life;
use crate::objects::{MachineObjects, Made};
use crate::plan::{Device, Plan};
use crate::queue::VmQueue;
use crate::vsock::VsockConnector;

/// A machine of the framework.
///
/// What takes time is a task of its own, so that a call that is dropped leaves nothing half done.
pub(crate) struct VzMachine {
    pub(crate) life: Arc<Life>,
    pub(crate) made: Made,
    runtime: Handle,
    start_taken: AtomicBool,
    connector_taken: AtomicBool,
}

impl VzMachine {
    /// Makes the objects, and follows what the framework tells of them.
    pub(crate) async fn create(plan: Plan) -> Result<Self, CreateError> {
        let (sender, notices) = mpsc::unbounded_channel();
        let host_error = |source| CreateError::Host {
            what: "console",
            source,
        };
        let Some(output) = plan.console() else {
            return Err(host_error(std::io::ErrorKind::NotFound.into()));
        };
        let panics = sender.clone();
        let console = console::start(output, move |line| {
            // Nobody listens once the end is known.
            let _ = panics.send(Notice::Panicked(line.to_owned()));
        });
        let console = console.map_err(host_error)?;
        let queue = VmQueue::new(&format!("container {}", plan.name), MachineObjects::default());
        let dispatch_queue = queue.dispatch_queue();
        let made = queue
            .run(move |objects| objects.make(&plan, console, &dispatch_queue, sender))
            .await
            .map_err(|failure| failure.of_configuration())??;
        let life = Arc::new(Life::new(queue));
        tokio::spawn(Arc::clone(&life).follow(notices));
        Ok(Self {
            life,
            made,
            runtime: Handle::current(),
            start_taken: AtomicBool::new(false),
            connector_taken: AtomicBool::new(false),
        })
    }

    /// Takes the right to start the machine, which there is once.
    pub(crate) fn take_start(&self) -> Result<(), MachineError> {
        if self.start_taken.swap(true, Ordering::AcqRel) || self.life.exit.now().is_some() {
            return Err(VzFailure::ours("the machine has been started or ended before").of_start());
        }
        Ok(())
    }

    /// Gives the right back, when nothing has come of it.
    pub(crate) fn give_back_start(&self) {
        self.start_taken.store(false, Ordering::Release);
    }

    /// Does something to the machine's life that goes on when this call is dropped.
    pub(crate) async fn apart<T, F>(&self, work: impl FnOnce(Arc<Life>) -> F) -> Result<T, VzFailure>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, VzFailure>> + Send + 'static,
    {
        let task = self.runtime.spawn(work(Arc::clone(&self.life)));
        task.await
            .unwrap_or_else(|error| Err(VzFailure::ours(format!("the call was broken off: {error}"))))
    }
}

impl Plan {
    /// Where the guest's console goes.
    fn console(&self) -> Option<&container_hypervisor::SharedDescriptor> {
        self.devices.iter().find_map(|device| match device {
            Device::Console(output) => Some(output),
            _ => None,
        })
    }
}

impl Drop for VzMachine {
    fn drop(&mut self) {
        let life = Arc::clone(&self.life);
        // Where the runtime is gone, dropping the life does the same.
        self.runtime.spawn(async move { life.kill().await });
    }
}

#[async_trait]
impl MachineDriver for VzMachine {
    async fn start(&self) -> Result<(), MachineError> {
        self.take_start()?;
        let started = self.apart(|life| async move { life.start().await }).await;
        started.map_err(|failure| failure.of_start())
    }

    fn agent_connector(&self) -> Result<Box<dyn AgentConnector>, MachineError> {
        if !self.life.has_started() {
            return Err(MachineError::NotStarted);
        }
        if self.connector_taken.swap(true, Ordering::AcqRel) {
            return Err(MachineError::StreamTaken);
        }
        Ok(Box::new(VsockConnector::new(self.life.queue.clone())))
    }

    fn exit(&self) -> ExitWatch {
        self.life.exit.clone()
    }

    async fn kill(&self) -> Result<(), MachineError> {
        let killed = self.apart(|life| async move {
            life.kill().await;
            Ok(())
        });
        killed.await.map_err(|failure| MachineError::Kill {
            source: std::io::Error::other(failure),
        })
    }

    fn as_pause(&self) -> Option<&dyn Pause> {
        Some(self)
    }

    fn as_save_restore(&self) -> Option<&dyn SaveRestore> {
        self.made.can_be_saved.then_some(self as &dyn SaveRestore)
    }
}
