//! `container build`.

mod check;
mod debug_shell;
mod failure;
mod metadata;
mod platforms;
mod progress;
mod result;
mod sources;
mod ssh;
mod values;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use container_build::{BuildNetwork, BuildProgress, BuildRequest, NoCache};
use container_engine::{Engine, ImageError, NetworkSelection, NetworkingRequest};
use container_model::{ByteSize, HostEntry};

use crate::arguments::{Label, ResolverFlags, add_host, collect_labels, cpus};
use crate::error::CommandError;
use crate::session::Signals;
use metadata::ImageFiles;
use platforms::TargetFlags;
use result::ShownResult;
use ssh::SshFlag;
use values::{
    AnnotationFlag, AttestFlag, CacheFromFlag, CacheToFlag, Call, NamedContext, NetworkMode, OutputFlag, ProgressMode,
    ProvenanceFlag, SbomFlag, SecretFlag, Variable, attestations, outputs,
};

/// The build argument by which older tools ask for a cache in the image.
const INLINE_CACHE: &str = "BUILDKIT_INLINE_CACHE";

/// Build an image from a Dockerfile, and print its names, or its digest if it has none
///
/// Commands run in a micro-VM of the build's own; a Dockerfile that only copies files boots none.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
                        container build -t my/server .\n  \
                        container build -f docker/Dockerfile --target test --build-arg VERSION=1.2 --progress plain .\n  \
                        container build --platform linux/amd64,linux/arm64 -t registry.example/my/server:1.2 --push .\n  \
                        container build --secret id=token,src=token.txt -o type=local,dest=out .")]
pub(crate) struct Build {
    /// Dockerfile, or its address; `-` is standard input [default: Dockerfile in the context]
    #[arg(short, long, value_name = "PATH")]
    file: Option<PathBuf>,

    /// Name of the image; may be given several times
    #[arg(short, long, value_name = "NAME")]
    tag: Vec<String>,

    /// Value of an ARG; without a value that of the environment
    #[arg(long, value_name = "NAME[=VALUE]")]
    build_arg: Vec<Variable>,

    /// Stage to build, by name or number [default: the last one]
    #[arg(long, value_name = "STAGE")]
    target: Option<String>,

    /// Do all steps again
    #[arg(long)]
    no_cache: bool,

    /// Do the steps of a stage again
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    no_cache_filter: Vec<String>,

    /// Look for newer base images at their registries
    #[arg(long)]
    pull: bool,

    /// Label of the image
    #[arg(short, long, value_name = "KEY=VALUE")]
    label: Vec<Label>,

    /// Where the result goes: type=image|registry|local|tar|oci|docker|cacheonly with dest=PATH for files; DIRECTORY alone is type=local,
    /// and `-` a tar on standard output; may be given several times
    #[arg(short, long, value_name = "OUTPUT")]
    output: Vec<OutputFlag>,

    /// Send the image to the registries of its names
    #[arg(long)]
    push: bool,

    /// Put the image into the store, also where another output is named
    #[arg(long)]
    load: bool,

    /// Annotation of the image; before the key may stand where it goes: manifest, manifest-descriptor, index, index-descriptor
    #[arg(long, value_name = "[PLACE:]KEY=VALUE")]
    annotation: Vec<AnnotationFlag>,

    /// Tell with the image how it was made: true, false, or mode=min with builder-id=ADDRESS and reproducible=true
    #[arg(long, value_name = "PROVENANCE")]
    provenance: Option<ProvenanceFlag>,

    /// List what software is in the image: only false is possible yet
    #[arg(long, value_name = "SBOM")]
    sbom: Option<SbomFlag>,

    /// Tell something with the image: type=provenance, with what --provenance takes
    #[arg(long, value_name = "ATTESTATION")]
    attest: Vec<AttestFlag>,

    /// Cache of other builds to take steps from: a name in a registry, or type=registry|local with ref=NAME or src=DIRECTORY
    #[arg(long, alias = "cache-in", value_name = "CACHE")]
    cache_from: Vec<CacheFromFlag>,

    /// Where this build's steps are kept for others: a name in a registry, or type=registry|local|inline with ref=NAME or dest=DIRECTORY,
    /// and mode=max for the steps of all stages
    #[arg(long, alias = "cache-out", value_name = "CACHE")]
    cache_to: Vec<CacheToFlag>,

    /// How progress is shown on standard error (also: BUILDKIT_PROGRESS) [default: auto]
    #[arg(long, value_name = "MODE")]
    progress: Option<ProgressMode>,

    /// Build nothing: look for what is odd about the Dockerfile; exit code 1 if there is something
    #[arg(long)]
    check: bool,

    /// What to do: build, or check as --check does
    #[arg(long, value_name = "METHOD", default_value = "build", conflicts_with = "check")]
    call: Call,

    /// Where a command of RUN fails, open a shell in the state that it has left; the build fails when that has ended
    #[arg(long)]
    debug_shell: bool,

    /// File to write the image's ID to: the digest of its configuration, or of the index of several platforms
    #[arg(long, value_name = "PATH")]
    iidfile: Option<PathBuf>,

    /// File to write what is known of the result to, as JSON
    #[arg(long, value_name = "PATH")]
    metadata_file: Option<PathBuf>,

    /// Show no progress
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    platforms: TargetFlags,

    /// Secret for RUN --mount=type=secret: id=ID[,src=PATH|,env=NAME]
    #[arg(long, value_name = "SECRET")]
    secret: Vec<SecretFlag>,

    /// SSH agent for RUN --mount=type=ssh: default, or ID=SOCKET
    #[arg(long, value_name = "AGENT")]
    ssh: Vec<SshFlag>,

    /// What takes the place of a stage or an image: a directory, an address, docker-image:// or oci-layout://
    #[arg(long, value_name = "NAME=SOURCE")]
    build_context: Vec<NamedContext>,

    /// Network of RUN: default or none; host is default
    #[arg(long, value_name = "NETWORK", default_value = "default")]
    network: NetworkMode,

    /// Further host name for RUN
    #[arg(long, value_name = "NAME:ADDRESS", value_parser = add_host::parse)]
    add_host: Vec<HostEntry>,

    #[command(flatten)]
    resolver: ResolverFlags,

    /// Without effect: there is no builder to talk to
    #[arg(long, value_name = "PORT", hide = true)]
    vsock_port: Option<u32>,

    /// Processors of machines that run commands
    #[arg(short, long, value_parser = cpus::parse)]
    cpus: Option<u32>,

    /// Memory of machines that run commands, for example 2G
    #[arg(short, long, value_name = "SIZE")]
    memory: Option<ByteSize>,

    /// Directory with the files that may be copied, the address of a tar or a Git repository, or `-` for a tar or a Dockerfile on standard input
    #[arg(value_name = "CONTEXT", default_value = ".")]
    context: PathBuf,
}

impl Build {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?.configured()?;
        let mode = progress::mode(self.progress, self.quiet)?;
        let shown = progress::shown(mode);
        let only_checks = self.check || self.call == Call::Check;
        let debug_shell = self.debug_shell.then(|| debug_shell::of_user(&shown)).flatten();
        let files = ImageFiles {
            id: self.iidfile.clone(),
            metadata: self.metadata_file.clone(),
        };
        let mut request = self.request(|text| Ok(engine.reference(text).map_err(ImageError::from)?))?;
        request.debug_shell = debug_shell;
        let shown_result = ShownResult::of(&request.outputs, mode);
        let mut signals = Signals::listen()?;
        if only_checks {
            return signals.or_end(check::run(&engine, request)).await;
        }
        files.clear()?;
        let progress: Arc<dyn BuildProgress> = Arc::clone(&shown) as _;
        let built = signals
            .or_end(async { Ok::<_, CommandError>(container_build::build(&engine, request, progress).await) })
            .await;
        shown.end();
        let built = built?.map_err(|error| failure::explain(&error))?;
        files.write(&built)?;
        shown_result.print(built.image.as_ref())?;
        Ok(0)
    }

    fn request(
        self,
        reference: impl Fn(&str) -> Result<container_oci::Reference, CommandError>,
    ) -> Result<BuildRequest, CommandError> {
        let (context, dockerfile) = sources::sources(&self.context, self.file.as_deref())?;
        let mut request = BuildRequest::new(context);
        request.dockerfile = dockerfile;
        request.named_contexts = self.build_context.into_iter().map(NamedContext::into_pair).collect();
        request.target = self.target;
        let given = self.build_arg.into_iter().filter_map(Variable::into_pair);
        request.build_args = with_epoch(given.collect());
        request.platforms = self.platforms.chosen()?;
        request.labels = collect_labels(self.label);
        request.tags = self.tag.iter().map(|text| reference(text)).collect::<Result<_, _>>()?;
        request.no_cache = match (self.no_cache, self.no_cache_filter.is_empty()) {
            (true, _) => NoCache::Everything,
            (false, true) => NoCache::Nothing,
            (false, false) => NoCache::Stages(self.no_cache_filter.into_iter().collect()),
        };
        request.pulls = self.pull;
        request.network = BuildNetwork {
            is_none: self.network == NetworkMode::None,
            networking: NetworkingRequest {
                networks: NetworkSelection::Default,
                dns: self.resolver.config(),
                extra_hosts: self.add_host,
                ..NetworkingRequest::default()
            },
        };
        request.cpus = self.cpus;
        request.memory = self.memory;
        request.secrets = self.secret.into_iter().map(SecretFlag::into_pair).collect();
        request.ssh_agents = self.ssh.into_iter().map(SshFlag::into_pair).collect::<Result<_, _>>()?;
        let annotations = self.annotation.into_iter();
        request.annotations = annotations.flat_map(AnnotationFlag::into_annotations).collect();
        let inline = request.build_args.get(INLINE_CACHE).is_some_and(|value| value == "1");
        let to = self.cache_to.into_iter().chain(inline.then(CacheToFlag::inline));
        request.cache_to = to.map(|flag| flag.into_target(&reference)).collect::<Result<_, _>>()?;
        let from = self.cache_from.into_iter();
        request.cache_from = from
            .map(|flag| flag.into_source(&reference))
            .collect::<Result<_, _>>()?;
        request.provenance = attestations(self.attest, (self.provenance, self.sbom))?;
        request.outputs = outputs(self.output, (self.push, self.load, &self.tag), &reference)?;
        Ok(request)
    }
}

/// The time of the environment, unless the build was given one.
fn with_epoch(mut given: BTreeMap<String, String>) -> BTreeMap<String, String> {
    const EPOCH: &str = "SOURCE_DATE_EPOCH";
    if let (false, Ok(value)) = (given.contains_key(EPOCH), std::env::var(EPOCH)) {
        given.insert(EPOCH.to_owned(), value);
    }
    given
}
