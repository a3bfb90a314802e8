//! Running steps and sealing what they have written.

use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;

use container_launcher::control::v1;
use container_launcher::control::v1::step_mount::Source;
use container_rootfs::StepBase;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

use super::{
    Below, BuildMachine, Secret, StepLayer, StepMount, StepNetwork, StepOwner, StepRequest, StepTree, step_directory,
};
use crate::error::StillError;
use crate::exec::{exec_event, rlimit};
use crate::images::blocking;
use crate::session::{REQUEST_QUEUE, Request, SessionEvents};
use crate::{EngineError, Session, SessionControl, SessionInput};

impl BuildMachine {
    /// Runs a program; its output comes as it is written, and the session ends with its exit. A session whose events are dropped before that ends the program at
    /// once. While another step runs, this one waits.
    ///
    /// What was written since the last [`BuildMachine::seal_step`] is there: a shell in the state of a failed step is one more step before the seal.
    ///
    /// # Errors
    /// [`EngineError::Control`]. A program that cannot be started is reported by the session.
    pub async fn run_step(&mut self, request: StepRequest) -> Result<Session, EngineError> {
        let process_id = format!("step-{}", uuid::Uuid::new_v4());
        let open = step_open(request, process_id.clone())?;
        let (sender, receiver) = mpsc::channel(REQUEST_QUEUE);
        let first = v1::RunStepRequest {
            request: Some(v1::run_step_request::Request::Open(open)),
        };
        let requests = tokio_stream::once(first).chain(ReceiverStream::new(receiver).map(step_request));
        let responses = self
            .client
            .run_step(requests)
            .await
            .map_err(EngineError::control("run the step"))?
            .into_inner();
        let events = SessionEvents::new(responses.map(|response| match response {
            Ok(response) => exec_event(response),
            Err(status) => Err(EngineError::broken_session(&status)),
        }));
        let control = SessionControl::new(self.client.clone(), process_id, sender.clone());
        Ok(Session::new(control, SessionInput::new(sender), events))
    }

    /// Ends the step: what has been written since the last seal becomes a layer, on which the next steps build.
    ///
    /// The layer can be written out while the next step runs, and after the machine's end.
    ///
    /// # Errors
    /// [`EngineError::Control`], [`EngineError::Root`] when the disk cannot be read.
    pub async fn seal_step(&mut self) -> Result<StepLayer, EngineError> {
        let sealed = self.client.seal_step(v1::SealStepRequest {}).await;
        let number = sealed
            .map_err(EngineError::control("end the step"))?
            .into_inner()
            .number;
        let (disk, below, directory) = (self.root_disk.clone(), self.below.clone(), step_directory(number));
        let id = self.id().clone();
        let opened = {
            let directory = directory.clone();
            blocking(move || {
                let below = match below {
                    Below::Nothing => StepBase::Nothing,
                    Below::Layer(path) => StepBase::Layer(File::open(path)?),
                    Below::Step(name) => StepBase::Step(name),
                };
                StepLayer::open(File::open(disk)?, &directory, below, id)
            })
        };
        let layer = opened
            .await
            .map_err(|error: StillError| EngineError::root(super::VERB, self.id(), error))?;
        if !layer.is_missing() {
            self.below = Below::Step(directory);
        }
        Ok(layer)
    }
}

fn step_request(request: Request) -> v1::RunStepRequest {
    use v1::run_step_request::Request as Wire;
    let wire = match request {
        Request::Stdin(bytes) => Some(Wire::Stdin(bytes.into())),
        Request::CloseStdin => Some(Wire::CloseStdin(v1::CloseStdin {})),
        // Nothing of a step goes on without its client.
        Request::Detach => None,
    };
    v1::RunStepRequest { request: wire }
}

fn step_open(request: StepRequest, process_id: String) -> Result<v1::StepOpen, EngineError> {
    let secrets = request.mounts.iter().filter_map(|mount| match mount {
        StepMount::Secret { content, .. } => Some(content.0.len()),
        _ => None,
    });
    if secrets.sum::<usize>() > Secret::MAX_BYTES {
        return Err(EngineError::Control {
            action: "run the step",
            reason: format!("its secrets have more than {} KiB together", Secret::MAX_BYTES >> 10),
        });
    }
    Ok(v1::StepOpen {
        process_id,
        arguments: request.arguments,
        environment: request.environment,
        working_directory: request.working_directory,
        user: request.user,
        rlimits: request.rlimits.into_iter().map(rlimit).collect(),
        mounts: request.mounts.into_iter().map(mount).collect(),
        without_network: request.network == StepNetwork::None,
        privileged: request.is_privileged,
        stdin: request.stdin,
        terminal: request.terminal.is_some(),
        window_size: request.terminal.map(Into::into),
    })
}

fn mount(mount: StepMount) -> v1::StepMount {
    let (target, source) = match mount {
        StepMount::Tree {
            tree,
            source,
            target,
            is_read_only: read_only,
        } => {
            let part = Some(part(tree, source));
            (target, Source::Tree(v1::StepTreeMount { part, read_only }))
        }
        StepMount::Cache {
            cache,
            source,
            target,
            is_read_only: read_only,
            owner,
            initial,
        } => {
            let source = v1::StepCacheMount {
                cache: u32::try_from(cache).unwrap_or(u32::MAX),
                path: source,
                read_only,
                access: Some(access(owner)),
                initial: initial.map(|(tree, path)| part(tree, path)),
            };
            (target, Source::Cache(source))
        }
        StepMount::Tmpfs { target, size_bytes } => {
            let size_bytes = size_bytes.unwrap_or_default();
            (target, Source::Tmpfs(v1::StepTmpfsMount { size_bytes }))
        }
        StepMount::Secret { target, content, owner } => {
            let source = v1::StepSecretMount {
                content: content.0,
                access: Some(access(owner)),
            };
            (target, Source::Secret(source))
        }
        StepMount::Socket { source, target, owner } => {
            let source = v1::StepSocketMount {
                source: source.as_os_str().as_bytes().to_vec(),
                access: Some(access(owner)),
            };
            (target, Source::Socket(source))
        }
    };
    v1::StepMount {
        target,
        source: Some(source),
    }
}

fn part(tree: StepTree, path: String) -> v1::StepTreePart {
    v1::StepTreePart {
        tree: tree.number,
        path,
    }
}

fn access(owner: StepOwner) -> v1::StepFileAccess {
    v1::StepFileAccess {
        uid: owner.uid,
        gid: owner.gid,
        mode: owner.mode,
    }
}
