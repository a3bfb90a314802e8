//! The Debian packages that each task needs.
//!
//! A package counts as present when the file that it is needed for is there, whatever installed it.

use crate::architecture::{Architecture, Image};
use crate::process;
use std::path::Path;

/// A package and the file that shows that it is not needed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    /// The package's name.
    pub(crate) name: &'static str,
    /// A program looked for in `PATH`, or an absolute path.
    pub(crate) shows: &'static str,
}

const fn package(name: &'static str, shows: &'static str) -> Package {
    Package { name, shows }
}

/// Packages for building and running guests of `architectures` on this host.
pub(crate) fn for_setup(architectures: &[Architecture]) -> Vec<Package> {
    let mut packages = for_building();
    packages.extend(architectures.iter().map(|architecture| qemu(*architecture)));
    packages
}

fn qemu(architecture: Architecture) -> Package {
    match architecture {
        Architecture::X86_64 => package("qemu-system-x86", architecture.qemu()),
        Architecture::Aarch64 => package("qemu-system-arm", architecture.qemu()),
    }
}

/// The C compiler and the tools of the kernel's build.
fn for_building() -> Vec<Package> {
    vec![
        package("gcc", "gcc"),
        package("libc6-dev", "/usr/include/stdio.h"),
        package("make", "make"),
        package("flex", "flex"),
        package("bison", "bison"),
        package("bc", "bc"),
        package("libelf-dev", "/usr/include/libelf.h"),
        package("patch", "patch"),
        package("perl", "perl"),
        package("xz-utils", "xz"),
    ]
}

/// Packages for building a kernel for `architecture` in the form `image`.
pub(crate) fn for_kernel(architecture: Architecture, image: Image) -> Vec<Package> {
    let mut packages = for_building();
    match architecture {
        _ if architecture == Architecture::host() => {}
        Architecture::X86_64 => packages.push(package("gcc-x86-64-linux-gnu", "x86_64-linux-gnu-gcc")),
        Architecture::Aarch64 => packages.push(package("gcc-aarch64-linux-gnu", "aarch64-linux-gnu-gcc")),
    }
    if image == Image::BzImage {
        packages.push(package("lz4", "lz4"));
    }
    packages
}

/// Packages that the tests compare with, check with and take real data from.
pub(crate) fn for_tests() -> Vec<Package> {
    vec![
        package("busybox-static", "busybox"),
        package("e2fsprogs", "mke2fs"),
        package("docker-registry", "docker-registry"),
        package("apache2-utils", "htpasswd"),
        package("openssl", "openssl"),
        package("git", "git"),
        package("openssh-client", "ssh-agent"),
        package("skopeo", "skopeo"),
        package("mmdebstrap", "mmdebstrap"),
        package("expect", "expect"),
        package("tmux", "tmux"),
        package("dbus", "dbus-run-session"),
        package("gnome-keyring", "gnome-keyring-daemon"),
        package("zstd", "zstd"),
        package("wrk", "wrk"),
        package("iperf3", "iperf3"),
    ]
}

/// Packages for fuzzing: libFuzzer is written in C++.
pub(crate) fn for_fuzzing() -> Vec<Package> {
    vec![package("g++", "g++")]
}

/// Packages that get Zig, which links for macOS.
pub(crate) fn for_mac_link() -> Vec<Package> {
    vec![
        package("python3", "python3"),
        package("python3-pip", "/usr/lib/python3/dist-packages/pip/__main__.py"),
    ]
}

/// Packages that `cargo xtask bench images` compares with and measures with.
pub(crate) fn for_image_bench() -> Vec<Package> {
    vec![
        package("docker-registry", "docker-registry"),
        package("skopeo", "skopeo"),
        package("mmdebstrap", "mmdebstrap"),
        package("podman", "podman"),
        package("runc", "runc"),
        package("curl", "curl"),
        package("time", "/usr/bin/time"),
    ]
}

/// Packages that `cargo xtask bench build` compares with and measures with.
pub(crate) fn for_build_bench() -> Vec<Package> {
    vec![
        package("buildah", "buildah"),
        package("mmdebstrap", "mmdebstrap"),
        package("time", "/usr/bin/time"),
    ]
}

/// Packages that `cargo xtask bench network` compares with and measures with.
pub(crate) fn for_network_bench() -> Vec<Package> {
    vec![package("passt", "passt"), package("wrk", "wrk")]
}

/// The names of those of `packages` that are missing.
pub(super) fn missing(packages: &[Package]) -> Vec<&'static str> {
    packages
        .iter()
        .filter(|package| !present(package.shows))
        .map(|package| package.name)
        .collect()
}

fn present(shows: &str) -> bool {
    if shows.starts_with('/') {
        Path::new(shows).exists()
    } else {
        process::find(shows).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_present_when_its_file_is() {
        assert!(present("sh"));
        assert!(present("/"));
        assert!(!present("no-such-program-anywhere"));
        assert!(!present("/no/such/header.h"));
    }

    #[test]
    fn an_installed_program_is_not_missing() {
        let packages = [package("one", "sh"), package("two", "no-such-program-anywhere")];
        assert_eq!(missing(&packages), ["two"]);
    }
}
