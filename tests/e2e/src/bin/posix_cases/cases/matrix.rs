//! Every operation on everything that can be at a path, by root and by another user.

use std::fs;
use std::os::unix::fs::{chown, lchown, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{
    Access, AtFlags, CWD, FileType, Mode, OFlags, RenameFlags, Timespec, Timestamps, UTIME_OMIT, accessat, linkat,
    mknodat, open, readlink, renameat_with, rmdir, unlink, utimensat,
};
use rustix::io::Errno;

use super::Case;
use super::show::{done, file};
use super::user::as_user;

const TARGETS: [&str; 13] = [
    "missing",
    "file",
    "directory",
    "full directory",
    "link to file",
    "link to directory",
    "dangling link",
    "looping link",
    "pipe",
    "below a file",
    "below nothing",
    "name of 255 bytes",
    "name of 256 bytes",
];

/// Makes the target, and what operations take besides.
fn prepare(directory: &Path, target: &str) -> PathBuf {
    fs::write(directory.join("other"), "other").unwrap();
    fs::create_dir(directory.join("empty")).unwrap();
    fs::create_dir(directory.join("full")).unwrap();
    fs::write(directory.join("full/inside"), "inside").unwrap();
    let path = directory.join("x");
    let link = |to: &str| symlink(to, &path).unwrap();
    match target {
        "file" => fs::write(&path, "content").unwrap(),
        "directory" => fs::create_dir(&path).unwrap(),
        "full directory" => {
            fs::create_dir(&path).unwrap();
            fs::write(path.join("inside"), "").unwrap();
        }
        "link to file" => link("other"),
        "link to directory" => link("empty"),
        "dangling link" => link("nothing"),
        "looping link" => link("x"),
        "pipe" => mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap(),
        "below a file" => return directory.join("other/x"),
        "below nothing" => return directory.join("nothing/x"),
        "name of 255 bytes" => {
            let path = directory.join("n".repeat(255));
            fs::write(&path, "content").unwrap();
            return path;
        }
        "name of 256 bytes" => return directory.join("n".repeat(256)),
        _ => {}
    }
    path
}

type Operation = fn(&Path, &Path) -> Result<(), Errno>;

fn opened(path: &Path, flags: OFlags) -> Result<(), Errno> {
    open(
        path,
        flags | OFlags::NONBLOCK | OFlags::CLOEXEC,
        Mode::from_raw_mode(0o640),
    )
    .map(drop)
}

fn renamed(from: &Path, to: PathBuf, flags: RenameFlags) -> Result<(), Errno> {
    renameat_with(CWD, from, CWD, &to, flags)
}

fn errno(result: std::io::Result<()>) -> Result<(), Errno> {
    result.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::NOSYS))
}

fn timed(path: &Path, flags: AtFlags) -> Result<(), Errno> {
    let time = |seconds, nanoseconds| Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds,
    };
    let times = Timestamps {
        last_access: time(0, UTIME_OMIT),
        last_modification: time(1_000_000_000, 5),
    };
    utimensat(CWD, path, &times, flags)
}

/// What is done with a path; the directory is where else something is.
const OPERATIONS: [(&str, Operation); 36] = [
    ("stat", |path, _| rustix::fs::stat(path).map(drop)),
    ("read", |path, _| opened(path, OFlags::RDONLY)),
    ("read no link", |path, _| {
        opened(path, OFlags::RDONLY | OFlags::NOFOLLOW)
    }),
    ("read directory", |path, _| {
        opened(path, OFlags::RDONLY | OFlags::DIRECTORY)
    }),
    ("write", |path, _| opened(path, OFlags::WRONLY)),
    ("read and write", |path, _| opened(path, OFlags::RDWR)),
    ("append", |path, _| opened(path, OFlags::WRONLY | OFlags::APPEND)),
    ("cut off", |path, _| opened(path, OFlags::WRONLY | OFlags::TRUNC)),
    ("cut off read", |path, _| opened(path, OFlags::RDONLY | OFlags::TRUNC)),
    ("create", |path, _| opened(path, OFlags::RDWR | OFlags::CREATE)),
    ("create read", |path, _| opened(path, OFlags::RDONLY | OFlags::CREATE)),
    ("create new", |path, _| {
        opened(path, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)
    }),
    ("create or cut off", |path, _| {
        opened(path, OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC)
    }),
    ("create no link", |path, _| {
        opened(path, OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW)
    }),
    ("make directory", |path, _| {
        rustix::fs::mkdir(path, Mode::from_raw_mode(0o750))
    }),
    ("make link", |path, _| rustix::fs::symlink("to", path)),
    ("make pipe", |path, _| {
        mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o620), 0)
    }),
    ("make file", |path, _| {
        mknodat(CWD, path, FileType::RegularFile, Mode::from_raw_mode(0o604), 0)
    }),
    ("remove", |path, _| unlink(path)),
    ("remove directory", |path, _| rmdir(path)),
    ("read link", |path, _| readlink(path, Vec::new()).map(drop)),
    ("shorten", |path, _| {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::fs::ftruncate(open(path, flags, Mode::empty())?, 3)
    }),
    ("change mode", |path, _| {
        rustix::fs::chmod(path, Mode::from_raw_mode(0o641))
    }),
    ("change special bits", |path, _| {
        rustix::fs::chmod(path, Mode::from_raw_mode(0o7751))
    }),
    ("change owner", |path, _| errno(chown(path, Some(1), Some(2)))),
    ("change owner of link", |path, _| errno(lchown(path, Some(3), None))),
    ("change times", |path, _| timed(path, AtFlags::empty())),
    ("change times of link", |path, _| timed(path, AtFlags::SYMLINK_NOFOLLOW)),
    ("may write", |path, _| {
        accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS)
    }),
    ("rename", |path, directory| {
        renamed(path, directory.join("new"), RenameFlags::empty())
    }),
    ("rename over file", |path, directory| {
        renamed(path, directory.join("other"), RenameFlags::empty())
    }),
    ("rename over directory", |path, directory| {
        renamed(path, directory.join("empty"), RenameFlags::empty())
    }),
    ("rename over full directory", |path, directory| {
        renamed(path, directory.join("full"), RenameFlags::empty())
    }),
    ("rename over nothing only", |path, directory| {
        renamed(path, directory.join("other"), RenameFlags::NOREPLACE)
    }),
    ("exchange", |path, directory| {
        renamed(path, directory.join("full"), RenameFlags::EXCHANGE)
    }),
    ("link", |path, directory| {
        linkat(CWD, path, CWD, directory.join("new"), AtFlags::empty())
    }),
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for user in [0, 1000] {
        for target in TARGETS {
            for (name, operation) in OPERATIONS {
                cases.push(Case::new(format!("{user}: {name}: {target}"), move |directory| {
                    run(user, target, operation, directory)
                }));
            }
        }
    }
    cases
}

fn run(user: u32, target: &str, operation: Operation, directory: &Path) -> String {
    chown(directory, Some(user), Some(user)).unwrap();
    as_user(user, || {
        let path = prepare(directory, target);
        let answer = done(operation(&path, directory));
        let others = ["other", "empty", "full", "new", "nothing"].map(|name| file(&directory.join(name)));
        format!("{answer}; {}; {}", file(&path), others.join("; "))
    })
}
