//! The guest kernel's command line.

use container_agent_api::AGENT_CHANNEL_KEY;
use container_hypervisor::{ConfigError, CreateError, GuestArchitecture};

/// What every machine's kernel is told.
///
/// The only console is a virtio one. The framework restarts a machine in place when its guest resets it, so a panic must not reset
/// (the backend ends the machine when it reads of one), and the guest ends itself by a power-off.
pub const FIXED_ARGUMENTS: [&str; 4] = ["console=hvc0", "quiet", "panic=0", "container.power=off"];

/// How the agent is reached.
const AGENT_CHANNEL: &str = "vsock";

/// Longest command line, bytes, without the zero at its end: `COMMAND_LINE_SIZE` of both architectures
/// (Linux, arch/arm64/include/uapi/asm/setup.h and arch/x86/include/asm/setup.h). A kernel drops what is beyond without a word.
const COMMAND_LINE_MAX_BYTES: usize = 2047;

pub(super) fn build(arguments: &[String], architecture: GuestArchitecture) -> Result<String, CreateError> {
    let channel = format!("{AGENT_CHANNEL_KEY}={AGENT_CHANNEL}");
    let fixed = FIXED_ARGUMENTS.into_iter().chain([channel.as_str()]);
    let line: Vec<&str> = fixed.chain(arguments.iter().map(String::as_str)).collect();
    let line = line.join(" ");
    if line.len() > COMMAND_LINE_MAX_BYTES {
        let reason = format!(
            "a kernel of {architecture} reads {COMMAND_LINE_MAX_BYTES} bytes, and these are {}",
            line.len()
        );
        let what = "the kernel's command line";
        return Err(ConfigError::Unavailable { what, reason }.into());
    }
    Ok(line)
}
