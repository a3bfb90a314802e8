//! Credentials of Docker and podman: their files, and the helper programs that the files name.

mod auth_file;
mod program;

pub(crate) use auth_file::AuthFile;
pub(crate) use program::ask;
