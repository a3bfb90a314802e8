//! A build from beginning to end.

use std::sync::Arc;

use container_build_cache::BuildCache;
use container_dockerfile::Dockerfile;
use container_dockerfile::lint::{self, Finding};
use container_engine::ConfiguredEngine;
use container_image::ImageStore;
use container_oci::Platform;
use time::OffsetDateTime;
use tokio::sync::{Mutex, Semaphore};

use crate::check::Findings;
use crate::epoch::Epoch;
use crate::exchange::{self, Exported, Imported};
use crate::execute::{Bases, Execution, Halt, MadeSteps};
use crate::finish::{self, Made};
use crate::inputs::{load_named, load_sources, named_contexts, remotes};
use crate::layouts::Layouts;
use crate::load::Loaded;
use crate::plan::{BaseImages, EPOCH, Plan, PlanRequest, Planned, plan};
use crate::told_request::Entry;
use crate::vertex::Vertices;
use crate::{BuildError, BuildOutcome, BuildOutput, BuildProgress, BuildRequest, BuildWarning};

/// What is done when all steps are.
const FINISH_VERTICES: usize = 1;

/// Builds an image.
///
/// Dropping the future ends everything at once, machines too; what steps had finished by then is not done again.
///
/// # Errors
/// [`BuildError`]
pub async fn build(
    engine: &ConfiguredEngine,
    mut request: BuildRequest,
    progress: Arc<dyn BuildProgress>,
) -> Result<BuildOutcome, BuildError> {
    let outputs = std::mem::take(&mut request.outputs);
    finish::check(&outputs, &request.tags)?;
    let vertices = Vertices::new(progress);
    let cache = BuildCache::at(engine.app_root());
    let built = build_with(engine, (request, outputs), &cache, &vertices).await;
    // Only now nothing of this build counts as needed that is no part of an image.
    if cache.has_grown()
        && let Err(error) = engine.limit_build_cache().await
    {
        vertices.warn(BuildWarning::of_large_cache(&error));
    }
    built
}

async fn build_with(
    engine: &ConfiguredEngine,
    (mut request, outputs): (BuildRequest, Vec<BuildOutput>),
    cache: &BuildCache,
    vertices: &Vertices,
) -> Result<BuildOutcome, BuildError> {
    let store = ImageStore::open(engine.app_root())?;
    let draft = store.draft()?;
    let given = |request: &BuildRequest| request.build_args.get(EPOCH).cloned();
    // Refused before anything is fetched.
    let epoch = Epoch::new(given(&request).as_deref(), OffsetDateTime::now_utc())?;
    let entry = Entry::of(&request);
    let remotes = remotes(engine, &request, cache).await?;
    let vertex = vertices.start("[internal] load build definition and context");
    let mut loaded = vertex.end(load_sources(engine, &mut request, &remotes).await)?;
    let epoch = epoch.or(given(&request).as_deref())?;
    let bases = Bases::new(engine, &draft, vertices, (request.pulls, Layouts::of(&request, &store)));
    let (plans, epoch) = plans(&request, &loaded, (&bases, vertices), epoch)
        .await
        .map_err(|error| error.placed(&loaded.dockerfile))?;
    let used = plans.iter().flat_map(Plan::named_contexts).collect();
    load_named(engine, &request, (&remotes, vertices), &used, &mut loaded.sources).await?;
    let sources = Arc::new(loaded.sources);
    let execution = Execution {
        engine,
        draft: &draft,
        cache,
        request: &request,
        entry: &entry,
        sources: Arc::clone(&sources),
        remotes: &remotes,
        bases: &bases,
        vertices,
        epoch,
        commands: Semaphore::new(commands_at_once()),
        imported: Imported::load(engine, &draft, vertices, &request.cache_from).await,
        made: MadeSteps::default(),
        halt: Halt::default(),
        terminal: Mutex::new(()),
    };
    let roots = execution.run(&plans).await;
    sources.keep_stat_cache();
    let roots = roots.map_err(|error| error.placed(&loaded.dockerfile))?;
    let made = plans.into_iter().zip(roots).zip(request.platforms_or_host());
    let made: Vec<Made> = made
        .map(|((plan, root), platform)| Made::new(plan, root, platform))
        .collect();
    // In a box, because futures within futures have a limit.
    let outcome = Box::pin(finish::finish(&execution, &made, outputs)).await?;
    let exported = Exported {
        steps: &execution.made.all(),
        diff_ids: &made.iter().flat_map(Made::diff_ids).collect(),
    };
    let exporting = exchange::export(engine, &draft, vertices, &execution.request.cache_to, &exported);
    Box::pin(exporting).await?;
    Ok(outcome)
}

/// What is to be done for each platform, and the time of it: the Dockerfile's, unless one was given.
async fn plans(
    request: &BuildRequest,
    loaded: &Loaded,
    (bases, vertices): (&Bases<'_>, &Vertices),
    mut epoch: Epoch,
) -> Result<(Vec<Plan>, Epoch), BuildError> {
    let dockerfile = Dockerfile::parse(loaded.dockerfile.bytes())?;
    let mut findings = Findings::new(&dockerfile, &request.build_args)?;
    let warn = |found: Vec<Finding>| {
        for finding in found {
            vertices.warn(BuildWarning::of_finding(finding, &loaded.dockerfile));
        }
    };
    warn(findings.new_of(lint::check(&dockerfile)));
    let platforms = request.platforms_or_host();
    let contexts = named_contexts(request);
    let mut plans = Vec::with_capacity(platforms.len());
    for platform in &platforms {
        let asked = PlanRequest {
            dockerfile: &dockerfile,
            target: request.target.clone(),
            build_args: &request.build_args,
            contexts: &contexts,
            ignore: loaded.sources.ignore(),
            context_unix_seconds: loaded.context_unix_seconds,
            platform: platform.clone(),
            build_platform: Platform::host(),
            shows_platform: platforms.len() > 1,
        };
        let plan = planned(&asked, bases).await?;
        if plans.is_empty() && !plan.unused_args.is_empty() {
            vertices.warn(BuildWarning::of_unused_args(&plan.unused_args));
        }
        warn(findings.new_of(plan.findings.clone()));
        epoch = epoch.or(plan.epoch.as_deref())?;
        plans.push(plan);
    }
    findings.verdict()?;
    vertices.planned(plans.iter().map(Plan::vertices).sum::<usize>() + FINISH_VERTICES);
    Ok((plans, epoch))
}

/// The plan, for which base images are looked for until it is whole.
async fn planned(request: &PlanRequest<'_>, bases: &Bases<'_>) -> Result<Plan, BuildError> {
    let mut known = BaseImages::default();
    loop {
        match plan(request, &known)? {
            Planned::Ready(plan) => return Ok(plan),
            Planned::Needs(images) => {
                let found = images.iter().map(|image| bases.find(image));
                let found = futures_util::future::try_join_all(found).await?;
                for (image, base) in images.into_iter().zip(found) {
                    known.insert(image, base.config.clone());
                }
            }
        }
    }
}

/// As many commands as there are processors, and more than one: often they wait for something else.
fn commands_at_once() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).max(2)
}
