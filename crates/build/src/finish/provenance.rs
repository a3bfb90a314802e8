//! The provenance of an image: what it was made from and how, in the words of SLSA and in BuildKit's form.
//!
//! <https://slsa.dev/spec/v1.1/provenance>, <https://docs.docker.com/build/metadata/attestations/slsa-definitions/>

use std::collections::BTreeSet;

use container_dockerfile::Network;
use container_oci::{Digest, Platform};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::attestation::Statement;
use super::{Made, package_url};
use crate::ProvenanceRequest;
use crate::address::Address;
use crate::execute::Execution;
use crate::plan::{FileOrigin, ImageName, Operation, Plan};
use crate::remote::Fetched;
use crate::request::NamedContextSource;
use crate::told_request::arguments;

/// The predicate's type.
const PREDICATE: &str = "https://slsa.dev/provenance/v1";
/// Whose form the parameters have.
const BUILD_TYPE: &str = "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md";
/// What BuildKit calls its reading of Dockerfiles.
const FRONTEND: &str = "dockerfile.v0";

/// Something that a build was made from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Material {
    uri: String,
    algorithm: &'static str,
    digest: String,
}

impl Material {
    fn told(&self) -> Value {
        json!({ "uri": self.uri, "digest": { self.algorithm: self.digest } })
    }
}

/// What provenance says of the builds of one request, alike for all platforms but for what each of them used.
pub(super) struct Provenance<'a> {
    execution: &'a Execution<'a>,
    request: &'a ProvenanceRequest,
    /// What was fetched for whatever platform.
    fetched: BTreeSet<Material>,
    invocation: String,
}

impl<'a> Provenance<'a> {
    pub(super) fn new(execution: &'a Execution<'a>, request: &'a ProvenanceRequest) -> Self {
        let fetched = execution.remotes.fetched().into_iter().map(|fetched| match fetched {
            Fetched::File { url, digest } => of_digest(url, &digest),
            Fetched::Commit { uri, commit } => Material {
                uri,
                algorithm: if commit.len() == 64 { "sha256" } else { "sha1" },
                digest: commit,
            },
        });
        Self {
            execution,
            request,
            fetched: fetched.collect(),
            invocation: uuid::Uuid::new_v4().simple().to_string(),
        }
    }

    /// What is said of the image for one platform.
    pub(super) fn of(&self, made: &Made) -> Statement {
        let request = self.execution.request;
        let locals = self.locals(&made.plan);
        let has_all_materials = locals.is_empty();
        let is_hermetic = has_all_materials && !has_network(&made.plan, request.network.is_none);
        let locals = locals.iter().map(|name| json!({ "name": name }));
        let mut asked = json!({ "frontend": FRONTEND, "locals": locals.collect::<Vec<_>>() });
        let arguments = arguments(request).into_iter();
        let arguments: Map<String, Value> = arguments.map(|(name, value)| (name, json!(value))).collect();
        if !arguments.is_empty() {
            asked["args"] = Value::Object(arguments);
        }
        let predicate = json!({
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "configSource": self.config_source(),
                    "request": asked,
                },
                "internalParameters": { "builderPlatform": Platform::host().to_string() },
                "resolvedDependencies": self.materials(&made.plan),
            },
            "runDetails": {
                "builder": {
                    "id": self.request.builder_id,
                    "version": { "container": env!("CARGO_PKG_VERSION") },
                },
                "metadata": {
                    "invocationID": self.invocation,
                    "startedOn": text(self.execution.epoch.started()),
                    "finishedOn": text(OffsetDateTime::now_utc()),
                    "buildkit_hermetic": is_hermetic,
                    "buildkit_completeness": {
                        "request": request.build_args.is_empty() && request.labels.is_empty(),
                        "resolvedDependencies": has_all_materials,
                    },
                    "buildkit_reproducible": self.request.is_reproducible,
                },
            },
        });
        Statement {
            predicate_type: PREDICATE,
            predicate,
        }
    }

    /// What the image was made from, as far as it has a digest.
    fn materials(&self, plan: &Plan) -> Vec<Value> {
        let used = plan.images();
        let found = self.execution.bases.found().into_iter();
        let images = found.filter(|(image, _)| used.contains(image)).map(|(image, digest)| {
            let uri = match &image.name {
                ImageName::Reference(reference) => package_url::of_reference(reference, &image.platform),
                ImageName::Layout(name) => package_url::of_layout(name, &image.platform),
            };
            of_digest(uri, &digest)
        });
        let images: BTreeSet<Material> = images.collect();
        images.iter().chain(&self.fetched).map(Material::told).collect()
    }

    /// What of this machine a plan uses: of such files nobody can say later what they were.
    fn locals(&self, plan: &Plan) -> BTreeSet<String> {
        let entry = &self.execution.entry;
        let mut locals = BTreeSet::new();
        if entry.has_local_dockerfile {
            locals.insert("dockerfile".to_owned());
        }
        let steps = plan.stages.iter().flat_map(|stage| &stage.steps);
        for origin in steps.flat_map(|step| step.operation.origins()) {
            match origin {
                FileOrigin::Context if entry.has_local_context => {
                    locals.insert("context".to_owned());
                }
                FileOrigin::NamedContext(name) => {
                    let named = self.execution.request.named_contexts.iter();
                    let mut named = named.filter(|(known, _)| known.eq_ignore_ascii_case(name));
                    if named.any(|(_, source)| matches!(source, NamedContextSource::Directory(_))) {
                        locals.insert(name.clone());
                    }
                }
                _ => {}
            }
        }
        locals
    }

    /// Where the build began.
    fn config_source(&self) -> Value {
        let entry = &self.execution.entry;
        let mut source = json!({ "path": entry.dockerfile });
        let (uri, known_as) = match &entry.context {
            None => return source,
            Some(Address::Web(address)) => (address.without_login(), address.without_login()),
            Some(Address::Git(address)) => (address.without_login(), address.revision_uri()),
        };
        if let Some(found) = self.fetched.iter().find(|material| material.uri == known_as) {
            source["digest"] = json!({ found.algorithm: found.digest });
        }
        source["uri"] = json!(uri);
        source
    }
}

fn of_digest(uri: String, digest: &Digest) -> Material {
    Material {
        uri,
        algorithm: digest.algorithm().name(),
        digest: digest.hex(),
    }
}

/// Whether a command of the plan can reach others.
fn has_network(plan: &Plan, is_none: bool) -> bool {
    let mut steps = plan.stages.iter().flat_map(|stage| &stage.steps);
    steps.any(|step| match &step.operation {
        Operation::Run(run) => match run.network {
            Network::None => false,
            Network::Host => true,
            Network::Default => !is_none,
        },
        Operation::Copy(_) | Operation::Workdir(_) => false,
    })
}

fn text(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}
