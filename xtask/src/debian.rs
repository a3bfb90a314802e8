//! Debian packages: finds those that are missing and installs them without removing any.

mod apt;
mod packages;
mod simulation;

pub(crate) use apt::{install, unpack};
pub(crate) use packages::{for_cross_kernel, for_fuzzing, for_image_bench, for_setup, for_tests};
