//! A copy of the crate `objc2-virtualization` that can be compiled where there are no frameworks.
//!
//! One attribute of the release is unconditional where those of its siblings are not: `#[link(kind = "framework")]`, which is an error elsewhere
//! (E0455). The copy differs in that line only.

use crate::progress::say;
use crate::{process, workspace};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const CRATE: &str = "objc2-virtualization";
/// Where the line is.
const FILE: &str = "src/generated/mod.rs";
/// The line, and what it becomes.
const LINE: &str = r#"#[link(name = "Virtualization", kind = "framework")]"#;
const REPLACEMENT: &str = r#"#[cfg_attr(target_vendor = "apple", link(name = "Virtualization", kind = "framework"))]"#;

/// Makes the copy in `directory` of the version that `lock_file` names, unless it is there.
///
/// # Errors
/// When the crate cannot be had, or is not as it is expected to be.
pub(super) fn copy(lock_file: &Path, directory: &Path) -> Result<()> {
    let version = locked_version(&read(lock_file)?).with_context(|| format!("in {}", lock_file.display()))?;
    let copy = directory.join(CRATE);
    let stamp = directory.join(format!("{CRATE}.version"));
    if fs::read_to_string(&stamp).is_ok_and(|made| made == version) && copy.join(FILE).is_file() {
        return Ok(());
    }
    say(format_args!("copying {CRATE} {version}"));
    let original = original(&version, &directory.join("bindings"))?;
    let patched =
        patch(&read(&original.join(FILE))?).with_context(|| format!("{CRATE} {version} is not as expected: {FILE}"))?;
    if copy.exists() {
        fs::remove_dir_all(&copy).with_context(|| format!("cannot remove {}", copy.display()))?;
    }
    copy_tree(&original, &copy)?;
    let file = copy.join(FILE);
    fs::write(&file, patched).with_context(|| format!("cannot write {}", file.display()))?;
    fs::write(&stamp, version).with_context(|| format!("cannot write {}", stamp.display()))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The version of the crate in a lock file.
fn locked_version(lock_file: &str) -> Result<String> {
    let table: toml::Table = lock_file.parse()?;
    let packages = table.get("package").and_then(toml::Value::as_array);
    packages
        .into_iter()
        .flatten()
        .find(|package| package.get("name").and_then(toml::Value::as_str) == Some(CRATE))
        .and_then(|package| package.get("version")?.as_str())
        .map(str::to_owned)
        .with_context(|| format!("no package {CRATE}"))
}

/// The directory in cargo's cache with this version. A package that has nothing but this dependency makes cargo get and name it.
fn original(version: &str, directory: &Path) -> Result<PathBuf> {
    let manifest = format!(
        "[package]\nname = \"bindings\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         {CRATE} = {{ version = \"={version}\", default-features = false }}\n"
    );
    fs::create_dir_all(directory.join("src")).with_context(|| format!("cannot create {}", directory.display()))?;
    fs::write(directory.join("src/lib.rs"), "")?;
    fs::write(directory.join("Cargo.toml"), manifest)?;
    let metadata = |network: &[&str]| {
        process::output(
            Command::new(workspace::cargo())
                .args(["metadata", "--format-version", "1", "--quiet"])
                .args(network)
                .current_dir(directory),
        )
    };
    // What is in the cache is enough, and there may be no network.
    let metadata = metadata(&["--offline"]).or_else(|_| metadata(&[]))?;
    manifest_directory(&metadata)
}

/// The directory of the crate in the output of `cargo metadata`.
fn manifest_directory(metadata: &str) -> Result<PathBuf> {
    let metadata: serde_json::Value = serde_json::from_str(metadata)?;
    let packages = metadata.get("packages").and_then(serde_json::Value::as_array);
    let manifest = packages
        .into_iter()
        .flatten()
        .find(|package| package.get("name").and_then(serde_json::Value::as_str) == Some(CRATE))
        .and_then(|package| package.get("manifest_path")?.as_str())
        .with_context(|| format!("cargo metadata has no package {CRATE}"))?;
    let directory = Path::new(manifest).parent();
    Ok(directory.context("a manifest without a directory")?.to_owned())
}

/// The text with the one line replaced.
fn patch(text: &str) -> Result<String> {
    let count = text.lines().filter(|line| *line == LINE).count();
    let mentions = text.matches("kind = \"framework\"").count();
    if count != 1 || mentions != 1 {
        bail!("`{LINE}` is there {count} times, and a framework is linked {mentions} times; both must be once");
    }
    Ok(text.replace(LINE, REPLACEMENT))
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            // The content only: cargo's cache may be read-only.
            let content = fs::read(entry.path()).with_context(|| format!("cannot read {}", entry.path().display()))?;
            fs::write(&target, content).with_context(|| format!("cannot write {}", target.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_line_is_replaced() {
        let text = format!("#![allow(x)]\n\n{LINE}\nextern \"C\" {{}}\n");
        assert_eq!(
            patch(&text).unwrap(),
            format!("#![allow(x)]\n\n{REPLACEMENT}\nextern \"C\" {{}}\n")
        );
    }

    #[test]
    fn other_bindings_are_refused() {
        patch("extern \"C\" {}\n").unwrap_err();
        patch(&format!("{LINE}\n{LINE}\n")).unwrap_err();
        patch(&format!("{LINE}\n#[link(name = \"Other\", kind = \"framework\")]\n")).unwrap_err();
        patch(&format!("{REPLACEMENT}\n")).unwrap_err();
    }

    #[test]
    fn the_version_is_that_of_the_lock_file() {
        let text = fs::read_to_string(workspace::root().join("tests/vz/Cargo.lock")).unwrap();
        let version = locked_version(&text).unwrap();
        assert!(version.starts_with("0.3."), "{version}");
        locked_version("[[package]]\nname = \"other\"\nversion = \"1.0.0\"\n").unwrap_err();
    }

    #[test]
    fn the_directory_is_read_from_the_metadata() {
        let metadata = r#"{"packages":[{"name":"a","manifest_path":"/a/Cargo.toml"},{"name":"objc2-virtualization","manifest_path":"/b/Cargo.toml"}]}"#;
        assert_eq!(manifest_directory(metadata).unwrap(), Path::new("/b"));
        manifest_directory(r#"{"packages":[]}"#).unwrap_err();
    }
}
