//! What is loaded before anything is built or checked: the Dockerfile and the context; and of the named contexts those that a plan takes files from.

use std::collections::BTreeSet;

use container_build_cache::BuildCache;
use container_engine::ConfiguredEngine;

use crate::load::{Loaded, Local, LocalContext, Sources, load, open_named};
use crate::plan::{EPOCH, EPOCH_OF_CONTEXT, NamedContext, NamedContexts};
use crate::remote::{GitAccess, Remotes};
use crate::request::{ContextSource, DockerfileSource, NamedContextSource};
use crate::vertex::Vertices;
use crate::{BuildError, BuildRequest, switch};

/// What a Dockerfile is called that comes from a stream.
const STREAM_NAME: &str = "Dockerfile";
/// The build argument that keeps `.git` of repositories that are contexts.
const KEEP_GIT_DIR: &str = "BUILDKIT_CONTEXT_KEEP_GIT_DIR";
/// The agent of `--ssh` that is for repositories.
const SSH_AGENT_ID: &str = "default";

/// Takes Dockerfile and context out of the request and loads them on a thread where that may block. A `SOURCE_DATE_EPOCH` that is to be the context's is
/// that from here on, or as if it were not given where the context has no time.
pub(crate) async fn load_sources(
    engine: &ConfiguredEngine,
    request: &mut BuildRequest,
    remotes: &Remotes,
) -> Result<Loaded, BuildError> {
    let name = name_of(&request.dockerfile);
    let dockerfile = std::mem::take(&mut request.dockerfile);
    let context = std::mem::replace(&mut request.context, ContextSource::Empty);
    let local = Local::fetch(dockerfile, context, (remotes, keeps_git_dir(request))).await?;
    let app_root = engine.app_root().to_owned();
    let loaded = tokio::task::spawn_blocking(move || load(local, name, &app_root)).await;
    let loaded = loaded.map_err(|_| BuildError::Interrupted)??;
    if request
        .build_args
        .get(EPOCH)
        .is_some_and(|value| value == EPOCH_OF_CONTEXT)
    {
        match loaded.context_unix_seconds {
            Some(seconds) => request.build_args.insert(EPOCH.to_owned(), seconds.to_string()),
            None => request.build_args.remove(EPOCH),
        };
    }
    Ok(loaded)
}

/// What the named contexts are.
pub(crate) fn named_contexts(request: &BuildRequest) -> NamedContexts {
    let mut contexts = NamedContexts::default();
    for (name, source) in &request.named_contexts {
        let context = match source {
            NamedContextSource::Directory(_) | NamedContextSource::Address(_) => NamedContext::Files,
            NamedContextSource::Image(reference) => NamedContext::Image(reference.clone()),
            NamedContextSource::Layout { .. } => NamedContext::Layout,
        };
        contexts.insert(name, context);
    }
    contexts
}

/// Fetches and opens the named contexts of these names, in small letters; others are not looked at.
pub(crate) async fn load_named(
    engine: &ConfiguredEngine,
    request: &BuildRequest,
    (remotes, vertices): (&Remotes, &Vertices),
    wanted: &BTreeSet<&str>,
    sources: &mut Sources,
) -> Result<(), BuildError> {
    for (name, source) in &request.named_contexts {
        let lower = name.to_ascii_lowercase();
        if !wanted.contains(lower.as_str()) {
            continue;
        }
        let vertex = vertices.start(format!("[context {name}] load"));
        let opened = async {
            let Some(local) = LocalContext::named(source, remotes, keeps_git_dir(request)).await? else {
                return Ok(None);
            };
            let app_root = engine.app_root().to_owned();
            let opened = tokio::task::spawn_blocking(move || open_named(local, &app_root)).await;
            opened.map_err(|_| BuildError::Interrupted)?.map(Some)
        };
        if let Some(context) = vertex.end(opened.await)? {
            sources.insert_named(lower, context);
        }
    }
    Ok(())
}

/// Whether `.git` is kept of repositories whose addresses do not say it.
fn keeps_git_dir(request: &BuildRequest) -> bool {
    let value = request.build_args.get(KEEP_GIT_DIR);
    value.and_then(|value| switch::parse(value)).unwrap_or(false)
}

/// What fetches for this build. Servers of repositories are shown the secrets of the build with the names that BuildKit knows, and the keys of its agent.
pub(crate) async fn remotes(
    engine: &ConfiguredEngine,
    request: &BuildRequest,
    cache: &BuildCache,
) -> Result<Remotes, BuildError> {
    let mut access = GitAccess::of_agent(request.ssh_agents.get(SSH_AGENT_ID).cloned());
    for (id, secret) in request.secrets.iter().filter(|(id, _)| GitAccess::is_token(id)) {
        let read = secret.read().await;
        let value = read.map_err(|source| BuildError::Secret { id: id.clone(), source })?;
        access.insert(id, &value);
    }
    Ok(Remotes::new(cache.clone(), engine.ca_files(), access))
}

/// What the Dockerfile is called in messages.
fn name_of(source: &DockerfileSource) -> String {
    match source {
        DockerfileSource::InContext(name) => name.clone(),
        DockerfileSource::File(path) => path.display().to_string(),
        DockerfileSource::Stream(_) => STREAM_NAME.to_owned(),
        DockerfileSource::Address(address) => address.without_login(),
    }
}
