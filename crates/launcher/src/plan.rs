//! What a container's configuration means for the machine and for the guest's agent. Pure functions.

pub(crate) mod capabilities;
mod container;
mod control_files;
mod machine;
mod mounts;
mod process;
mod seccomp;
mod shares;
mod sockets;
mod steps;
mod template;

pub(crate) use container::container_request;
pub(crate) use control_files::changed_control_files;
pub use machine::root_disk_format;
pub(crate) use machine::{Boot, MachinePlanError, machine_config};
pub(crate) use mounts::MountPlanError;
pub(crate) use process::{INIT_PROCESS_ID, ProcessPlanError, exec_process, init_process};
pub use seccomp::seccomp_filter;
pub(crate) use shares::has_shares;
pub(crate) use sockets::host_sockets;
pub(crate) use steps::{StepPlan, plan_step};
pub(crate) use template::{can_continue, template_request};

/// Serial of the writable disk.
const ROOT_DISK_SERIAL: &str = "rootfs";

/// Serial of a layer's disk, the lowest layer being 0.
fn layer_serial(index: usize) -> String {
    format!("layer-{index}")
}

/// Serial of the disk of a container's volume.
fn volume_serial(index: usize) -> String {
    format!("volume-{index}")
}
