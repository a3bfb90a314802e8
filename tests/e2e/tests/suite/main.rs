//! Tests of the installed program with real machines. One file for each topic; the names of the tests say what holds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod archives;
mod binds;
mod churn;
mod command_line;
mod confinement;
mod crash;
mod debian;
mod exec;
mod exit_codes;
mod guest_faults;
mod host_access;
mod host_faults;
mod image_commands;
mod images;
mod interruption;
mod layers;
mod lies;
mod life;
mod listing;
mod login;
mod logs;
mod names;
mod network;
mod network_change;
mod network_faults;
mod peers;
mod platforms;
mod ports;
mod process;
mod pulling;
mod real_load;
mod real_peers;
mod signals;
mod stacks;
mod stdio;
mod terminal;
mod tls;
mod traffic;
mod volumes;
mod way_out;
