//! The checks of Dockerfiles: during a build, and without one.

mod findings;

use container_build_cache::BuildCache;
use container_engine::ConfiguredEngine;
use container_image::{ImageStore, ResolveError};
use container_oci::Platform;

use crate::inputs::{load_sources, named_contexts, remotes};
use crate::layouts::Layouts;
use crate::load::Loaded;
use crate::plan::{BaseImages, ImageName, ImageRequest, Plan, PlanRequest, Planned, StageBase, plan};
use crate::{BuildError, BuildRequest, BuildWarning};
use container_dockerfile::Dockerfile;
use container_dockerfile::lint::{self, Finding};
pub(crate) use findings::Findings;

/// What the checks have to say.
#[derive(Debug)]
pub struct CheckReport {
    /// What they found, in the order of the file.
    pub warnings: Vec<BuildWarning>,
    /// Why the Dockerfile cannot be built at all.
    pub error: Option<BuildError>,
}

/// Looks through a Dockerfile as a build would, and does nothing of what it says.
///
/// No registry is asked: variables of stages on images that are not here are not checked.
///
/// # Errors
/// [`BuildError`] when there is no Dockerfile to look at. What is wrong with it is in the report.
pub async fn check(engine: &ConfiguredEngine, mut request: BuildRequest) -> Result<CheckReport, BuildError> {
    let store = ImageStore::open(engine.app_root())?;
    let remotes = remotes(engine, &request, &BuildCache::at(engine.app_root())).await?;
    let loaded = load_sources(engine, &mut request, &remotes).await?;
    let mut found = Vec::new();
    let checked = checked(&store, &request, &loaded, &mut found).await;
    found.sort_by_key(|finding: &Finding| (finding.range.start.offset, finding.rule));
    let warnings = found
        .into_iter()
        .map(|finding| BuildWarning::of_finding(finding, &loaded.dockerfile));
    Ok(CheckReport {
        warnings: warnings.collect(),
        error: checked.err().map(|error| error.placed(&loaded.dockerfile)),
    })
}

async fn checked(
    store: &ImageStore,
    request: &BuildRequest,
    loaded: &Loaded,
    found: &mut Vec<Finding>,
) -> Result<(), BuildError> {
    let dockerfile = Dockerfile::parse(loaded.dockerfile.bytes())?;
    let mut findings = Findings::new(&dockerfile, &request.build_args)?;
    found.extend(findings.new_of(lint::check(&dockerfile)));
    let draft = store.draft()?;
    let (contexts, layouts) = (named_contexts(request), Layouts::of(request, store));
    for platform in request.platforms_or_host() {
        let asked = PlanRequest {
            dockerfile: &dockerfile,
            target: request.target.clone(),
            build_args: &request.build_args,
            contexts: &contexts,
            ignore: loaded.sources.ignore(),
            context_unix_seconds: loaded.context_unix_seconds,
            platform,
            build_platform: Platform::host(),
            shows_platform: false,
        };
        let mut known = BaseImages::default();
        let mut others = Vec::new();
        let plan = loop {
            let needs = match plan(&asked, &known)? {
                Planned::Ready(plan) => break plan,
                Planned::Needs(needs) => needs,
            };
            for image in needs {
                let reference = match &image.name {
                    ImageName::Reference(reference) => reference.clone(),
                    ImageName::Layout(context) => layouts.image(context).await?,
                };
                match draft.base(&reference, &image.platform) {
                    Ok(base) => known.insert(image, base.config),
                    Err(error) => {
                        if let ResolveError::Platform { available, .. } = error {
                            others.push((image.clone(), available));
                        }
                        known.insert_unknown(image);
                    }
                }
            }
        };
        let other_platforms = others
            .iter()
            .flat_map(|(image, available)| of_platform(&dockerfile, &plan, image, available));
        found.extend(findings.new_of(other_platforms.collect()));
        found.extend(findings.new_of(plan.findings));
    }
    Ok(())
}

/// Stages on an image that is not made for their platform.
fn of_platform(dockerfile: &Dockerfile, plan: &Plan, image: &ImageRequest, available: &str) -> Vec<Finding> {
    let is_base = |base: &StageBase| matches!(base, StageBase::Image(request) if request == image);
    let stages = plan.stages.iter().filter(|stage| is_base(&stage.base));
    let written = stages.filter_map(|stage| dockerfile.stages.get(stage.id.0));
    let expected = image.platform.to_string();
    written
        .map(|stage| lint::base_image_platform(&image.name.familiar(), &expected, available, stage.source.range))
        .collect()
}
