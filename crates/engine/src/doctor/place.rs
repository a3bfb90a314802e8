//! Where state lives: the settings, the directories, their room and their sockets.

use std::fs::{self, File};
use std::io;
use std::os::unix::net::UnixListener;
use std::path::Path;

use container_model::ContainerId;
use container_state::AppPaths;
use container_terminal::HumanSize;
use uuid::Uuid;

use super::Finding;
use crate::settings;

/// With less than this an image of usual size does not fit.
const LITTLE_BYTES: u64 = 4 << 30;

/// With less than this containers stand still soon.
const TOO_LITTLE_BYTES: u64 = 256 << 20;

pub(super) fn settings() -> Finding {
    const SUBJECT: &str = "settings";
    match settings::load() {
        Ok(_) => Finding::good(SUBJECT, "understood"),
        Err(error) => Finding::bad(SUBJECT, error.to_string()),
    }
}

/// The directories, which are there.
pub(super) fn of(paths: &AppPaths) -> [Finding; 3] {
    let root = paths.root();
    let room = rustix::fs::statvfs(root).map(|status| status.f_bavail.saturating_mul(status.f_frsize));
    [state(root), space(root, room.map_err(io::Error::from)), sockets(paths)]
}

/// Whether this user can write below the app root.
fn state(root: &Path) -> Finding {
    const SUBJECT: &str = "state";
    let trial = root.join(format!(".doctor-{}", Uuid::new_v4()));
    match File::create_new(&trial).and_then(|_| fs::remove_file(&trial)) {
        Ok(()) => Finding::good(SUBJECT, root.display().to_string()),
        Err(error) => Finding::bad(SUBJECT, format!("cannot write below {}: {error}", root.display()))
            .with_remedy("it has to belong to you; CONTAINER_APP_ROOT names another place"),
    }
}

fn space(root: &Path, free_bytes: io::Result<u64>) -> Finding {
    const SUBJECT: &str = "space";
    let free_bytes = match free_bytes {
        Ok(free_bytes) => free_bytes,
        Err(error) => return Finding::bad(SUBJECT, format!("{}: {error}", root.display())),
    };
    let detail = format!("{} free for {}", HumanSize(free_bytes), root.display());
    let remedy = "container system df shows what takes room, container system prune frees what nothing needs";
    match free_bytes {
        ..TOO_LITTLE_BYTES => Finding::bad(SUBJECT, detail).with_remedy(remedy),
        TOO_LITTLE_BYTES..LITTLE_BYTES => Finding::poor(SUBJECT, detail).with_remedy(remedy),
        LITTLE_BYTES.. => Finding::good(SUBJECT, detail),
    }
}

/// Whether a launcher could listen: with a name that no container has.
fn sockets(paths: &AppPaths) -> Finding {
    const SUBJECT: &str = "sockets";
    let failed = |error: String| {
        Finding::bad(SUBJECT, error)
            .with_remedy("XDG_RUNTIME_DIR names another place, which has to be on this host's own file systems")
    };
    let name: Result<ContainerId, _> = Uuid::new_v4().to_string().parse();
    let path = match name.map(|name| paths.control_socket(&name)) {
        Ok(Ok(path)) => path,
        Ok(Err(error)) => return Finding::bad(SUBJECT, error.to_string()),
        Err(error) => return failed(error.to_string()),
    };
    match UnixListener::bind(&path) {
        Ok(_) => {
            // A socket without a listener is swept away with those of killed launchers.
            let _ = fs::remove_file(&path);
            Finding::good(SUBJECT, paths.runtime().display().to_string())
        }
        Err(error) => failed(format!("cannot listen in {}: {error}", paths.runtime().display())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_full_disk_is_worse_than_one_that_fills_up() {
        let of = |bytes: u64| space(Path::new("/there"), Ok(bytes)).verdict;
        assert_eq!(of(LITTLE_BYTES), Verdict::Good);
        assert_eq!(of(LITTLE_BYTES - 1), Verdict::Poor);
        assert_eq!(of(TOO_LITTLE_BYTES - 1), Verdict::Bad);
        let detail = space(Path::new("/there"), Ok(LITTLE_BYTES - 1)).detail;
        assert_eq!(detail, "4.29 GB free for /there");
        let unknown = space(Path::new("/there"), Err(io::ErrorKind::PermissionDenied.into()));
        assert_eq!((unknown.verdict, unknown.remedy), (Verdict::Bad, None));
    }

    #[test]
    fn what_can_be_used_is_left_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let paths = AppPaths::new(directory.path().join("root"), directory.path().join("run"));
        paths.prepare().unwrap();
        let findings = of(&paths);
        assert_eq!(findings[0].verdict, Verdict::Good, "{findings:?}");
        assert_eq!(findings[2].verdict, Verdict::Good, "{findings:?}");
        let left: Vec<_> = fs::read_dir(paths.root())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["containers"]);
        assert_eq!(fs::read_dir(paths.runtime()).unwrap().count(), 0);
    }

    #[test]
    fn a_directory_that_is_gone_is_told_with_another_way() {
        let directory = tempfile::tempdir().unwrap();
        let paths = AppPaths::new(directory.path().join("root"), directory.path().join("run"));
        for (finding, way_out) in [
            (state(paths.root()), "CONTAINER_APP_ROOT"),
            (sockets(&paths), "XDG_RUNTIME_DIR"),
        ] {
            assert_eq!(finding.verdict, Verdict::Bad);
            assert!(finding.detail.contains("No such file"), "{finding:?}");
            assert!(finding.remedy.unwrap().contains(way_out));
        }
    }
}
