//! `container system start`: for scripts that begin with it. There is no service.

use std::path::PathBuf;

use clap::Args;
use container_engine::Engine;

use crate::error::CommandError;
use crate::output;

/// Do nothing: containers need no service
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// Not possible without a service: set CONTAINER_APP_ROOT instead
    #[arg(short, long, value_name = "DIRECTORY", hide = true)]
    app_root: Option<PathBuf>,

    /// Not possible without a service: set CONTAINER_INSTALL_ROOT instead
    #[arg(long, value_name = "DIRECTORY", hide = true)]
    install_root: Option<PathBuf>,

    /// Accepted for scripts: each container has its logs in its own directory
    #[arg(long, value_name = "DIRECTORY", hide = true)]
    log_root: Option<PathBuf>,

    /// Accepted for scripts: the kernel comes with the program
    #[arg(long, hide = true)]
    enable_kernel_install: bool,

    /// Accepted for scripts: the kernel comes with the program
    #[arg(long, hide = true, conflicts_with = "enable_kernel_install")]
    disable_kernel_install: bool,

    /// Accepted for scripts: nothing is waited for
    #[arg(long, value_name = "SECONDS", hide = true)]
    timeout: Option<u32>,
}

impl Start {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        for (flag, given, variable) in [
            ("--app-root", self.app_root, "CONTAINER_APP_ROOT"),
            ("--install-root", self.install_root, "CONTAINER_INSTALL_ROOT"),
        ] {
            if let Some(directory) = given {
                let message = format!("{flag} would have to be remembered by a service, and there is none");
                return Err(
                    CommandError::usage(message).with_hint(format!("export {variable}={}", directory.display()))
                );
            }
        }
        // What a start is expected to find out: whether the state can be used at all.
        Engine::open()?.configured()?;
        output::line("nothing to start: containers need no service")?;
        Ok(0)
    }
}
