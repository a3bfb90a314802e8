//! The test binaries of the workspace and the tests in them.

use crate::{process, workspace};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A compiled test binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binary {
    /// Its package and, unless that is the package's library, its target: `image`, `image::pull`.
    pub(crate) name: String,
    /// The directory of the package, in which its tests expect to run.
    pub(crate) package: PathBuf,
    /// The file.
    pub(crate) path: PathBuf,
}

impl Binary {
    /// Does it hold end-to-end tests, which run the built program with real machines as an ordinary user?
    pub(crate) fn is_end_to_end(&self) -> bool {
        self.package.ends_with("tests/e2e")
    }
}

/// Which tests to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Every test of the workspace.
    Workspace,
    /// The end-to-end tests alone.
    EndToEnd,
}

/// Compiles the tests and returns the binaries.
///
/// # Errors
/// When something does not compile.
pub(crate) fn compile(scope: Scope) -> Result<Vec<Binary>> {
    let mut command = Command::new(workspace::cargo());
    command.current_dir(workspace::root()).args([
        "test",
        "--locked",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]);
    match scope {
        Scope::Workspace => command.arg("--workspace"),
        Scope::EndToEnd => command.args(["--package", "container-e2e"]),
    };
    if scope == Scope::Workspace && cfg!(not(target_os = "linux")) {
        for package in [
            "container-files-load",
            "container-peer",
            "container-vminitd",
            "container-workload",
        ] {
            command.args(["--exclude", package]);
        }
    }
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("`{}` failed: {}", process::line(&command), output.status);
    }
    let binaries: Vec<Binary> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(binary)
        .collect();
    if binaries.is_empty() {
        bail!("`{}` names no test binary", process::line(&command));
    }
    Ok(binaries)
}

/// The test binary in a line of cargo's JSON ("Artifact messages" in the Cargo Book's "External tools").
fn binary(line: &str) -> Option<Binary> {
    let message: Value = serde_json::from_str(line).ok()?;
    let is_test = message.get("reason")? == "compiler-artifact" && message.pointer("/profile/test")? == true;
    let path = message.get("executable")?.as_str().filter(|_| is_test)?;
    let package = Path::new(message.get("manifest_path")?.as_str()?).parent()?;
    let target = message.get("target")?;
    let is_test_target = target.pointer("/kind/0")? == "test";
    let mut name = package.file_name()?.to_string_lossy().into_owned();
    if is_test_target {
        name = format!("{name}::{}", target.get("name")?.as_str()?);
    }
    Some(Binary {
        name,
        package: package.to_owned(),
        path: path.into(),
    })
}

/// The names of the tests in the output of `--list --format terse`.
pub(crate) fn test_names(listing: &str) -> Vec<String> {
    listing
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_binaries_are_read_from_cargos_messages() {
        let line = |reason: &str, test: bool, kind: &str| {
            format!(
                r#"{{"reason":"{reason}","manifest_path":"/c/crates/image/Cargo.toml","target":{{"kind":["{kind}"],"name":"pull"}},"profile":{{"test":{test}}},"executable":"/c/target/debug/deps/pull-1"}}"#
            )
        };
        let found = binary(&line("compiler-artifact", true, "test")).unwrap();
        assert_eq!(found.name, "image::pull");
        assert_eq!(found.package, Path::new("/c/crates/image"));
        assert_eq!(found.path, Path::new("/c/target/debug/deps/pull-1"));
        assert_eq!(binary(&line("compiler-artifact", true, "lib")).unwrap().name, "image");
        assert_eq!(binary(&line("compiler-artifact", false, "lib")), None);
        assert_eq!(binary(&line("build-script-executed", true, "lib")), None);
        assert_eq!(binary("no json"), None);
    }

    #[test]
    fn tests_are_listed_and_benchmarks_are_not() {
        assert_eq!(test_names("a::b: test\nc: benchmark\n\nd: test\n"), ["a::b", "d"]);
    }
}
