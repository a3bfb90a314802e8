//! Debian root file systems for the end-to-end tests and the benchmarks, made once as root: an ordinary user would need user namespaces for it.

use crate::architecture::Architecture;
use crate::progress::say;
use crate::{cache, digest, process};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The release in the tests' image.
const SUITE: &str = "bookworm";
/// Packages that the smallest variant with apt does not have: the tests of layers use `getfattr` and `getfacl`.
const PACKAGES: &str = "acl,attr";

/// What a root file system for another architecture has. Its programs cannot run here, so its packages are unpacked and not configured, which is
/// enough for the programs named here; mmdebstrap adds what they depend on.
const FOREIGN_PACKAGES: &str = "apt,base-files,base-passwd,bash,coreutils,dash,grep,libc-bin,sed,tar";

/// The servers and clients with which networks and storage are tested. What they recommend is left out.
const PEERS: &str = "bind9-dnsutils,curl,docker-registry,git,iperf3,mariadb-client-core,mariadb-server-core,nginx-light,openssh-client,\
                     openssh-server,postgresql-15,redis-server";

/// A C compiler and what programs for Linux are compiled with.
const COMPILER: &str = "libc6-dev,tcc";

/// Files of packages that nothing here needs, half of those servers: what PostgreSQL compiles queries with, languages and documentation.
const UNUSED_BY_PEERS: [&str; 7] = [
    "/usr/lib/*/libLLVM-*",
    "/usr/lib/*/libz3.*",
    "/usr/lib/postgresql/*/lib/bitcode/*",
    "/usr/share/doc/*",
    "/usr/share/i18n/*",
    "/usr/share/locale/*",
    "/usr/share/man/*",
];

/// What mmdebstrap is to make.
struct Contents<'a> {
    architecture: Architecture,
    variant: &'a str,
    packages: &'a str,
    /// Patterns of paths that dpkg does not unpack.
    without: &'a [&'a str],
}

impl Contents<'_> {
    fn make(&self, archive: &Path) -> Result<()> {
        let unpacking = self.without.iter();
        let unpacking = unpacking.map(|pattern| format!("--dpkgopt=path-exclude={pattern}"));
        process::run(
            Command::new("mmdebstrap")
                .arg("--quiet")
                .arg(format!("--architectures={}", self.architecture.oci_name()))
                .arg(format!("--variant={}", self.variant))
                .arg(format!("--include={}", self.packages))
                .args(unpacking)
                .arg(SUITE)
                .arg(archive),
        )
    }
}

/// The cached tar archive, made by mmdebstrap if it is not there yet.
///
/// # Errors
/// When mmdebstrap fails.
pub(crate) fn cached(architecture: Architecture) -> Result<PathBuf> {
    let (name, variant, packages) = if architecture == Architecture::host() {
        (format!("{SUITE}-apt-attr.tar"), "apt", PACKAGES)
    } else {
        let name = format!("{SUITE}-unpacked-{}.tar", architecture.oci_name());
        (name, "extract", FOREIGN_PACKAGES)
    };
    let contents = Contents {
        architecture,
        variant,
        packages,
        without: &[],
    };
    made_once(&name, &contents)
}

/// The cached tar archive with servers and clients, for this host's own guests. It is made again when the list of what it has changes.
///
/// # Errors
/// When mmdebstrap fails.
pub(crate) fn peers() -> Result<PathBuf> {
    let contents = Contents {
        architecture: Architecture::host(),
        variant: "apt",
        packages: PEERS,
        without: &UNUSED_BY_PEERS,
    };
    let listed = digest::of_bytes(format!("{PEERS} {}", UNUSED_BY_PEERS.join(" ")).as_bytes());
    made_once(&format!("{SUITE}-peers-{}.tar", &listed[..16]), &contents)
}

/// The cached tar archive with a C compiler, for this host's own guests.
///
/// # Errors
/// When mmdebstrap fails.
pub(crate) fn compiler() -> Result<PathBuf> {
    let contents = Contents {
        architecture: Architecture::host(),
        variant: "apt",
        packages: COMPILER,
        without: &UNUSED_BY_PEERS,
    };
    made_once(&format!("{SUITE}-tcc.tar"), &contents)
}

fn made_once(name: &str, contents: &Contents<'_>) -> Result<PathBuf> {
    let directory = cache::directory()?.join("debian");
    let _lock = cache::lock(&directory)?;
    let archive = directory.join(name);
    if archive.exists() {
        return Ok(archive);
    }
    say(format_args!(
        "making a Debian {SUITE} root file system for the tests, {name}"
    ));
    let unfinished = directory.join("unfinished.tar");
    contents.make(&unfinished)?;
    fs::rename(&unfinished, &archive).with_context(|| format!("cannot rename {}", unfinished.display()))?;
    Ok(archive)
}
