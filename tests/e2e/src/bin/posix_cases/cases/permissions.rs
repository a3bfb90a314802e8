//! Users, groups and the special bits.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, chown, symlink};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps, UTIME_NOW, mknodat, utimensat};

use super::Case;
use super::show::{answer, done, file};
use super::user::{as_member, as_user};

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A file of user 1000 with a mode.
fn owned(directory: &Path, mode: u32) -> std::path::PathBuf {
    let path = directory.join("file");
    fs::write(&path, "content").unwrap();
    chown(&path, Some(1000), Some(1000)).unwrap();
    chmod(&path, mode);
    path
}

fn written(path: &Path) -> String {
    done(
        OpenOptions::new()
            .append(true)
            .open(path)
            .and_then(|mut file| file.write_all(b"more")),
    )
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("set-user-ID goes when root changes the owner", |directory| {
            let path = owned(directory, 0o6755);
            let changed = done(chown(&path, Some(1001), Some(1001)));
            format!("{changed}; {}", file(&path))
        }),
        Case::new("set-user-ID goes when another user writes", |directory| {
            let path = owned(directory, 0o6777);
            let wrote = as_user(1001, || written(&path));
            format!("{wrote}; {}", file(&path))
        }),
        Case::new("set-user-ID goes when its owner writes", |directory| {
            let path = owned(directory, 0o6777);
            let wrote = as_user(1000, || written(&path));
            format!("{wrote}; {}", file(&path))
        }),
        Case::new("set-user-ID stays when root writes", |directory| {
            let path = owned(directory, 0o6777);
            let wrote = written(&path);
            format!("{wrote}; {}", file(&path))
        }),
        Case::new("set-user-ID goes when another user shortens", |directory| {
            let path = owned(directory, 0o6777);
            let cut = as_user(1001, || {
                done(
                    OpenOptions::new()
                        .write(true)
                        .open(&path)
                        .and_then(|file| file.set_len(1)),
                )
            });
            format!("{cut}; {}", file(&path))
        }),
        Case::new("set-group-ID of a group that one is not in", |directory| {
            let path = owned(directory, 0o644);
            chown(&path, None, Some(50)).unwrap();
            let outside = as_user(1000, || {
                done(fs::set_permissions(&path, Permissions::from_mode(0o2755)))
            });
            let seen = file(&path);
            let inside = as_member(1000, &[50], || {
                done(fs::set_permissions(&path, Permissions::from_mode(0o2755)))
            });
            format!("{outside}; {seen}; {inside}; {}", file(&path))
        }),
        Case::new("set-group-ID of a directory is passed on", |directory| {
            chown(directory, Some(0), Some(50)).unwrap();
            chmod(directory, 0o2777);
            as_user(1000, || {
                fs::write(directory.join("file"), "").unwrap();
                fs::create_dir(directory.join("directory")).unwrap();
                symlink("x", directory.join("link")).unwrap();
                mknodat(
                    CWD,
                    directory.join("pipe"),
                    FileType::Fifo,
                    Mode::from_raw_mode(0o666),
                    0,
                )
                .unwrap();
            });
            ["file", "directory", "link", "pipe"]
                .map(|name| file(&directory.join(name)))
                .join("; ")
        }),
        Case::new("a sticky directory protects", |directory| {
            chmod(directory, 0o1777);
            for name in ["a", "b"] {
                let path = directory.join(name);
                as_user(1000, || fs::write(&path, "").unwrap());
            }
            let (a, b, c) = (directory.join("a"), directory.join("b"), directory.join("c"));
            let removed = as_user(1001, || done(fs::remove_file(&a)));
            let renamed = as_user(1001, || done(fs::rename(&a, &c)));
            let replaced = as_user(1001, || {
                fs::write(&c, "").unwrap();
                done(fs::rename(&c, &b))
            });
            let own = as_user(1000, || done(fs::remove_file(&a)));
            let root = done(fs::remove_file(&b));
            [removed, renamed, replaced, own, root].join("; ")
        }),
        Case::new("who may change what", |directory| {
            let path = owned(directory, 0o644);
            let mode = |user| as_user(user, || done(fs::set_permissions(&path, Permissions::from_mode(0o600))));
            let owner = |user, to| as_user(user, || done(chown(&path, Some(to), None)));
            let group = as_member(1000, &[50], || done(chown(&path, None, Some(50))));
            [
                mode(1001),
                mode(1000),
                owner(1000, 1001),
                owner(1000, 1000),
                owner(1001, 1001),
                group,
                file(&path),
            ]
            .join("; ")
        }),
        Case::new("times of another's file", |directory| {
            let path = owned(directory, 0o666);
            let set = |user, nanoseconds| {
                let time = Timespec {
                    tv_sec: 5,
                    tv_nsec: nanoseconds,
                };
                let times = Timestamps {
                    last_access: time,
                    last_modification: time,
                };
                as_user(user, || done(utimensat(CWD, &path, &times, AtFlags::empty())))
            };
            [set(1001, 5), set(1001, UTIME_NOW), set(1000, 5), set(0, 5)].join("; ")
        }),
        Case::new("a directory that cannot be entered or written to", |directory| {
            let inner = directory.join("inner");
            fs::create_dir(&inner).unwrap();
            fs::write(inner.join("file"), "x").unwrap();
            let tried = |mode| {
                chmod(&inner, mode);
                as_user(1000, || {
                    [
                        answer(fs::read_dir(&inner).map(Iterator::count)),
                        answer(fs::read_to_string(inner.join("file"))),
                        done(File::create(inner.join("new"))),
                        done(fs::remove_file(inner.join("nothing"))),
                        done(fs::create_dir(inner.join("directory"))),
                    ]
                    .join(", ")
                })
            };
            [0o700, 0o755, 0o744, 0o711, 0o733].map(tried).join("; ")
        }),
        Case::new("the umask", |directory| {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o7777);
            let made = done(options.open(directory.join("file")));
            fs::create_dir(directory.join("directory")).unwrap();
            mknodat(
                CWD,
                directory.join("pipe"),
                FileType::Fifo,
                Mode::from_raw_mode(0o666),
                0,
            )
            .unwrap();
            let seen = ["file", "directory", "pipe"].map(|name| file(&directory.join(name)));
            format!("{made}; {}", seen.join("; "))
        }),
        Case::new("a file without any permission", |directory| {
            let path = owned(directory, 0);
            let read = |user| as_user(user, || answer(fs::read_to_string(&path)));
            [read(0), read(1000), read(1001), file(&path)].join("; ")
        }),
        Case::new("a new file that its maker may not write to", |directory| {
            chmod(directory, 0o777);
            as_user(1000, || {
                let mut options = OpenOptions::new();
                let made = options
                    .write(true)
                    .create_new(true)
                    .mode(0o444)
                    .open(directory.join("file"));
                let wrote = done(made.and_then(|mut file| file.write_all(b"x")));
                format!(
                    "{wrote}; {}; {}",
                    written(&directory.join("file")),
                    file(&directory.join("file"))
                )
            })
        }),
    ];
    for mode in [0o600, 0o640, 0o604, 0o060, 0o006, 0o400, 0o200, 0o4711, 0o2711, 0o1644] {
        cases.push(Case::new(
            format!("a file of mode {mode:o} by owner, group and others"),
            move |directory| {
                let path = owned(directory, mode);
                let by = |user, groups: &[u32]| {
                    as_member(user, groups, || {
                        format!("{} {}", done(File::open(&path)), written(&path))
                    })
                };
                [by(1000, &[]), by(1001, &[1000]), by(1001, &[]), file(&path)].join("; ")
            },
        ));
    }
    cases
}
