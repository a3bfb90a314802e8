//! An application root for a benchmark, with or without the busybox image, removed at the end.

use super::tree::Tree;
use crate::architecture::{Architecture, Image, Variant};
use crate::{oci_archive, process};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The image that is loaded.
pub(crate) const IMAGE: &str = "bench:latest";

/// Names the variable that says whether containers continue from templates, which they do not unless a benchmark asks for it.
pub(crate) const TEMPLATES: &str = "CONTAINER_TEMPLATES";

/// The application root, in a scratch directory.
pub(crate) struct AppRoot {
    tree: Tree,
    /// Of the guests.
    architecture: Architecture,
    directory: tempfile::TempDir,
}

impl AppRoot {
    /// An empty application root for the program of `tree`, with guests of the host's architecture.
    ///
    /// # Errors
    /// When directories cannot be made.
    pub(crate) fn empty(tree: &Tree) -> Result<Self> {
        Self::empty_for(tree, Architecture::host())
    }

    fn empty_for(tree: &Tree, architecture: Architecture) -> Result<Self> {
        // Short, because it becomes part of socket paths.
        let directory = tempfile::Builder::new().prefix("c-bench-").tempdir_in("/tmp")?;
        fs::create_dir(directory.path().join("run"))?;
        Ok(Self {
            tree: tree.clone(),
            architecture,
            directory,
        })
    }

    /// An application root that has [`IMAGE`].
    ///
    /// # Errors
    /// As [`AppRoot::empty`], and when the image cannot be made or loaded.
    pub(crate) fn with_image(tree: &Tree) -> Result<Self> {
        Self::with_image_for(tree, Architecture::host())
    }

    /// As [`AppRoot::with_image`], with guests of `architecture`.
    ///
    /// # Errors
    /// As [`AppRoot::with_image`].
    pub(crate) fn with_image_for(tree: &Tree, architecture: Architecture) -> Result<Self> {
        let app_root = Self::empty_for(tree, architecture)?;
        let archive = app_root.path().join("image.tar");
        oci_archive::write_busybox(architecture, IMAGE, &archive)?;
        app_root.quietly(&["image", "load", "--input", &archive.to_string_lossy()])?;
        Ok(app_root)
    }

    /// Loads a further image, which has `program` at `/name` and nothing else, as `name:latest`.
    ///
    /// # Errors
    /// When the image cannot be made or loaded.
    pub(crate) fn load_program(&self, name: &str, program: &[u8]) -> Result<()> {
        let archive = self.path().join(format!("{name}.tar"));
        let image = format!("{name}:latest");
        oci_archive::write_program(program, self.architecture, &image, &archive)?;
        self.quietly(&["image", "load", "--input", &archive.to_string_lossy()])
    }

    /// The scratch directory.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Empties the application root.
    ///
    /// # Errors
    /// When the application root cannot be removed.
    pub(crate) fn clear(&self) -> Result<()> {
        let root = self.application_root();
        if root.exists() {
            fs::remove_dir_all(&root).with_context(|| format!("cannot remove {}", root.display()))
        } else {
            Ok(())
        }
    }

    /// A command of the program under test with this application root.
    pub(crate) fn container(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.tree.program());
        command
            .args(arguments)
            .env("CONTAINER_APP_ROOT", self.application_root())
            .env("XDG_RUNTIME_DIR", self.path().join("run"))
            .env_remove("CONTAINER_INSTALL_ROOT")
            // Building one would be measured along with something else.
            .env(TEMPLATES, "off")
            .stdin(Stdio::null());
        if self.is_foreign() {
            command.env(
                "CONTAINER_DEFAULT_PLATFORM",
                format!("linux/{}", self.architecture.oci_name()),
            );
        }
        command
    }

    /// Runs the program and throws its output away unless it fails.
    ///
    /// # Errors
    /// When it fails.
    pub(crate) fn quietly(&self, arguments: &[&str]) -> Result<()> {
        process::output(&mut self.container(arguments)).map(drop)
    }

    /// The accelerator and the kernel that machines use here.
    ///
    /// # Errors
    /// When there is no kernel.
    pub(crate) fn machine(&self) -> Result<(&'static str, PathBuf)> {
        let hardware = !self.is_foreign() && {
            let status = process::output(&mut self.container(&["system", "status", "--format", "json"]))?;
            crate::setup::accelerator(&status).is_some_and(|name| name == "kvm")
        };
        let (accelerator, variant) = if hardware {
            ("kvm", Variant::Standard)
        } else {
            ("tcg", Variant::Emulated)
        };
        let kernel = self
            .tree
            .share_directory()
            .join(Image::Vmlinux.file_name(self.architecture, variant));
        if !kernel.exists() {
            bail!(
                "{} is missing; run: cargo xtask setup --arch {} --variant {}",
                kernel.display(),
                self.architecture.name(),
                variant.name()
            );
        }
        Ok((accelerator, kernel))
    }

    /// Are the guests of another architecture than this machine, and thus emulated?
    fn is_foreign(&self) -> bool {
        self.architecture != Architecture::host()
    }

    /// Where the program keeps everything.
    pub(crate) fn application_root(&self) -> PathBuf {
        self.path().join("root")
    }
}
