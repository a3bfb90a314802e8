//! `RUN`: a command in the stage's machine.

use container_dockerfile::{Mount, Network, Security};
use container_engine::{BuildMachine, SessionEvent, StepNetwork, StepRequest};
use container_image::StoredLayer;
use container_oci::Digest;

use super::Execution;
use super::failed_command::FailedCommand;
use super::key::{self, SourceKey};
use super::machine::{Running, StageMachine};
use super::output_tail::OutputTail;
use super::stage::{StepContext, StepKeys};
use super::view::blocking;
use crate::files::{RootSelection, digest_root};
use crate::plan::{FileOrigin, RunStep, cleaned};
use crate::{FilesError, OutputStream, StepError};

impl Execution<'_> {
    pub(super) async fn run_command(
        &self,
        context: &StepContext<'_>,
        step: &RunStep,
        machine: &mut StageMachine<'_>,
        tail: &mut OutputTail,
    ) -> Result<StoredLayer, StepError> {
        let files = self.mounted(context, step).await?;
        let network = &self.request.network;
        let key_of = |files: &[SourceKey]| {
            let hosts = network.host_names();
            let (below, platform) = (context.below.diff_ids(), &context.stage.platform);
            key::of_run(step, &below, platform, (network.is_none, &hosts), files)
        };
        let key = key_of(&files)?;
        let mut keys = StepKeys {
            quick: None,
            exact: key,
        };
        if files.iter().any(|files| matches!(files, SourceKey::Layers(_))) {
            if let Some(layer) = self.cached(context, &key).await? {
                context.vertex.cached();
                return Ok(layer);
            }
            let exact = key_of(&self.mounted_content(context, step, &files).await?)?;
            keys = StepKeys {
                quick: Some(key),
                exact,
            };
        }
        self.layer_of(context, keys, async || {
            // After the claim of the step: who has a claim may wait for this, and who has this waits for no claim.
            let _permit = self.commands.acquire().await.map_err(|_| StepError::Interrupted)?;
            let running = machine.with(context.below).await?;
            let layer = self.run_in(running, context, (step, &files), tail).await?;
            running.has_sealed();
            Ok(layer)
        })
        .await
    }

    async fn run_in(
        &self,
        running: &mut Running,
        context: &StepContext<'_>,
        (step, files): (&RunStep, &[SourceKey]),
        tail: &mut OutputTail,
    ) -> Result<StoredLayer, StepError> {
        let (mounts, secrets, claims) = self.mounts(running, context, step, files).await?;
        let mut environment: Vec<String> = step
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let declared = |name: &str| step.environment.iter().any(|(known, _)| known == name);
        let proxies = step.proxies.0.iter().filter(|(name, _)| !declared(name));
        environment.extend(proxies.map(|(name, value)| format!("{name}={value}")));
        environment.extend(secrets);
        let request = StepRequest {
            arguments: step.arguments.clone(),
            environment,
            working_directory: step.directory.clone(),
            user: step.user.clone(),
            mounts,
            network: match step.network {
                Network::None => StepNetwork::None,
                Network::Default | Network::Host => StepNetwork::Machine,
            },
            is_privileged: step.security == Security::Insecure,
            ..StepRequest::default()
        };
        let for_user = self.request.debug_shell.as_ref().map(|_| request.clone());
        let ran = run_to_end(&mut running.machine, request, context, tail).await;
        if let (Err(_), Some(request)) = (&ran, for_user) {
            running.failed = Some(FailedCommand {
                request,
                _claims: claims,
            });
        }
        ran?;
        let layer = running.machine.seal_step().await?;
        self.store_layer(move |output| Ok(layer.write(output)?)).await
    }

    /// What a command's mounts show, for its key.
    async fn mounted(&self, context: &StepContext<'_>, step: &RunStep) -> Result<Vec<SourceKey>, StepError> {
        let mut files = Vec::with_capacity(step.mounts.len());
        for mount in &step.mounts {
            let source = match &mount.mount {
                Mount::Bind(bind) => bind.source.as_deref(),
                _ => None,
            };
            files.push(match (&mount.mount, &mount.origin) {
                (Mount::Bind(_), Some(origin @ (FileOrigin::Context | FileOrigin::NamedContext(_)))) => {
                    SourceKey::Content(self.mounted_digest(origin, source).await?)
                }
                (Mount::Bind(_), Some(origin)) => SourceKey::Layers(self.root_of(context, origin).await?.diff_ids()),
                // It makes no difference to the key, and has to be there before the command.
                (Mount::Cache(_), Some(origin)) => {
                    self.root_of(context, origin).await?;
                    SourceKey::None
                }
                _ => SourceKey::None,
            });
        }
        Ok(files)
    }
}

impl Execution<'_> {
    /// The same with what a part of a stage or an image shows told by its content: so a stage that was made again keeps results that depend on a part of it only.
    /// A whole root is told by its layers, as it would take as long to read as to run the command.
    async fn mounted_content(
        &self,
        context: &StepContext<'_>,
        step: &RunStep,
        files: &[SourceKey],
    ) -> Result<Vec<SourceKey>, StepError> {
        let mut told = Vec::with_capacity(files.len());
        for (mount, files) in step.mounts.iter().zip(files) {
            told.push(match (&mount.mount, &mount.origin, files) {
                (Mount::Bind(bind), Some(origin), SourceKey::Layers(_)) if bind.readonly => {
                    let source = bind.source.as_deref().unwrap_or_default();
                    match is_part(source) {
                        true => SourceKey::Content(self.part_digest(context, origin, source).await?),
                        false => files.clone(),
                    }
                }
                _ => files.clone(),
            });
        }
        Ok(told)
    }

    async fn part_digest(
        &self,
        context: &StepContext<'_>,
        origin: &FileOrigin,
        source: &str,
    ) -> Result<Digest, StepError> {
        let disks = self.disks(&self.root_of(context, origin).await?).await?;
        let source = source.to_owned();
        blocking(move || {
            let root = disks.open()?;
            let selection = RootSelection::find(root.as_ref(), &[&source], &[], false)?;
            match root {
                Some(root) => Ok(digest_root(&root, &selection)?),
                None => Err(FilesError::NotFound {
                    path: source.into_bytes(),
                }
                .into()),
            }
        })
        .await
    }
}

/// Whether a source names a part of a root, by a name that is no pattern: a mount has none.
fn is_part(source: &str) -> bool {
    cleaned(source) != "/" && !source.contains(['*', '?', '[', '\\'])
}

/// Runs a program to its end. Dropping the future ends it at once.
async fn run_to_end(
    machine: &mut BuildMachine,
    request: StepRequest,
    context: &StepContext<'_>,
    tail: &mut OutputTail,
) -> Result<(), StepError> {
    let command = request.arguments.join(" ");
    let (_control, input, mut events) = machine.run_step(request).await?.split();
    drop(input);
    let mut ended = None;
    while let Some(event) = events.recv().await? {
        match event {
            SessionEvent::Running => {}
            SessionEvent::Stdout(bytes) => {
                tail.add(&bytes);
                context.vertex.output(OutputStream::Stdout, &bytes);
            }
            SessionEvent::Stderr(bytes) => {
                tail.add(&bytes);
                context.vertex.output(OutputStream::Stderr, &bytes);
            }
            SessionEvent::Notice(text) => context.vertex.status(text),
            SessionEvent::Exited(status) => ended = Some(status.exit_code),
        }
    }
    match ended {
        Some(0) => Ok(()),
        Some(code) => Err(StepError::Exit {
            command,
            code: code.into(),
        }),
        None => Err(StepError::Interrupted),
    }
}
