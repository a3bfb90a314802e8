//! Debian packages: finds those that are missing and installs them without removing any.

mod apt;
mod packages;
mod simulation;

pub(crate) use apt::{install, unpack, unpack_for};
pub(crate) use packages::{
    for_build_bench, for_fuzzing, for_image_bench, for_kernel, for_mac_link, for_network_bench, for_setup, for_tests,
};
