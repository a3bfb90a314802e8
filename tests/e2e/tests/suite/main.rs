//! Tests of the installed program with real machines. One file for each topic; the names of the tests say what holds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod archives;
mod attach;
mod autostart;
mod binds;
mod build;
mod build_caches;
mod build_mounts;
mod build_outputs;
mod build_progress;
mod build_sources;
mod churn;
mod clones;
mod command_line;
mod commit;
mod completion;
mod confinement;
mod conflicts;
mod copy;
mod crash;
mod databases;
mod debian;
mod doctor;
mod events;
mod exec;
mod exit_codes;
mod export;
mod full_disk;
mod guest_faults;
mod health;
mod host_access;
mod host_faults;
mod image_commands;
mod images;
mod interruption;
mod layers;
mod lies;
mod life;
mod listing;
mod locks;
mod login;
mod logs;
mod memory;
mod names;
mod network;
mod network_change;
mod network_faults;
mod oom_kills;
mod pause;
mod peers;
mod platforms;
mod ports;
mod posix;
mod process;
mod pulling;
mod real_load;
mod real_peers;
mod rename;
mod restart;
mod restart_policy;
mod run_flags;
mod seccomp;
mod shared_volumes;
mod signals;
mod sockets;
mod space;
mod stacks;
mod stats;
mod stdio;
mod stopped_root;
mod templates;
mod terminal;
mod tls;
mod top;
mod traffic;
mod update;
mod volumes;
mod wait;
mod watch;
mod way_out;
