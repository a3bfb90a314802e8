//! The inputs of a kernel's build, and the key of the result in the cache.

use super::{Request, configuration, fragment};
use crate::architecture::{Architecture, Variant};
use crate::{digest, process, workspace};
use anyhow::{Context, Result};
use std::fs;
use std::process::Command;

/// Has to change when the way of building changes the result of the same inputs.
const RECIPE: &str = "2";

/// Compiler flags for an emulated kernel, after the kernel's own `-O2`. `-O1` takes a fifth less time to compile. The kernel relies on the
/// inlining and constant propagation of `-O2` to drop calls of functions that do not exist; with these the code is as small and starts as fast.
const EMULATED_FLAGS: &str = "-O1 -finline-small-functions -findirect-inlining -fpartial-inlining -fipa-cp";

/// Our patches for shared directories.
const SHARE_PATCHES: [&str; 3] = [
    "virtiofs_interrupt.patch",
    "fuse_lock_caches.patch",
    "virtiofs_emulated.patch",
];
/// Our patch for the local APIC's timer.
const LAPIC_PATCH: &str = "lapic_timer_khz.patch";
/// Our patch for QEMU's translator of x86-64.
const STACK_SEGMENT_PATCH: &str = "one_stack_segment.patch";
/// Our patch for the vDSO of 64-bit Arm.
const VDSO_PATCH: &str = "vdso_hash_style.patch";

/// Everything but the source.
pub(crate) struct Inputs {
    /// The merged fragments.
    pub(crate) settings: Vec<fragment::Setting>,
    /// The text of `kernel/required`, and that of the architecture's own list where there is one.
    pub(crate) required: String,
    /// The patches to be applied with `-p1`, one after the other.
    pub(crate) patch: String,
    /// Compiler flags in addition to the kernel's own.
    pub(crate) flags: &'static str,
    /// First line of `gcc --version`.
    compiler: String,
    /// Architecture and variant.
    target: String,
}

impl Inputs {
    /// Reads the files in `kernel/` and asks the compiler for its version.
    ///
    /// # Errors
    /// When a file cannot be read, a fragment is wrong, or there is no compiler.
    pub(crate) fn read(request: &Request) -> Result<Self> {
        let fragments = fragment_names(request.architecture, request.variant, request.full)
            .into_iter()
            .map(|name| read(&name).map(|text| (name, text)))
            .collect::<Result<Vec<_>>>()?;
        let compiler =
            process::output(Command::new(format!("{}gcc", request.architecture.tool_prefix())).arg("--version"))?;
        Ok(Self {
            settings: fragment::merge(&fragments)?,
            required: required(request.architecture, request.variant)?,
            patch: patches(request.architecture, request.variant)?,
            flags: match request.variant {
                Variant::Emulated => EMULATED_FLAGS,
                Variant::Standard => "",
            },
            compiler: compiler.lines().next().unwrap_or_default().to_owned(),
            target: format!("{}-{}", request.architecture.name(), request.variant.name()),
        })
    }

    /// The merged fragments as the kernel's build takes them.
    pub(crate) fn fragment_text(&self) -> String {
        self.settings.iter().map(|setting| setting.line() + "\n").collect()
    }

    /// Names that must be on.
    pub(crate) fn required_names(&self) -> Vec<&str> {
        configuration::required_names(&self.required)
    }

    /// The cache key of the kernel built from these inputs and a source with this digest.
    pub(crate) fn key(&self, source_sha256: &str) -> String {
        let fragment = self.fragment_text();
        let parts = [
            RECIPE,
            &self.target,
            &self.compiler,
            self.flags,
            source_sha256,
            &self.patch,
            &self.required,
            &fragment,
        ];
        // Each part is digested by itself, so that moving a byte from one part to the next changes the key.
        let parts: String = parts.iter().map(|part| digest::of_bytes(part.as_bytes())).collect();
        digest::of_bytes(parts.as_bytes()).chars().take(32).collect()
    }
}

/// The patches of a kernel, one after the other.
fn patches(architecture: Architecture, variant: Variant) -> Result<String> {
    let own: &[&str] = match (architecture, variant) {
        (Architecture::X86_64, Variant::Standard) => &[LAPIC_PATCH],
        (Architecture::X86_64, Variant::Emulated) => &[LAPIC_PATCH, STACK_SEGMENT_PATCH],
        (Architecture::Aarch64, _) => &[VDSO_PATCH],
    };
    SHARE_PATCHES.iter().chain(own).copied().map(read).collect()
}

/// The fragments in the order in which they win.
fn fragment_names(architecture: Architecture, variant: Variant, full: bool) -> Vec<String> {
    let mut names = vec!["base.config".to_owned(), format!("{}.config", architecture.name())];
    if full || variant == Variant::Standard {
        names.push("engines.config".to_owned());
    }
    if architecture == Architecture::Aarch64 && variant == Variant::Standard {
        names.push("aarch64-errata.config".to_owned());
    }
    if variant == Variant::Emulated {
        names.push(format!("{}-emulated.config", architecture.name()));
    }
    if full {
        names.push("full.config".to_owned());
    }
    names
}

/// The lists of required options: that of every kernel, and for the Mac's kernel its own.
fn required(architecture: Architecture, variant: Variant) -> Result<String> {
    let mut text = read("required")?;
    if architecture == Architecture::Aarch64 && variant == Variant::Standard {
        text.push_str(&read("aarch64.required")?);
    }
    Ok(text)
}

fn read(name: &str) -> Result<String> {
    let path = workspace::root().join("kernel").join(name);
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs() -> Inputs {
        Inputs {
            settings: fragment::merge(&[("a".to_owned(), "CONFIG_A=y\n".to_owned())]).unwrap(),
            required: "CONFIG_A\n".to_owned(),
            patch: "patch".to_owned(),
            flags: "",
            compiler: "gcc 12".to_owned(),
            target: "x86_64-standard".to_owned(),
        }
    }

    #[test]
    fn the_key_is_stable() {
        assert_eq!(inputs().key("00"), inputs().key("00"));
    }

    #[test]
    fn every_input_changes_the_key() {
        let key = inputs().key("00");
        let others = [
            inputs().key("01"),
            Inputs {
                settings: Vec::new(),
                ..inputs()
            }
            .key("00"),
            Inputs {
                required: String::new(),
                ..inputs()
            }
            .key("00"),
            Inputs {
                patch: String::new(),
                ..inputs()
            }
            .key("00"),
            Inputs {
                flags: "-O1",
                ..inputs()
            }
            .key("00"),
            Inputs {
                compiler: "gcc 13".to_owned(),
                ..inputs()
            }
            .key("00"),
            Inputs {
                target: "x86_64-emulated".to_owned(),
                ..inputs()
            }
            .key("00"),
        ];
        assert!(others.iter().all(|other| *other != key));
    }

    #[test]
    fn engines_are_served_by_hardware_kernels_and_on_request() {
        let serves =
            |variant, full| fragment_names(Architecture::X86_64, variant, full).contains(&"engines.config".to_owned());
        assert!(serves(Variant::Standard, false) && serves(Variant::Emulated, true));
        assert!(!serves(Variant::Emulated, false));
    }

    #[test]
    fn every_combination_of_our_fragments_merges() {
        for architecture in [Architecture::X86_64, Architecture::Aarch64] {
            for (variant, full) in [
                (Variant::Standard, false),
                (Variant::Emulated, false),
                (Variant::Standard, true),
                (Variant::Emulated, true),
            ] {
                let fragments: Vec<_> = fragment_names(architecture, variant, full)
                    .into_iter()
                    .map(|name| (name.clone(), read(&name).unwrap()))
                    .collect();
                let settings = fragment::merge(&fragments).unwrap();
                let text = required(architecture, variant).unwrap();
                for name in configuration::required_names(&text) {
                    let named_off = settings
                        .iter()
                        .any(|setting| setting.name == name && setting.value == "n");
                    assert!(!named_off, "{name} is required and switched off");
                }
            }
        }
    }
}
