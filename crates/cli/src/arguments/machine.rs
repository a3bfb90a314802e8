//! Flags of `run` and `create` about the machine besides its size.

use clap::Args;
use container_engine::MachineRequest;

/// The one runtime, by the name that Apple's tool has for its own.
const RUNTIME: &str = "container-runtime-linux";

/// What the machine is to be.
#[derive(Debug, Args)]
#[command(next_help_heading = "Machine options")]
pub(crate) struct MachineFlags {
    /// Add a word to the command line of the machine's kernel
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    kernel_arg: Vec<String>,

    /// Set a kernel parameter of the machine, for example net.core.somaxconn=1024
    #[arg(long, value_name = "NAME=VALUE", value_parser = sysctl)]
    sysctl: Vec<(String, String)>,

    /// Let programs run machines of their own, where the processor can; the kernel has to bring KVM (--kernel)
    #[arg(long)]
    virtualization: bool,

    /// Have Rosetta in the machine although the image does not need it
    #[arg(long)]
    rosetta: bool,

    /// Accepted with the name of the one runtime there is
    #[arg(long = "runtime", value_name = "NAME", value_parser = runtime, hide = true)]
    _runtime: Option<String>,

    /// Always refused: the agent in the machine belongs to this program
    #[arg(long = "init-image", value_name = "IMAGE", value_parser = init_image, hide = true)]
    _init_image: Option<String>,
}

impl MachineFlags {
    /// What they ask for.
    pub(crate) fn request(self) -> MachineRequest {
        MachineRequest {
            kernel_arguments: self.kernel_arg,
            sysctls: self.sysctl.into_iter().collect(),
            virtualization: self.virtualization,
            rosetta: self.rosetta,
        }
    }
}

fn sysctl(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("NAME=VALUE is needed".to_owned()),
    }
}

fn runtime(name: &str) -> Result<String, String> {
    match name {
        RUNTIME => Ok(name.to_owned()),
        _ => Err(format!(
            "there is one runtime, {RUNTIME}: every container is a machine with an agent of this program; leave --runtime out"
        )),
    }
}

fn init_image(_: &str) -> Result<String, String> {
    let why = "the agent in the machine is of the same version as this program and comes with it, not from an image";
    Err(format!(
        "{why}; leave --init-image out (--kernel takes another kernel, --init adds a PID 1)"
    ))
}
