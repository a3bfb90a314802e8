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
use crate::names::Names;

const HOSTNAME: &str = "hostname";

/// Puts the files in place.
pub(crate) fn mount_files(layout: &Layout, root: &OwnedFd, hostname: &str, names: &Names) -> Result<(), MountError> {
    make_directory(layout.files())?;
    let hostname_file = (HOSTNAME, Some(hostname_content(hostname)));
    for (name, content) in [hostname_file].into_iter().chain(files_of_names(hostname, names)) {
        let Some(content) = content else { continue };
        let path = layout.files().join(name);
        prepare(&path, write_file(&path, &content))?;
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

/// Writes the files that name hosts again, those that the container has from [`mount_files`]. They stay the same files, because the
/// container sees these and not their names.
pub(crate) fn rewrite_files(layout: &Layout, hostname: &str, names: &Names) -> Result<(), MountError> {
    for (name, content) in files_of_names(hostname, names) {
        if let Some(content) = content {
            rewrite_file(layout, name, &content)?;
        }
    }
    Ok(())
}

/// Writes `/etc/hostname` again, as [`rewrite_files`] does with the others.
pub(crate) fn rewrite_hostname(layout: &Layout, hostname: &str) -> Result<(), MountError> {
    rewrite_file(layout, HOSTNAME, &hostname_content(hostname))
}

fn rewrite_file(layout: &Layout, name: &str, content: &str) -> Result<(), MountError> {
    let path = layout.files().join(name);
    if path.exists() {
        prepare(&path, write_file(&path, content))?;
    }
    Ok(())
}

fn hostname_content(hostname: &str) -> String {
    format!("{hostname}\n")
}

fn files_of_names(hostname: &str, names: &Names) -> [(&'static str, Option<String>); 2] {
    [
        ("hosts", Some(names.hosts_file(hostname))),
        ("resolv.conf", names.resolver.content()),
    ]
}

/// Makes a file that everybody reads and root writes. One that is there gets the new content before its rest is cut off, so that a
/// program that reads at the same time does not find it empty.
fn write_file(path: &Path, content: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o644)
        .open(path)?;
    file.write_all(content.as_bytes())?;
    file.set_len(content.len() as u64)
}

fn prepare(path: &Path, result: io::Result<()>) -> Result<(), MountError> {
    result.map_err(|error| MountError::Prepare {
        path: path.to_owned(),
        source: Errno::from_io_error(&error).unwrap_or(Errno::IO),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::names::{HostsLine, Resolver, ResolverFile};

    fn names(address: &str) -> Names {
        Names {
            hosts: vec![HostsLine {
                address: address.to_owned(),
                names: vec!["db".to_owned()],
            }],
            resolver: ResolverFile::Resolver(Resolver {
                nameservers: vec![address.to_owned()],
                ..Resolver::default()
            }),
        }
    }

    fn read(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn rewritten_files_stay_the_same_files() {
        let directory = tempfile::tempdir().unwrap();
        let layout = Layout::new(directory.path());
        let (hosts, resolver) = (layout.files().join("hosts"), layout.files().join("resolv.conf"));
        std::fs::create_dir(layout.files()).unwrap();
        for path in [&hosts, &resolver] {
            write_file(path, &"long ".repeat(200)).unwrap();
        }
        let before = std::fs::metadata(&hosts).unwrap().ino();
        rewrite_files(&layout, "web", &names("10.1.2.3")).unwrap();
        assert_eq!(std::fs::metadata(&hosts).unwrap().ino(), before);
        assert!(read(&hosts).ends_with("10.1.2.3\tdb\n"));
        assert_eq!(read(&resolver), "nameserver 10.1.2.3\n");
        let kept = Names {
            resolver: ResolverFile::Image,
            ..Names::default()
        };
        rewrite_files(&layout, "web", &kept).unwrap();
        assert!(!read(&hosts).contains("db"));
        assert_eq!(read(&resolver), "nameserver 10.1.2.3\n");
    }

    #[test]
    fn a_rewritten_host_name_is_the_whole_file() {
        let directory = tempfile::tempdir().unwrap();
        let layout = Layout::new(directory.path());
        std::fs::create_dir(layout.files()).unwrap();
        let path = layout.files().join("hostname");
        write_file(&path, "a-long-name-of-a-template\n").unwrap();
        rewrite_hostname(&layout, "web").unwrap();
        assert_eq!(read(&path), "web\n");
    }

    #[test]
    fn a_file_that_the_container_has_of_its_image_is_not_made_later() {
        let directory = tempfile::tempdir().unwrap();
        let layout = Layout::new(directory.path());
        std::fs::create_dir(layout.files()).unwrap();
        write_file(&layout.files().join("hosts"), "").unwrap();
        rewrite_files(&layout, "web", &names("10.1.2.3")).unwrap();
        assert!(!layout.files().join("resolv.conf").exists());
    }
}
