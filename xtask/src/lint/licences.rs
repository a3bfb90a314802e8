//! Licences and origins of dependencies, as `deny.toml` allows them.
//!
//! cargo-deny does it where it is installed, with its advisories where their database can be reached. Building cargo-deny takes longer than the
//! rest of a check, so without it the two parts that matter most are done here, from the same file: every crate is from crates.io or ours, and
//! its licence is an allowed one.

use super::Finding;
use super::spdx;
use super::tree::Tree;
use crate::progress::say;
use crate::{process, workspace};
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    if process::find("cargo-deny").is_some() {
        return run_cargo_deny();
    }
    let path = tree.root.join("deny.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let policy = Policy::parse(&text)?;
    let metadata = process::output(
        Command::new(workspace::cargo())
            .args(["metadata", "--format-version", "1", "--locked", "--all-features"])
            .current_dir(&tree.root),
    )?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .context("cargo metadata lists no packages")?;
    Ok(packages
        .iter()
        .filter_map(|package| policy.refusal(package))
        .map(finding)
        .collect())
}

fn finding(message: String) -> Finding {
    Finding {
        path: PathBuf::from("Cargo.lock"),
        line: None,
        message,
    }
}

fn run_cargo_deny() -> Result<Vec<Finding>> {
    let deny = |checks: &[&str]| {
        let mut command = Command::new("cargo-deny");
        process::run(
            command
                .args(["--all-features", "check"])
                .args(checks)
                .current_dir(workspace::root()),
        )
    };
    let mut findings = Vec::new();
    if deny(&["licenses", "bans", "sources"]).is_err() {
        findings.push(finding("cargo-deny found something, see above".to_owned()));
    }
    let reachable = process::output(
        Command::new("cargo-deny")
            .arg("fetch")
            .arg("db")
            .current_dir(workspace::root()),
    )
    .is_ok();
    if !reachable {
        say("lint: the advisory database cannot be reached; advisories are not checked");
    } else if deny(&["advisories"]).is_err() {
        findings.push(finding("cargo-deny knows an advisory, see above".to_owned()));
    }
    Ok(findings)
}

/// What `deny.toml` allows.
struct Policy {
    licences: Vec<String>,
    registries: Vec<String>,
}

impl Policy {
    fn parse(text: &str) -> Result<Self> {
        let table: toml::Table = text.parse().context("in deny.toml")?;
        let list = |section: &str, key: &str| -> Result<Vec<String>> {
            let array = table
                .get(section)
                .and_then(|section| section.get(key))
                .and_then(toml::Value::as_array);
            let array = array.with_context(|| format!("deny.toml has no {section}.{key}"))?;
            Ok(array
                .iter()
                .filter_map(toml::Value::as_str)
                .map(str::to_owned)
                .collect())
        };
        Ok(Self {
            licences: list("licenses", "allow")?,
            registries: list("sources", "allow-registry")?,
        })
    }

    /// Why a package of `cargo metadata` is not allowed, if it is not.
    fn refusal(&self, package: &Value) -> Option<String> {
        let text = |key: &str| package.get(key).and_then(Value::as_str);
        let name = format!("{} {}", text("name").unwrap_or("?"), text("version").unwrap_or("?"));
        // Ours have no source.
        if let Some(source) = text("source") {
            let registry = source.strip_prefix("registry+").unwrap_or(source);
            if !self.registries.iter().any(|allowed| allowed == registry) {
                return Some(format!("{name} comes from {source}, which deny.toml does not allow"));
            }
        }
        let Some(licence) = text("license") else {
            return Some(format!("{name} names no licence"));
        };
        match spdx::allows(licence, &self.licences) {
            Ok(true) => None,
            Ok(false) => Some(format!("{name} is under {licence}, which deny.toml does not allow")),
            Err(error) => Some(format!("{name}: its licence `{licence}` cannot be read: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const POLICY: &str = "[licenses]\nallow = [\"MIT\"]\n[sources]\nallow-registry = [\"https://registry\"]\n";

    fn refusal(package: &Value) -> Option<String> {
        Policy::parse(POLICY).unwrap().refusal(package)
    }

    #[test]
    fn ours_and_allowed_ones_pass() {
        assert_eq!(
            refusal(&json!({"name": "a", "version": "1", "source": null, "license": "MIT"})),
            None
        );
        assert_eq!(
            refusal(
                &json!({"name": "a", "version": "1", "source": "registry+https://registry", "license": "GPL-3.0 OR MIT"})
            ),
            None
        );
    }

    #[test]
    fn others_are_named() {
        for package in [
            json!({"name": "bad", "version": "1", "source": "registry+https://elsewhere", "license": "MIT"}),
            json!({"name": "bad", "version": "1", "source": "git+https://host/x", "license": "MIT"}),
            json!({"name": "bad", "version": "1", "source": "registry+https://registry", "license": "GPL-3.0"}),
            json!({"name": "bad", "version": "1", "source": "registry+https://registry", "license": null}),
        ] {
            assert!(
                refusal(&package).is_some_and(|message| message.starts_with("bad 1")),
                "{package}"
            );
        }
    }

    #[test]
    fn our_own_policy_can_be_read() {
        let text = fs::read_to_string(workspace::root().join("deny.toml")).unwrap();
        assert!(
            Policy::parse(&text)
                .unwrap()
                .licences
                .iter()
                .any(|licence| licence == "Apache-2.0")
        );
    }
}
