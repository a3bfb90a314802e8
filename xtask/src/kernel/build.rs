//! Unpacking, patching, configuring and compiling a kernel.

use super::Request;
use super::configuration;
use super::key::Inputs;
use super::vdso;
use crate::architecture::{Architecture, Image};
use crate::process;
use crate::progress::say;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often a running build says how far it is.
const REPORT_EVERY: Duration = Duration::from_secs(20);

/// Builds into `destination`: `vmlinux`, `config`, and `bzImage` if that is asked for. Each appears by a rename when everything is complete. A
/// destination that exists was made from the same inputs and lacks the bzImage only.
///
/// # Errors
/// When a step fails; the error has the end of the compiler's output.
pub(crate) fn build(tarball: &Path, inputs: &Inputs, request: &Request, destination: &Path) -> Result<()> {
    let parent = destination.parent().context("a path without a parent")?;
    let scratch = tempfile::Builder::new().prefix(".build-").tempdir_in(parent)?;
    let tree = scratch.path().join("linux");
    fs::create_dir(&tree)?;
    say("unpacking the kernel source");
    unpack(tarball, &tree, request.architecture)?;
    let patch = scratch.path().join("our.patch");
    fs::write(&patch, &inputs.patch)?;
    process::run(
        Command::new("patch")
            .args(["-p1", "--forward", "--silent", "-i"])
            .arg(&patch)
            .current_dir(&tree),
    )?;

    let fragment = scratch.path().join("fragment");
    fs::write(&fragment, inputs.fragment_text())?;
    let mut all_config = std::ffi::OsString::from("KCONFIG_ALLCONFIG=");
    all_config.push(&fragment);
    process::output(
        make(&tree, request.architecture)
            .arg("-s")
            .arg(all_config)
            .arg("allnoconfig"),
    )?;
    let configuration = fs::read_to_string(tree.join(".config"))?;
    configuration::check(&configuration, &inputs.settings, &inputs.required_names())?;

    let (goal, image) = match (request.architecture, request.image) {
        (Architecture::X86_64, Image::Vmlinux) => ("vmlinux", "vmlinux"),
        (Architecture::X86_64, Image::BzImage) => ("bzImage", "vmlinux"),
        (Architecture::Aarch64, _) => ("Image", "arch/arm64/boot/Image"),
    };
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    compile(
        make(&tree, request.architecture)
            .arg(format!("-j{jobs}"))
            .arg(format!("KCFLAGS={}", inputs.flags))
            .arg(goal),
        &scratch.path().join("log"),
    )?;

    let result = scratch.path().join("result");
    fs::create_dir(&result)?;
    let finished = result.join("vmlinux");
    match request.architecture {
        // Only the loadable segments, because QEMU reads the whole file at every start.
        Architecture::X86_64 => process::run(
            Command::new(format!("{}strip", request.architecture.tool_prefix()))
                .arg("-s")
                .arg("-o")
                .arg(&finished)
                .arg(tree.join(image)),
        )?,
        Architecture::Aarch64 => {
            vdso::check(&tree, request.architecture)?;
            fs::rename(tree.join(image), &finished)?;
        }
    }
    if request.image == Image::BzImage {
        fs::rename(tree.join("arch/x86/boot/bzImage"), result.join(Image::BzImage.name()))?;
    }
    fs::write(result.join("config"), configuration)?;
    let built = result.join(request.image.name());
    say(format_args!("kernel image: {} bytes", fs::metadata(&built)?.len()));
    publish(&result, destination)
}

/// Moves what was built to `destination`, file by file if that exists.
fn publish(result: &Path, destination: &Path) -> Result<()> {
    let failure = || format!("cannot create {}", destination.display());
    if !destination.exists() {
        return fs::rename(result, destination).with_context(failure);
    }
    for entry in fs::read_dir(result)? {
        let entry = entry?;
        fs::rename(entry.path(), destination.join(entry.file_name())).with_context(failure)?;
    }
    Ok(())
}

/// Parts of the source that none of our kernels compiles, two thirds of its files. They are not unpacked, except for the files of the
/// configuration system (`Kconfig`, `Makefile`), which reads all of them.
const NOT_COMPILED: [&str; 13] = [
    "*/Documentation/*.rst",
    "*/Documentation/*.txt",
    "*/Documentation/*.yaml",
    "*/drivers/accel/*.[ch]",
    "*/drivers/gpu/*.[ch]",
    "*/drivers/iio/*.[ch]",
    "*/drivers/infiniband/*.[ch]",
    "*/drivers/media/*.[ch]",
    "*/drivers/net/ethernet/*.[ch]",
    "*/drivers/net/wireless/*.[ch]",
    "*/drivers/staging/*.[ch]",
    "*/sound/*.[ch]",
    "*/tools/testing/*",
];

/// Other architectures, of which 32-bit Arm shares files with the 64-bit one.
const OTHER_ARCHITECTURES: [&str; 7] = ["mips", "m68k", "powerpc", "riscv", "s390", "sh", "sparc"];

fn unpack(tarball: &Path, tree: &Path, architecture: Architecture) -> Result<()> {
    let mut tar = Command::new("tar");
    // xz decompresses blocks side by side if it is told to.
    tar.env("XZ_OPT", "--threads=0");
    for pattern in NOT_COMPILED {
        tar.arg(format!("--exclude={pattern}"));
    }
    for other in OTHER_ARCHITECTURES {
        tar.arg(format!("--exclude=*/arch/{other}/*.[chS]"));
    }
    if architecture == Architecture::X86_64 {
        tar.args(["--exclude=*/arch/arm/*.dts*", "--exclude=*/arch/arm/*.[chS]"]);
        tar.args(["--exclude=*/arch/arm64/*.dts*", "--exclude=*/arch/arm64/*.[chS]"]);
    }
    process::run(
        tar.arg("-xf")
            .arg(tarball)
            .arg("-C")
            .arg(tree)
            .arg("--strip-components=1"),
    )
}

/// `make` in the source tree, with an environment that lets the same inputs give the same image.
fn make(tree: &Path, architecture: Architecture) -> Command {
    let mut command = Command::new("make");
    command
        .current_dir(tree)
        .arg(format!("ARCH={}", architecture.kernel_name()))
        .arg(format!("CROSS_COMPILE={}", architecture.tool_prefix()))
        .env_remove("MAKEFLAGS")
        .env("KBUILD_BUILD_TIMESTAMP", "1970-01-01 00:00:00 UTC")
        .env("KBUILD_BUILD_VERSION", "1")
        .env("KBUILD_BUILD_USER", "container")
        .env("KBUILD_BUILD_HOST", "xtask");
    command
}

/// Runs the build with its output in `log`, and reports from time to time how many files it has compiled.
fn compile(command: &mut Command, log: &Path) -> Result<()> {
    let mut writer = File::create(log)?;
    say(format_args!("`{}`: some minutes", process::line(command)));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(writer.try_clone()?)
        .spawn()
        .context("cannot start make")?;
    let start = Instant::now();
    let mut reported = start;
    let mut compiled = 0_u32;
    let output = child.stdout.take().context("make has no output")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        compiled += u32::from(line.starts_with(b"  CC "));
        writer.write_all(&line)?;
        writer.write_all(b"\n")?;
        if reported.elapsed() >= REPORT_EVERY {
            reported = Instant::now();
            say(format_args!(
                "kernel: {compiled} files compiled in {} s",
                start.elapsed().as_secs()
            ));
        }
    }
    if !child.wait()?.success() {
        bail!(
            "the kernel does not build; its last words:\n{}",
            tail(&fs::read_to_string(log)?, 40)
        );
    }
    say(format_args!(
        "kernel: {compiled} files compiled in {} s",
        start.elapsed().as_secs()
    ));
    Ok(())
}

/// The last `count` lines of `text`.
fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .get(lines.len().saturating_sub(count)..)
        .unwrap_or_default()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_build_shows_the_end_of_its_output() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let error = compile(
            Command::new("sh").args(["-c", "echo '  CC      x.o'; echo broken >&2; exit 2"]),
            log.path(),
        );
        assert!(error.unwrap_err().to_string().contains("broken"));
    }

    #[test]
    fn a_further_image_comes_beside_the_first() {
        let cache = tempfile::tempdir().unwrap();
        let destination = cache.path().join("key");
        for names in [&["vmlinux"][..], &["vmlinux", "bzImage"]] {
            let result = cache.path().join("result");
            fs::create_dir(&result).unwrap();
            for name in names {
                fs::write(result.join(name), name).unwrap();
            }
            publish(&result, &destination).unwrap();
            assert!(names.iter().all(|name| destination.join(name).exists()));
            let _ = fs::remove_dir(&result);
        }
    }

    #[test]
    fn the_tail_of_a_short_text_is_the_text() {
        assert_eq!(tail("a\nb", 40), "a\nb");
        assert_eq!(tail("a\nb\nc", 2), "b\nc");
    }
}
