//! Docker's seccomp profiles as filter programs of Linux.
//!
//! A profile is a JSON document (moby `profiles/seccomp`, and the runtime specification's `linux.seccomp`, which is read as well). [`Profile::document`] and
//! [`Profile::from_json`] read one, [`Profile::program`] makes of it the program that the kernel of a machine runs before each system call, seccomp(2), for processes with
//! certain capabilities. No library of the system is needed, and the machine's architecture need not be the host's.

mod document;
mod error;
mod program;
mod rules;

pub use document::Profile;
pub use error::ProfileError;
pub use rules::Architecture;
