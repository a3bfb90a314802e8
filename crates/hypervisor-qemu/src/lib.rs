//! QEMU as a hypervisor backend, on Linux hosts: KVM where it really runs a guest, emulation (TCG) where not.
//!
//! One machine is one QEMU process, a child of the launcher that dies with it, with the processes that serve it. It runs as the calling
//! user, without default devices, without environment, behind Landlock, our seccomp filter and its own. It opens no file of the machine
//! by name and has no socket with a name: disks, kernel, console and channels are descriptors that it inherits. Where the host has
//! vhost-vsock, the agent's channel is vsock; no test covers that path, because the machines of the tests lack the module.
#![cfg(target_os = "linux")]

mod accelerator;
mod backend;
mod channels;
mod children;
mod command_line;
mod confinement;
mod control;
mod handed;
mod host;
mod kvm_failure;
mod last_words;
mod machine;
mod options;
mod process;
mod qmp;
mod running;

pub use accelerator::Accelerator;
pub use backend::QemuHypervisor;
pub use options::QemuOptions;
