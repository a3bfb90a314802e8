//! Messages and services of `container.control.v1`, see `proto/control.proto` for what they mean.
#![allow(
    missing_docs,
    clippy::all,
    clippy::allow_attributes_without_reason,
    unreachable_pub,
    reason = "generated code"
)]

include!("generated/container.control.v1.rs");
