//! The stages of a Dockerfile and what they start from, before any instruction is looked at.

use container_dockerfile::{Dockerfile, Instruction, Range, Stage};
use container_oci::{Platform, Reference};

use super::variables::OrderedVariables;
use super::{
    EPOCH, EPOCH_OF_CONTEXT, FileOrigin, ImageName, ImageRequest, NamedContext, NamedContexts, PlanError, PlanProblem,
    PlanRequest, StageBase, StageId, platforms,
};

/// The base that is no image.
const SCRATCH: &str = "scratch";
/// How alike a name has to be to be meant.
const SIMILARITY_MIN: f64 = 0.8;

/// All stages.
#[derive(Debug)]
pub(super) struct Outline<'a> {
    pub(super) stages: Vec<StageOutline<'a>>,
    /// Predefined variables and those of the `ARG`s before the first `FROM`.
    pub(super) globals: OrderedVariables,
    /// What the target runs on, for images that are only copied from.
    platform: Platform,
    contexts: &'a NamedContexts,
}

/// A stage.
#[derive(Debug)]
pub(super) struct StageOutline<'a> {
    pub(super) stage: &'a Stage,
    pub(super) base: StageBase,
    /// `--platform`, else what the target runs on. A stage that starts from another one runs on what that one does.
    pub(super) platform: Platform,
    /// Whether a named context takes the stage's place: its instructions do not count.
    pub(super) is_replaced: bool,
}

impl StageOutline<'_> {
    /// How progress and errors call it.
    pub(super) fn name(&self) -> String {
        match &self.stage.name {
            Some(name) => name.as_str().to_owned(),
            None => format!("stage-{}", self.stage.position),
        }
    }

    /// What its own instructions copy from or mount, and where they say so.
    pub(super) fn origins(&self) -> impl Iterator<Item = (&str, Range)> {
        let instructions = self.stage.instructions.iter().filter(|_| !self.is_replaced);
        instructions.flat_map(|located| {
            let range = located.source.range;
            named_origins(&located.value).map(move |name| (name, range))
        })
    }
}

/// The names that an instruction copies from or mounts.
pub(super) fn named_origins(instruction: &Instruction) -> impl Iterator<Item = &str> {
    let (copied, mounts) = match instruction {
        Instruction::Copy(copy) => (copy.from.as_deref(), &[][..]),
        Instruction::Run(run) => (None, run.mounts.as_slice()),
        _ => (None, &[][..]),
    };
    copied.into_iter().chain(mounts.iter().filter_map(|mount| mount.from()))
}

impl<'a> Outline<'a> {
    /// Expands what `FROM` says.
    pub(super) fn new(request: &'a PlanRequest<'a>) -> Result<Self, PlanError> {
        let mut outline = Self {
            stages: Vec::with_capacity(request.dockerfile.stages.len()),
            globals: globals(request)?,
            platform: request.platform.clone(),
            contexts: request.contexts,
        };
        for stage in &request.dockerfile.stages {
            let stage = outline.stage(stage)?;
            outline.stages.push(stage);
        }
        Ok(outline)
    }

    fn stage(&self, stage: &'a Stage) -> Result<StageOutline<'a>, PlanError> {
        let range = stage.source.range;
        let base = stage
            .base
            .expand(&self.globals)
            .map_err(|error| PlanProblem::from(error).at(range))?;
        if base.is_empty() {
            let word = stage.base.to_string();
            return Err(PlanProblem::BlankBase { word }.at(range));
        }
        let platform = match &stage.platform {
            Some(word) => self.platform_of(word).map_err(|problem| problem.at(range))?,
            None => self.platform.clone(),
        };
        let replacement = stage.name.as_ref().and_then(|name| self.contexts.find(name.as_str()));
        let is_replaced = replacement.is_some();
        let base = match replacement {
            Some((name, context)) => of_context(name, context, &platform),
            None => self.base(&base, &platform).map_err(|problem| problem.at(range))?,
        };
        Ok(StageOutline {
            stage,
            base,
            platform,
            is_replaced,
        })
    }

    fn platform_of(&self, word: &container_dockerfile::Word) -> Result<Platform, PlanProblem> {
        let text = word.expand(&self.globals)?;
        let word = word.to_string();
        match text.is_empty() {
            true => Err(PlanProblem::BlankPlatform { word }),
            false => text.parse().map_err(|source| PlanProblem::Platform { word, source }),
        }
    }

    /// What a stage starts from: a stage before it, a named context, nothing, or an image.
    fn base(&self, name: &str, platform: &Platform) -> Result<StageBase, PlanProblem> {
        if let Some(id) = self.named(name) {
            return Ok(StageBase::Stage(id));
        }
        if name == SCRATCH {
            return Ok(StageBase::Scratch);
        }
        match self.contexts.find(name) {
            Some((name, context)) => Ok(of_context(name, context, platform)),
            None => Ok(StageBase::Image(ImageRequest {
                name: ImageName::Reference(reference(name)?),
                platform: platform.clone(),
            })),
        }
    }

    /// The last stage so far that has this name.
    fn named(&self, name: &str) -> Option<StageId> {
        let is_named = |outline: &StageOutline<'_>| outline.stage.name.as_ref().is_some_and(|own| own.is(name));
        self.stages.iter().rposition(is_named).map(StageId)
    }

    /// The stage to be built.
    pub(super) fn target(&self, wanted: Option<&str>) -> Result<StageId, PlanError> {
        let Some(wanted) = wanted else {
            return Ok(StageId(self.stages.len().saturating_sub(1)));
        };
        let numbered = || {
            wanted
                .parse()
                .ok()
                .filter(|index| *index < self.stages.len())
                .map(StageId)
        };
        self.named(wanted).or_else(numbered).ok_or_else(|| {
            let names = self.stages.iter().map(StageOutline::name);
            let similarity = |name: &String| strsim::jaro_winkler(name, &wanted.to_ascii_lowercase());
            let best = names.max_by(|one, other| similarity(one).total_cmp(&similarity(other)));
            PlanProblem::NoTarget {
                name: wanted.to_owned(),
                suggestion: best.filter(|name| similarity(name) > SIMILARITY_MIN),
            }
            .anywhere()
        })
    }

    /// What `--from=name` means in the stage `current`.
    pub(super) fn origin(&self, name: &str, current: StageId) -> Result<FileOrigin, PlanProblem> {
        let stage = match name.parse::<usize>() {
            Ok(index) if index >= self.stages.len() => return Err(PlanProblem::NoStage { index }),
            Ok(index) => Some(StageId(index)),
            Err(_) => self.named(name),
        };
        if let Some(id) = stage
            && let Some(outline) = self.stages.get(id.0)
        {
            return match &outline.base {
                StageBase::Files(name) if outline.is_replaced => Ok(FileOrigin::NamedContext(name.clone())),
                _ if id < current => Ok(FileOrigin::Stage(id)),
                _ => Err(PlanProblem::Forward {
                    from: name.to_owned(),
                    current: self.stages.get(current.0).map(StageOutline::name).unwrap_or_default(),
                }),
            };
        }
        Ok(match self.base(name, &self.platform)? {
            StageBase::Files(name) => FileOrigin::NamedContext(name),
            StageBase::Image(request) => FileOrigin::Image(request),
            StageBase::Stage(id) => FileOrigin::Stage(id),
            StageBase::Scratch => FileOrigin::Scratch,
        })
    }

    /// Whether labels name the stage: there are several, or images beside it.
    pub(super) fn names_stages(&self) -> bool {
        self.stages.len() > 1 || self.stages.iter().any(|outline| outline.origins().next().is_some())
    }
}

fn of_context(name: &str, context: &NamedContext, platform: &Platform) -> StageBase {
    let image = match context {
        NamedContext::Files => return StageBase::Files(name.to_owned()),
        NamedContext::Image(reference) => ImageName::Reference(reference.clone()),
        NamedContext::Layout => ImageName::Layout(name.to_owned()),
    };
    StageBase::Image(ImageRequest {
        name: image,
        platform: platform.clone(),
    })
}

fn reference(name: &str) -> Result<Reference, PlanProblem> {
    name.parse().map_err(|source| PlanProblem::Reference {
        name: name.to_owned(),
        source,
    })
}

/// Predefined variables, what the build was given, and the `ARG`s before the first `FROM`, each of which sees those before it.
fn globals(request: &PlanRequest<'_>) -> Result<OrderedVariables, PlanError> {
    let dockerfile = request.dockerfile;
    let target = request.target.clone().or_else(|| last_name(dockerfile));
    let mut globals = OrderedVariables::default();
    for (name, value) in platforms::predefined(request, target.as_deref().unwrap_or(platforms::NAMELESS_TARGET)) {
        let value = request.build_args.get(&name).cloned().unwrap_or(value);
        globals.set(&name, value);
    }
    for arg in &dockerfile.global_args {
        for declaration in &arg.value.declarations {
            let expand = |word: &container_dockerfile::Word| {
                word.expand(&globals)
                    .map_err(|error| PlanProblem::from(error).at(arg.source.range))
            };
            let name = expand(&declaration.name)?;
            let value = match (request.build_args.get(&name), &declaration.default) {
                (Some(given), _) => Some(given.clone()),
                (None, Some(default)) => Some(expand(default)?),
                (None, None) => None,
            };
            let value = match value.as_deref() {
                Some(EPOCH_OF_CONTEXT) if name == EPOCH => request.context_unix_seconds.map(|time| time.to_string()),
                _ => value,
            };
            if let Some(value) = value {
                globals.set(&name, value);
            }
        }
    }
    Ok(globals)
}

fn last_name(dockerfile: &Dockerfile) -> Option<String> {
    let last = dockerfile.stages.last()?;
    Some(last.name.as_ref()?.as_str().to_owned())
}
