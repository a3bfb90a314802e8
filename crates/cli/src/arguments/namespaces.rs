//! Docker's flags about namespaces, as far as a machine of one container can mean something by them.
//!
//! Each container has a kernel of its own, so that all its namespaces are its own already. What asks for that is accepted; what asks for
//! those of the host or of another container, which are other kernels', is refused.

use clap::Args;

/// Which namespaces it has.
#[derive(Debug, Args)]
#[command(next_help_heading = "Security options")]
pub(crate) struct NamespaceFlags {
    /// Control groups: private, as they always are
    #[arg(long = "cgroupns", value_name = "MODE", value_parser = cgroups)]
    _cgroupns: Option<Private>,

    /// Shared memory and message queues: private, as they always are
    #[arg(long = "ipc", value_name = "MODE", value_parser = ipc)]
    _ipc: Option<Private>,

    /// Processes: private, as they always are
    #[arg(long = "pid", value_name = "MODE", value_parser = processes)]
    _pid: Option<Private>,

    /// Users: host, as they always are, which is the machine
    #[arg(long = "userns", value_name = "MODE", value_parser = users)]
    _userns: Option<Private>,

    /// Host name: private, as it always is
    #[arg(long = "uts", value_name = "MODE", value_parser = host_name)]
    _uts: Option<Private>,
}

/// What is so without being asked for.
#[derive(Debug, Clone, Copy)]
struct Private;

const OWN_KERNEL: &str = "each container has a machine and a kernel of its own";

fn cgroups(mode: &str) -> Result<Private, String> {
    private(
        "cgroupns",
        mode,
        "the machine has no other control group that could be seen",
    )
}

fn ipc(mode: &str) -> Result<Private, String> {
    private(
        "ipc",
        mode,
        "share a volume instead: container volume create --opt type=shared",
    )
}

fn processes(mode: &str) -> Result<Private, String> {
    private("pid", mode, "look into a container with container exec instead")
}

fn host_name(mode: &str) -> Result<Private, String> {
    private("uts", mode, "set a host name with --hostname instead")
}

fn users(mode: &str) -> Result<Private, String> {
    match mode {
        "" | "host" => Ok(Private),
        _ => Err(format!(
            "--userns {mode} is not possible: {OWN_KERNEL}, whose users are those of the container; leave it out"
        )),
    }
}

fn private(flag: &str, mode: &str, instead: &str) -> Result<Private, String> {
    match mode {
        "" | "private" => Ok(Private),
        _ => Err(format!(
            "--{flag} {mode} is not possible: {OWN_KERNEL}, and only \"private\" can be had; {instead}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_so_anyway_is_accepted() {
        for parse in [cgroups, ipc, processes, host_name] {
            assert!(parse("private").is_ok() && parse("").is_ok());
            for mode in ["host", "container:web", "shareable", "Private"] {
                let reason = parse(mode).unwrap_err();
                assert!(
                    reason.contains(mode) && reason.contains("kernel of its own"),
                    "{reason}"
                );
            }
        }
        assert!(users("host").is_ok() && users("private").is_err());
    }
}
