//! `/etc/hostname`, `/etc/hosts` and `/etc/resolv.conf`: files of the machine, bind-mounted over those of the image.
//!
//! The image's own files are not changed, and what the workload writes to these files is lost with the machine, as in
//! Docker.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::io::Errno;

use crate::in_root::{ensure_file, path_of};
use crate::layout::Layout;
use crate::mount::{MountError, bind, make_directory};

/// Puts the three files in place.
pub(crate) fn mount_files(layout: &Layout, root: &OwnedFd, hostname: &str) -> Result<(), MountError> {
    make_directory(layout.files())?;
    let files = [
        ("hostname", format!("{hostname}\n")),
        ("hosts", hosts(hostname)),
        // Without a name server line, resolvers ask 127.0.0.1 and are refused at once instead of running into a
        // time-out.
        ("resolv.conf", "# this container has no network\n".to_owned()),
    ];
    for (name, content) in files {
        let path = layout.files().join(name);
        write_file(&path, &content).map_err(|error| MountError::Prepare {
            path: path.clone(),
            source: Errno::from_io_error(&error).unwrap_or(Errno::IO),
        })?;
        let inside = format!("/etc/{name}");
        match ensure_file(root.as_fd(), &inside) {
            Ok(target) => bind(&path, path_of(&target))?,
            // A dangling link: no program could read the file.
            Err(Errno::NOENT | Errno::LOOP) => {}
            Err(source) => {
                return Err(MountError::Prepare {
                    path: inside.into(),
                    source,
                });
            }
        }
    }
    Ok(())
}

/// Makes a file that everybody reads and root writes.
fn write_file(path: &Path, content: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o644)
        .open(path)?;
    file.write_all(content.as_bytes())
}

fn hosts(hostname: &str) -> String {
    format!(
        "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n\
         127.0.1.1\t{hostname}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_knows_localhost_and_the_container() {
        let text = hosts("web");
        assert!(text.lines().any(|line| line == "127.0.0.1\tlocalhost"));
        assert!(text.lines().any(|line| line == "127.0.1.1\tweb"));
    }
}
