//! The container: created once, then the place where processes start.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, Mode, OFlags, openat, syncfs};
use rustix::io::Errno;

use crate::cgroup::{Cgroup, CgroupError};
use crate::etc_files::{rewrite_files, rewrite_hostname};
use crate::layout::Layout;
use crate::machine_device::{Node, nodes};
use crate::mount::{MountError, detach};
use crate::names::{Names, ResolverFile};
use crate::overlay::{mount_disks, mount_overlay};
use crate::root_mounts::mount_outside;
use crate::share::mount_shares;
use crate::socket::ListeningSocket;
use crate::spec::{ContainerSpec, Limits};
use crate::steps::Steps;
use crate::translator;
use crate::volume::{mount_volume_disks, unmount_volumes};
use crate::waiting::WaitingInit;

/// Name of the container's cgroup.
const CGROUP_NAME: &str = "container";

/// Why a container could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A file system could not be mounted.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// The cgroup could not be made.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
    /// The machine's own pid namespace could not be opened.
    #[error("cannot open {path}: {source}")]
    Namespace {
        /// What was opened.
        path: PathBuf,
        /// The kernel's reason.
        source: Errno,
    },
}

/// Why a container could not be made another one.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// It has its image's `/etc/resolv.conf` and is to have one of its own, or the other way round.
    #[error("the container's /etc/resolv.conf cannot be exchanged for another file")]
    Resolver,
    /// A file in `/etc` could not be written.
    #[error(transparent)]
    Files(#[from] MountError),
    /// A limit could not be set.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
}

/// How long the steps of creation took.
#[derive(Debug, Clone, Copy, Default)]
pub struct CreateTimings {
    /// Mounting the disks.
    pub disks: Duration,
    /// Stacking the layers.
    pub overlay: Duration,
}

/// The machine's one container.
#[derive(Debug)]
pub struct Container {
    pub(crate) spec: ContainerSpec,
    pub(crate) layout: Layout,
    pub(crate) cgroup: Cgroup,
    /// The caller's pid namespace, to which it returns after a fork into the container's.
    pub(crate) own_pid_namespace: OwnedFd,
    /// The container's init, while it has not been reported as ended.
    pub(crate) init: Option<Arc<OwnedFd>>,
    /// The process that will be it, if it waits for what it is to run.
    pub(crate) waiting: Option<WaitingInit>,
    /// Namespaces of that process which are not to end with it, but when the container is taken apart.
    pub(crate) kept_namespaces: Vec<OwnedFd>,
    /// Its steps, if it is there for them.
    pub(crate) steps: Option<Steps>,
}

impl Container {
    /// Mounts the disks, stacks them, and makes the cgroup below `hierarchy`. Returns the sockets on which the caller is to listen as well.
    ///
    /// # Errors
    /// The step that failed. What was mounted before stays, because the machine is not used after that.
    pub fn create(
        spec: ContainerSpec,
        layout: Layout,
        hierarchy: &Path,
    ) -> Result<(Self, Vec<ListeningSocket>, CreateTimings), CreateError> {
        let start = Instant::now();
        mount_disks(&layout, &spec.layers, &spec.writable)?;
        mount_volume_disks(&layout, &spec.volumes)?;
        let disks = start.elapsed();
        let (steps, sockets) = match spec.is_for_steps {
            true => {
                if let Some(device) = &spec.shares {
                    mount_shares(&layout, &open_directory(layout.base())?, device)?;
                }
                (Some(Steps::default()), Vec::new())
            }
            false => {
                mount_overlay(&layout, spec.layers.len())?;
                (None, mount_outside(&layout, &spec)?)
            }
        };
        let overlay = start.elapsed().saturating_sub(disks);
        if let Some(tag) = &spec.translator_tag {
            translator::register(&layout, tag)?;
        }
        let rules: Vec<_> = nodes(&spec)?.iter().map(Node::rule).collect();
        let rules = (!spec.privileged).then_some(rules.as_slice());
        let cgroup = Cgroup::create(hierarchy, CGROUP_NAME, spec.limits, &spec.control_files, rules)?;
        let path = PathBuf::from("/proc/self/ns/pid");
        let own_pid_namespace = openat(CWD, &path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|source| CreateError::Namespace { path, source })?;
        Ok((
            Self {
                spec,
                layout,
                cgroup,
                own_pid_namespace,
                init: None,
                waiting: None,
                kept_namespaces: Vec::new(),
                steps,
            },
            sockets,
            CreateTimings { disks, overlay },
        ))
    }

    /// Replaces the container's `/etc/hosts` and `/etc/resolv.conf`. A file that it has of its image stays as it is.
    ///
    /// # Errors
    /// The file that could not be written.
    pub fn set_names(&self, names: &Names) -> Result<(), MountError> {
        rewrite_files(&self.layout, &self.spec.hostname, names)
    }

    /// Makes a container that has not run another one: with this host name, these names and these limits.
    ///
    /// # Errors
    /// The step that failed.
    pub fn resume(&mut self, hostname: &str, names: &Names, limits: Limits) -> Result<(), ResumeError> {
        let is_image = |names: &Names| names.resolver == ResolverFile::Image;
        if is_image(names) != is_image(&self.spec.names) {
            return Err(ResumeError::Resolver);
        }
        hostname.clone_into(&mut self.spec.hostname);
        names.clone_into(&mut self.spec.names);
        // Steps bring their own.
        if self.steps.is_none() {
            rewrite_hostname(&self.layout, hostname)?;
            rewrite_files(&self.layout, hostname, names)?;
        }
        self.cgroup.set_limits(self.spec.limits, limits)?;
        self.spec.limits = limits;
        Ok(())
    }

    /// The container's cgroup, for signals to all of it.
    pub fn cgroup(&self) -> &Cgroup {
        &self.cgroup
    }

    /// Whether its root is mounted, as it always is unless it is there for steps.
    pub fn has_root(&self) -> bool {
        self.steps.as_ref().is_none_or(Steps::has_root)
    }

    /// Whether an init process runs, or ran and has not been reported by [`Container::init_ended`].
    pub fn has_init(&self) -> bool {
        self.init.is_some()
    }

    /// Records that the init process has been waited for. Only another init can be started after that.
    pub fn init_ended(&mut self) {
        self.init = None;
    }

    /// Takes the root file system apart and flushes the writable disk and those of volumes. No process of the container may be left but one that waits, which is
    /// ended.
    ///
    /// # Errors
    /// The first file system that could not be unmounted; the disks have been flushed even then.
    pub fn unmount(&mut self) -> Result<(), MountError> {
        self.end_waiting();
        // With the last reference to the mounts in there, so that they are gone as well afterwards.
        self.kept_namespaces.clear();
        let writable = self.layout.writable();
        let flushed = openat(CWD, &writable, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .and_then(syncfs)
            .map_err(|source| MountError::Unmount {
                target: writable.clone(),
                source,
            });
        if self.has_root() {
            detach(self.layout.root())?;
        }
        if self.spec.shares.is_some() {
            // What programs have changed in mapped files is written, and the device let go of.
            let shares = self.layout.shares();
            let _ = openat(CWD, &shares, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).and_then(syncfs);
            detach(shares)?;
        }
        let volumes = unmount_volumes(&self.layout, self.spec.volumes.len());
        detach(writable)?;
        flushed.and(volumes)
    }
}

fn open_directory(path: &Path) -> Result<OwnedFd, MountError> {
    openat(CWD, path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(|source| MountError::Prepare {
        path: path.to_owned(),
        source,
    })
}
