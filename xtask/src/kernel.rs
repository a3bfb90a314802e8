//! `cargo xtask kernel`: the guest kernel.
//!
//! The cache key names everything that the result depends on: fragments, patch, list of required options, source and compiler. The kernel is
//! kept outside the checkout under that key, so that a fresh clone does not build it again on the same machine.

mod build;
mod configuration;
mod fragment;
pub(crate) mod given;
mod key;
mod pin;
mod source;
mod vdso;

use crate::architecture::{Architecture, Image, Variant};
use crate::progress::say;
use crate::{cache, debian, install_tree};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// Names a tarball to build from where Debian's package is not available.
const SOURCE_VARIABLE: &str = "CONTAINER_KERNEL_SOURCE";
/// The SHA-256 digest of that tarball.
const SHA256_VARIABLE: &str = "CONTAINER_KERNEL_SHA256";

/// Options of `cargo xtask kernel`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Architecture of the guest.
    #[arg(long, value_enum, default_value_t = Architecture::host())]
    arch: Architecture,
    /// What the kernel runs on.
    #[arg(long, value_enum, default_value_t = Variant::Emulated)]
    variant: Variant,
    /// Form of the file. A bzImage, for Intel Macs, is made of the standard x86_64 kernel.
    #[arg(long, value_enum, default_value_t = Image::Vmlinux)]
    image: Image,
    /// Adds kernel/full.config: IPVS, IP sets, VXLAN, EROFS, DAX and the like.
    #[arg(long)]
    full: bool,
    /// Builds from this tarball instead of Debian's package.
    #[arg(long, value_name = "TARBALL", requires = "sha256", env = SOURCE_VARIABLE)]
    source: Option<PathBuf>,
    /// The SHA-256 digest that TARBALL must have.
    #[arg(long, value_name = "HEX", requires = "source", env = SHA256_VARIABLE)]
    sha256: Option<String>,
}

/// A kernel to be built.
pub(crate) struct Request {
    pub(crate) architecture: Architecture,
    pub(crate) variant: Variant,
    pub(crate) image: Image,
    pub(crate) full: bool,
    pub(crate) source: source::Choice,
}

impl Request {
    /// The kernel that `setup` builds: the small set of options, from the tarball that the environment names, else from the pinned
    /// package.
    pub(crate) fn for_setup(architecture: Architecture, variant: Variant) -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let source = match (set(SOURCE_VARIABLE), set(SHA256_VARIABLE)) {
            (Some(tarball), Some(sha256)) => source::Choice::Given {
                tarball: tarball.into(),
                sha256,
            },
            _ => source::Choice::Pinned,
        };
        Self {
            architecture,
            variant,
            image: Image::Vmlinux,
            full: false,
            source,
        }
    }

    /// The same kernel in another form.
    pub(crate) fn with_image(self, image: Image) -> Self {
        Self { image, ..self }
    }

    fn has_image(&self) -> bool {
        self.image == Image::Vmlinux || (self.architecture == Architecture::X86_64 && self.variant == Variant::Standard)
    }
}

/// Builds the kernel, puts it into the install tree and prints its path.
///
/// # Errors
/// See [`build()`].
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let source = match (&arguments.source, &arguments.sha256) {
        (Some(tarball), Some(sha256)) => source::Choice::Given {
            tarball: tarball.clone(),
            sha256: sha256.clone(),
        },
        _ => source::Choice::Pinned,
    };
    let request = Request {
        architecture: arguments.arch,
        variant: arguments.variant,
        image: arguments.image,
        full: arguments.full,
        source,
    };
    println!("{}", build(&request)?.display());
    Ok(())
}

/// Builds the kernel unless the cache has it, puts it into the install tree and returns its path there.
///
/// # Errors
/// When a package is missing and cannot be installed, the source is not the one that was asked for, an option was dropped, or the build fails.
pub(crate) fn build(request: &Request) -> Result<PathBuf> {
    if cfg!(not(target_os = "linux")) {
        bail!("{}", given::advice(request.architecture));
    }
    if !request.has_image() {
        bail!("a bzImage is made of the standard x86_64 kernel: --arch x86_64 --variant standard");
    }
    debian::install(&debian::for_kernel(request.architecture, request.image))?;
    let directory = cache::directory()?.join("kernel");
    let inputs = key::Inputs::read(request)?;
    let image = match cached(&directory, &inputs, request)? {
        Some(image) => image,
        None => build_from_source(&directory, &inputs, request)?,
    };
    install_tree::place(
        &image,
        &install_tree::share_directory().join(request.image.file_name(request.architecture, request.variant)),
    )
}

/// The cached image of the source digest that the request is bound to, without reading the source.
fn cached(directory: &Path, inputs: &key::Inputs, request: &Request) -> Result<Option<PathBuf>> {
    let Some(sha256) = source::expected_sha256(&request.source)? else {
        return Ok(None);
    };
    let image = directory.join(inputs.key(&sha256)).join(request.image.name());
    Ok(image.exists().then_some(image))
}

fn build_from_source(directory: &Path, inputs: &key::Inputs, request: &Request) -> Result<PathBuf> {
    let _lock = cache::lock(directory)?;
    let source = source::obtain(&request.source)?;
    let key = inputs.key(&source.sha256);
    let destination = directory.join(&key);
    let image = destination.join(request.image.name());
    if image.exists() {
        return Ok(image);
    }
    say(format_args!(
        "kernel {} {} from {} (sha256 {}), key {key}",
        request.architecture.name(),
        request.variant.name(),
        source.description,
        source.sha256
    ));
    build::build(&source.tarball, inputs, request, &destination)?;
    Ok(image)
}
