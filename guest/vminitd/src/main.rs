//! PID 1 of the guest.
//!
//! vminitd is the only program in the machine's initial RAM file system. It mounts what it needs itself, opens the
//! channel to the host and serves `container.agent.v1` until the host shuts the machine down or goes away. It has a
//! single thread, because the workload library forks without executing another program first.
//!
//! It does not return, because the kernel panics when PID 1 ends. An error ends it with a line on the console and the machine powered
//! off.

#![cfg(target_os = "linux")]

mod admission;
mod agent;
mod boot;
mod channel;
mod clock;
mod command_line;
mod descriptor;
mod disk_turn;
mod disks;
mod entropy;
mod exit;
mod files;
mod interface;
mod limits;
mod listeners;
mod loopback;
mod machine;
mod netlink;
mod oom_kills;
mod oom_teller;
mod own_network;
mod pause;
mod power;
mod process_list;
mod processes;
mod pump;
mod registration;
mod requests;
mod run;
mod serve;
mod set_limits;
mod socket;
mod statistics;
mod steps;
mod sysctl;

use power::Power;

fn main() {
    if let Err(error) = boot::mount_own() {
        Power::DEFAULT.fail(&error);
    }
    let command_line = std::fs::read_to_string("/proc/cmdline").unwrap_or_default();
    let power = match command_line::power(&command_line) {
        Ok(power) => power,
        Err(error) => Power::DEFAULT.fail(&error),
    };
    let host = match command_line::host(&command_line) {
        Ok(host) => host,
        Err(error) => power.fail(&error),
    };
    match tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
    {
        Ok(runtime) => match runtime.block_on(serve::serve(host)) {
            Ok(()) => power.end(),
            Err(error) => power.fail(&error),
        },
        Err(error) => power.fail(&error),
    }
}
