//! What Docker and podman know: their files, and the helper programs that the files name.

mod auth_file;
mod helper;

pub(crate) use auth_file::AuthFile;
pub(crate) use helper::ask;
