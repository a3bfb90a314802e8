//! What is loaded before anything is built or checked: the Dockerfile and the contexts.

use container_engine::ConfiguredEngine;
use container_image::ImageStore;

use crate::load::{Loaded, Local, load};
use crate::plan::{EPOCH, EPOCH_OF_CONTEXT};
use crate::remote::{GitTokens, Remotes};
use crate::request::{ContextSource, DockerfileSource};
use crate::{BuildError, BuildRequest, switch};

/// What a Dockerfile is called that comes from a stream.
const STREAM_NAME: &str = "Dockerfile";
/// The build argument that keeps `.git` of repositories that are contexts.
const KEEP_GIT_DIR: &str = "BUILDKIT_CONTEXT_KEEP_GIT_DIR";

/// Takes Dockerfile and contexts out of the request and loads them on a thread where that may block. A `SOURCE_DATE_EPOCH` that is to be the context's is
/// that from here on, or as if it were not given where the context has no time.
pub(crate) async fn load_sources(
    engine: &ConfiguredEngine,
    request: &mut BuildRequest,
    (remotes, store): (&Remotes, &ImageStore),
) -> Result<Loaded, BuildError> {
    let name = name_of(&request.dockerfile);
    let dockerfile = std::mem::take(&mut request.dockerfile);
    let context = std::mem::replace(&mut request.context, ContextSource::Empty);
    let keeps_git_dir = request
        .build_args
        .get(KEEP_GIT_DIR)
        .and_then(|value| switch::parse(value));
    let local = Local::fetch(
        dockerfile,
        context,
        &request.named_contexts,
        (remotes, keeps_git_dir.unwrap_or(false)),
        store,
    )
    .await?;
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

/// What fetches for this build. Servers of repositories are shown the secrets of the build with the names that BuildKit knows.
pub(crate) async fn remotes(engine: &ConfiguredEngine, request: &BuildRequest) -> Result<Remotes, BuildError> {
    let mut tokens = GitTokens::default();
    for (id, secret) in request.secrets.iter().filter(|(id, _)| GitTokens::is_one(id)) {
        let read = secret.read().await;
        let value = read.map_err(|source| BuildError::Secret { id: id.clone(), source })?;
        tokens.insert(id, &value);
    }
    Ok(Remotes::new(engine.app_root(), engine.ca_files(), tokens))
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
