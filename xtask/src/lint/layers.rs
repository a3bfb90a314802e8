//! Which crate may depend on which: lower layers only, and the few edges that are named. Dev-dependencies are free.

use super::Finding;
use super::tree::{SourceFile, Tree};
use anyhow::{Context, Result};

/// Crates by layer; a crate sees the layers below its own.
const LAYERS: [&[&str]; 5] = [
    &[
        "durable",
        "ext4",
        "fixtures",
        "go-template",
        "netstack",
        "seccomp-profile",
        "shares",
        "stream",
        "tar",
        "terminal",
        "tree",
    ],
    &["agent-api", "dockerfile", "model", "oci", "rootfs", "settings"],
    &[
        "agent",
        "build-cache",
        "build-context",
        "credentials",
        "hypervisor",
        "hypervisor-qemu",
        "hypervisor-vz",
        "image",
        "network",
        "registry",
        "state",
        "templates",
    ],
    &["build", "engine", "launcher"],
    &["cli"],
];

/// Edges within a layer.
const EDGES: [(&str, &str); 12] = [
    ("tree", "tar"),
    ("model", "oci"),
    ("settings", "model"),
    ("settings", "oci"),
    ("credentials", "registry"),
    ("image", "registry"),
    ("network", "state"),
    ("templates", "state"),
    ("hypervisor-qemu", "hypervisor"),
    ("hypervisor-vz", "hypervisor"),
    ("build", "engine"),
    ("engine", "launcher"),
];

/// Crates whose whole view is listed, whatever the layers allow.
const VIEWS: [(&str, &[&str]); 4] = [
    ("cli", &["engine", "build", "go-template", "model", "oci", "terminal"]),
    ("vminitd", &["workload", "agent-api", "oci", "stream"]),
    ("workload", &["agent-api", "oci", "stream", "tree"]),
    ("xtask", &[]),
];

/// What a machine must not know of: it runs anything, not only containers.
const IMAGES: [&str; 2] = ["image", "oci"];

pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for manifest in tree.files.iter().filter(|file| file.path.ends_with("Cargo.toml")) {
        let Some((name, dependencies)) = read(manifest)? else {
            continue;
        };
        let refusals = dependencies.iter().filter_map(|dependency| refusal(&name, dependency));
        findings.extend(refusals.map(|message| Finding {
            path: manifest.path.clone(),
            line: None,
            message,
        }));
    }
    Ok(findings)
}

/// Why the crate `name` may not depend on `dependency`, if it may not.
fn refusal(name: &str, dependency: &str) -> Option<String> {
    if let Some((_, view)) = VIEWS.iter().find(|(viewer, _)| *viewer == name) {
        let list = if view.is_empty() {
            "none of our crates".to_owned()
        } else {
            format!("only {}", view.join(", "))
        };
        return (!view.contains(&dependency))
            .then(|| format!("{name} must not depend on {dependency}: it sees {list}"));
    }
    // What tests from outside may look at everything.
    if [
        "conformance",
        "e2e",
        "fuzz",
        "wire",
        "vz-program",
        "vz-stub",
        "vz-tests",
    ]
    .contains(&name)
    {
        return None;
    }
    let (Some(own), Some(other)) = (layer(name), layer(dependency)) else {
        return Some(format!(
            "{name} -> {dependency}: give both a layer in xtask/src/lint/layers.rs"
        ));
    };
    if name.starts_with("hypervisor") && IMAGES.contains(&dependency) {
        return Some(format!(
            "{name} must not depend on {dependency}: a hypervisor never sees images"
        ));
    }
    let allowed = other < own || EDGES.contains(&(name, dependency));
    (!allowed).then(|| format!("{name} (layer {own}) must not depend on {dependency} (layer {other})"))
}

/// Whether Rust code calls one of our crates so: `container_oci`.
pub(super) fn is_ours(name: &str) -> bool {
    name.strip_prefix("container_")
        .is_some_and(|name| layer(&name.replace('_', "-")).is_some())
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

/// The crate's name and those of our crates that it depends on, without their prefix; nothing for a workspace that is no crate.
fn read(manifest: &SourceFile) -> Result<Option<(String, Vec<String>)>> {
    let table: toml::Table = manifest
        .text
        .parse()
        .with_context(|| format!("in {}", manifest.path.display()))?;
    if !table.contains_key("package") && table.contains_key("workspace") {
        return Ok(None);
    }
    let package = table
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str);
    let package = package.with_context(|| format!("{} names no package", manifest.path.display()))?;
    let mut sections: Vec<&toml::Value> = vec![&table]
        .into_iter()
        .flat_map(|table| [table.get("dependencies"), table.get("build-dependencies")])
        .flatten()
        .collect();
    let targets = table.get("target").and_then(toml::Value::as_table);
    sections.extend(
        targets
            .into_iter()
            .flat_map(toml::Table::values)
            .filter_map(|target| target.get("dependencies")),
    );
    let dependencies = sections
        .into_iter()
        .filter_map(toml::Value::as_table)
        .flat_map(toml::Table::keys)
        .filter_map(|key| key.strip_prefix("container-"))
        .map(str::to_owned)
        .collect();
    Ok(Some((
        package.strip_prefix("container-").unwrap_or(package).to_owned(),
        dependencies,
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(package: &str, dependencies: &str) -> Vec<String> {
        let text = format!("[package]\nname = \"container-{package}\"\n{dependencies}");
        check(&Tree::of(&[("crates/x/Cargo.toml", &text)]))
            .unwrap()
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn lower_layers_and_named_edges_are_free() {
        assert!(
            messages(
                "engine",
                "[dependencies]\ncontainer-launcher.workspace = true\ncontainer-image.workspace = true\n"
            )
            .is_empty()
        );
        assert!(
            messages(
                "cli",
                "[dependencies]\ncontainer-engine.workspace = true\nclap.workspace = true\n"
            )
            .is_empty()
        );
        assert!(messages("image", "[dev-dependencies]\ncontainer-engine.workspace = true\n").is_empty());
        assert!(messages("model", "[dependencies]\ncontainer-oci.workspace = true\n").is_empty());
    }

    #[test]
    fn looking_up_or_sideways_is_refused() {
        assert_eq!(
            messages("launcher", "[dependencies]\ncontainer-engine.workspace = true\n").len(),
            1
        );
        assert_eq!(
            messages("state", "[dependencies]\ncontainer-image.workspace = true\n").len(),
            1
        );
        assert_eq!(
            messages(
                "model",
                "[target.'cfg(unix)'.dependencies]\ncontainer-cli.workspace = true\n"
            )
            .len(),
            1
        );
        assert_eq!(
            messages("oci", "[build-dependencies]\ncontainer-model.workspace = true\n").len(),
            1
        );
    }

    #[test]
    fn narrow_views_are_kept() {
        assert_eq!(
            messages("cli", "[dependencies]\ncontainer-launcher.workspace = true\n").len(),
            1
        );
        assert_eq!(
            messages("vminitd", "[dependencies]\ncontainer-model.workspace = true\n").len(),
            1
        );
        assert_eq!(
            messages("hypervisor-qemu", "[dependencies]\ncontainer-oci.workspace = true\n").len(),
            1
        );
        assert_eq!(
            messages("xtask", "[dependencies]\ncontainer-oci.workspace = true\n").len(),
            1
        );
    }

    #[test]
    fn a_workspace_that_is_no_crate_depends_on_nothing() {
        let tree = Tree::of(&[("tests/x/Cargo.toml", "[workspace]\nmembers = [\"a\"]\n")]);
        assert_eq!(check(&tree).unwrap(), []);
        check(&Tree::of(&[("tests/x/Cargo.toml", "[dependencies]\n")])).unwrap_err();
    }

    #[test]
    fn a_crate_without_a_layer_is_noticed() {
        assert_eq!(
            messages("new", "[dependencies]\ncontainer-model.workspace = true\n").len(),
            1
        );
    }
}
