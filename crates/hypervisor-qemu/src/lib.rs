//! QEMU as a hypervisor backend, for guests of the host's architecture and of another one. On Linux with KVM where it really runs a guest, on
//! macOS with Hypervisor.framework where it does; with emulation (TCG) where not.
//!
//! One machine is one QEMU process, a child of the launcher that dies with it, with the processes that serve it. It runs as the calling
//! user, without default devices, without environment, on Linux behind Landlock, our seccomp filter and its own. It has no socket with a
//! name and on Linux opens no file of the machine by name: disks, kernel, console and channels are descriptors that it inherits. Where the
//! host has vhost-vsock, the agent's channel is vsock; no test covers that path, because the machines of the tests lack the module.

mod accelerator;
mod backend;
mod channels;
mod children;
mod command_line;
mod confinement;
mod control;
mod device_set;
mod file_server;
mod handed;
mod happened;
mod hardware_failure;
mod host;
mod last_words;
mod late_port;
mod machine;
mod memory;
mod migration;
mod options;
mod process;
mod qmp;
mod restoring;
mod running;
mod saving;
mod stalls;
mod state_file;
mod watcher;

pub use accelerator::Accelerator;
pub use backend::QemuHypervisor;
pub use device_set::DeviceSet;
pub use options::{FileServer, QemuOptions};
