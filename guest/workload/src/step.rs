//! Steps: one after another, each on a root of its own.
//!
//! A container that is there for steps has the disks of its layers, and on its writable disk an upper directory for each step. The one that is being written to
//! is the root's upper directory; once it is sealed it is one more lower directory of the steps after it. The layers stay mounted for that. No process of a step
//! outlives it: the first one takes all others with it.
//!
//! overlayfs takes what it has written as an upper directory for a lower one as it is: whiteouts and opaque directories mean the same there. Neither moved
//! directories nor files without content of their own are made, with the kernel's defaults.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

use crate::container::Container;
use crate::disk_work::{DiskWork, start};
use crate::mount::{MountError, detach, make_directory};
use crate::overlay::{lower_directories, make_root, stack};
use crate::root_mounts::mount_outside;
use crate::socket::ListeningSocket;
use crate::spec::{MountSource, MountSpec, StepSpec};
use crate::stub::Stubs;

/// The most directories that are stacked: what overlayfs takes is 500, `OVL_MAX_STACK` in fs/overlayfs.
const LOWER_MAX: usize = 499;

/// Files that every root gets, so that those of an image without them are no part of its layers.
const FILES: [&str; 3] = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];

/// A step could not be begun or ended.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// It is no container for steps.
    #[error("this machine is not there for steps")]
    NotForSteps,
    /// A process runs.
    #[error("a step is running")]
    Running,
    /// What was written has to be sealed first.
    #[error("what the last step has written is not sealed")]
    NotSealed,
    /// There are too many sealed steps and layers.
    #[error("no machine can have more than {LOWER_MAX} layers and steps together")]
    TooMany,
    /// A file system could not be put in place or taken away.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// The kernel's reason for not starting a process.
    #[error("cannot start to work on the disks: {0}")]
    Fork(#[source] io::Error),
}

impl Container {
    /// Makes a root for a step: what was sealed, below what was written since. Returns the sockets on which the caller is to listen.
    ///
    /// # Errors
    /// [`StepError`]; the root is none then, and another step can be begun.
    pub fn begin_step(&mut self, step: StepSpec) -> Result<Vec<ListeningSocket>, StepError> {
        self.take_root_down()?;
        let made = self.make_step_root(step);
        if made.is_err() {
            // A root with half of its mounts, if anything.
            let _ = self.take_root_down();
        }
        made
    }

    fn make_step_root(&mut self, step: StepSpec) -> Result<Vec<ListeningSocket>, StepError> {
        let (root, upper) = self.stack_step()?;
        let StepSpec {
            hostname,
            names,
            mounts,
            shm_size_bytes,
            masked_paths,
            readonly_paths,
        } = step;
        let targets = mounts.iter().map(|mount| mount.target.as_str()).chain(FILES);
        let stubs = Stubs::look(&root, &upper, targets);
        if let Some(steps) = &mut self.steps {
            steps.root = Some(stubs);
        }
        drop(root);
        let spec = &mut self.spec;
        (spec.hostname, spec.names, spec.mounts) = (hostname, names, mounts);
        (spec.shm_size_bytes, spec.masked_paths, spec.readonly_paths) = (shm_size_bytes, masked_paths, readonly_paths);
        let sockets = mount_outside(&self.layout, &self.spec)?;
        // They are in memory and in the mounts, and of no further use here.
        self.spec.mounts.retain(|mount| !is_secret(mount));
        Ok(sockets)
    }

    /// Stacks everything at the root, with nothing mounted in it.
    fn stack_step(&mut self) -> Result<(OwnedFd, PathBuf), StepError> {
        let layout = &self.layout;
        let steps = self.steps.as_mut().ok_or(StepError::NotForSteps)?;
        let layers = lower_directories(layout, self.spec.layers.len());
        let sealed = steps.sealed.iter().rev().map(|number| layout.step_upper(*number));
        let lower: Vec<PathBuf> = sealed.chain(layers).collect();
        if lower.len() > LOWER_MAX {
            return Err(StepError::TooMany);
        }
        let upper = layout.step_upper(steps.current);
        if !upper.exists() {
            make_root(&upper, &lower)?;
        }
        make_directory(layout.step_work())?;
        stack(layout, &lower, &upper, &layout.step_work())?;
        steps.root = Some(Stubs::default());
        let path = layout.root();
        let root = openat(CWD, &path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|source| MountError::Prepare { path, source })?;
        Ok((root, upper))
    }

    /// Takes the root of the last step away, if there is one.
    fn take_root_down(&mut self) -> Result<(), StepError> {
        if self.init.is_some() {
            return Err(StepError::Running);
        }
        let steps = self.steps.as_mut().ok_or(StepError::NotForSteps)?;
        let Some(stubs) = steps.root.take() else {
            return Ok(());
        };
        detach(self.layout.root())?;
        stubs.undo(&self.layout.step_upper(steps.current));
        let secrets = self.layout.secrets();
        if secrets.exists() {
            detach(&secrets)?;
            let _ = std::fs::remove_dir(secrets);
        }
        // Those of the next step have the same names.
        let _ = std::fs::remove_dir_all(self.layout.sockets());
        let _ = std::fs::remove_dir_all(self.layout.files());
        Ok(())
    }

    /// Ends the step: starts to throw away the trees that were brought in for it and to flush the disks. [`Container::seal_step`] is to follow the end of that.
    ///
    /// # Errors
    /// [`StepError`].
    pub fn start_sealing(&mut self) -> Result<DiskWork, StepError> {
        self.take_root_down()?;
        let trees = self.layout.trees();
        let shares = self.spec.shares.as_ref().map(|_| self.layout.shares());
        let places = self.writable_places().chain(shares).collect();
        let work = start(places, move |directory| {
            // Of no use from here on, so that nothing of it need be written.
            let _ = std::fs::remove_dir_all(&trees);
            rustix::fs::syncfs(directory).map(|()| 0)
        });
        work.map_err(StepError::Fork)
    }

    /// Makes what was written one more layer below what follows; the number of its directory on the writable disk.
    ///
    /// # Errors
    /// [`StepError`].
    pub fn seal_step(&mut self) -> Result<u32, StepError> {
        self.take_root_down()?;
        let upper = self.steps.as_ref().map(|steps| self.layout.step_upper(steps.current));
        let steps = self.steps.as_mut().ok_or(StepError::NotForSteps)?;
        let number = steps.current;
        // A step that was never begun has none. One in which nothing was written may still have another owner or mode of the root.
        if upper.is_some_and(|upper| upper.exists()) {
            steps.sealed.push(number);
        }
        steps.current += 1;
        Ok(number)
    }

    /// Makes a root in which the files of a layer are to be made, and nothing else. They are sealed with [`Container::seal_step`] or thrown away with
    /// [`Container::discard_step`].
    ///
    /// # Errors
    /// [`StepError::NotSealed`] when something was written that is not sealed.
    pub(crate) fn begin_layer(&mut self) -> Result<OwnedFd, StepError> {
        self.take_root_down()?;
        let steps = self.steps.as_ref().ok_or(StepError::NotForSteps)?;
        if self.layout.step_upper(steps.current).exists() {
            return Err(StepError::NotSealed);
        }
        let (root, _) = self.stack_step()?;
        Ok(root)
    }

    /// Forgets what was written since the last seal.
    ///
    /// # Errors
    /// [`StepError`].
    pub fn discard_step(&mut self) -> Result<(), StepError> {
        self.take_root_down()?;
        let steps = self.steps.as_mut().ok_or(StepError::NotForSteps)?;
        steps.current += 1;
        Ok(())
    }

    /// The directory for a tree of this number, which is made.
    pub(crate) fn make_tree(&self, number: u32) -> Result<OwnedFd, StepError> {
        if self.steps.is_none() {
            return Err(StepError::NotForSteps);
        }
        make_directory(self.layout.trees())?;
        let path = self.layout.tree(number);
        let failed = |source: Errno| MountError::Prepare {
            path: path.clone(),
            source,
        };
        rustix::fs::mkdir(&path, Mode::from_raw_mode(0o755)).map_err(failed)?;
        Ok(openat(
            CWD,
            &path,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .map_err(failed)?)
    }
}

fn is_secret(mount: &MountSpec) -> bool {
    matches!(mount.source, MountSource::Secret(_))
}
