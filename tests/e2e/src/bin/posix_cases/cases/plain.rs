//! Content, names, times, links, and what is more than one call.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, FallocateFlags, FileType, FlockOperation, Mode, OFlags, RenameFlags, Timespec, Timestamps, UTIME_NOW,
    UTIME_OMIT, XattrFlags, fallocate, flock, linkat, mkdirat, mknodat, open, openat, renameat_with, seek, setxattr,
    unlinkat, utimensat,
};

use super::Case;
use super::show::{answer, done, file};

/// Entries of a directory that is changed while it is read.
const MANY: usize = 10_000;

fn both(directory: &Path) -> File {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.open(directory.join("file")).unwrap()
}

fn times(access: (i64, i64), modification: (i64, i64)) -> Timestamps {
    let time = |(seconds, nanoseconds): (i64, i64)| Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds,
    };
    Timestamps {
        last_access: time(access),
        last_modification: time(modification),
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = content();
    cases.extend(names());
    cases.extend(others());
    cases
}

fn content() -> Vec<Case> {
    vec![
        Case::new("two that append", |directory| {
            let append = || {
                OpenOptions::new()
                    .append(true)
                    .create(true)
                    .open(directory.join("file"))
                    .unwrap()
            };
            let (mut one, mut other) = (append(), append());
            for _ in 0..3 {
                one.write_all(b"1").unwrap();
                other.write_all(b"2").unwrap();
            }
            answer(fs::read_to_string(directory.join("file")))
        }),
        Case::new("a removed file is used on", |directory| {
            let mut opened = both(directory);
            fs::remove_file(directory.join("file")).unwrap();
            opened.write_all(b"content").unwrap();
            opened.set_len(4).unwrap();
            opened.rewind().unwrap();
            let mut text = String::new();
            opened.read_to_string(&mut text).unwrap();
            let found = opened.metadata().unwrap();
            format!(
                "{text} {} {} links; {}",
                found.size(),
                found.nlink(),
                file(&directory.join("file"))
            )
        }),
        Case::new("a replaced file is read on", |directory| {
            fs::write(directory.join("file"), "old").unwrap();
            let mut opened = File::open(directory.join("file")).unwrap();
            fs::write(directory.join("new"), "new").unwrap();
            fs::rename(directory.join("new"), directory.join("file")).unwrap();
            let mut text = String::new();
            opened.read_to_string(&mut text).unwrap();
            format!("{text}; {}", answer(fs::read_to_string(directory.join("file"))))
        }),
        Case::new("a removed directory", |directory| {
            let path = directory.join("directory");
            fs::create_dir(&path).unwrap();
            let opened = open(&path, OFlags::DIRECTORY, Mode::empty()).unwrap();
            fs::remove_dir(&path).unwrap();
            done(openat(&opened, "file", OFlags::CREATE | OFlags::WRONLY, Mode::RUSR))
        }),
        Case::new("writing behind the end", |directory| {
            let opened = both(directory);
            opened.write_all_at(b"x", 10_000).unwrap();
            let mut bytes = [1; 8];
            opened.read_exact_at(&mut bytes, 100).unwrap();
            let past = answer(opened.read_at(&mut [0; 8], 20_000));
            format!("{bytes:?} {past} {}", opened.metadata().unwrap().size())
        }),
        Case::new("a file of 100 GiB without content", |directory| {
            let opened = both(directory);
            let made = done(opened.set_len(100 << 30));
            let wrote = done(opened.write_all_at(b"end", (100 << 30) - 3));
            let data = answer(seek(&opened, rustix::fs::SeekFrom::Data(0)).map(|offset| offset >= (99 << 30)));
            let hole = answer(seek(&opened, rustix::fs::SeekFrom::Hole(0)));
            let found = opened.metadata().unwrap();
            format!(
                "{made} {wrote} {data} {hole} {} {}",
                found.size(),
                found.blocks() < 1000
            )
        }),
        Case::new("allocation and holes", |directory| {
            let opened = both(directory);
            opened.write_all_at(&[1; 65536], 0).unwrap();
            let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            let punched = done(fallocate(&opened, hole, 4096, 8192));
            let mut bytes = [9; 3];
            opened.read_exact_at(&mut bytes, 8000).unwrap();
            let longer = done(fallocate(&opened, FallocateFlags::empty(), 0, 100_000));
            let kept = done(fallocate(&opened, FallocateFlags::KEEP_SIZE, 0, 200_000));
            format!(
                "{punched} {bytes:?} {longer} {kept} {}",
                opened.metadata().unwrap().size()
            )
        }),
        Case::new("too large a file", |directory| {
            let opened = both(directory);
            done(rustix::fs::ftruncate(&opened, u64::MAX))
        }),
        Case::new("reading and writing a directory", |directory| {
            let opened = File::open(directory).unwrap();
            let read = done((&opened).read(&mut [0; 8]));
            format!("{read}; {}", done((&opened).write(b"x")))
        }),
        Case::new("copying in the kernel", |directory| {
            fs::write(directory.join("from"), "content").unwrap();
            let copied = answer(fs::copy(directory.join("from"), directory.join("to")));
            format!("{copied} {}", answer(fs::read_to_string(directory.join("to"))))
        }),
        Case::new("syncing", |directory| {
            let opened = both(directory);
            let content = [done(opened.sync_all()), done(opened.sync_data())];
            let names = done(File::open(directory).and_then(|directory| directory.sync_all()));
            format!("{content:?} {names} {}", done(rustix::fs::syncfs(&opened)))
        }),
        Case::new("an end that moves", |directory| {
            let mut opened = both(directory);
            opened.write_all(b"0123456789").unwrap();
            let other = OpenOptions::new().write(true).open(directory.join("file")).unwrap();
            other.set_len(3).unwrap();
            let end = answer(opened.seek(SeekFrom::End(0)));
            other.set_len(6).unwrap();
            format!("{end} {:?}", fs::read(directory.join("file")).unwrap())
        }),
    ]
}

fn names() -> Vec<Case> {
    vec![
        Case::new("names of any bytes", |directory| {
            let names: [&[u8]; 5] = [b"\xff\xfe", b"a\nb", b" ", b"...", &[b'\xc3'; 255]];
            for name in names {
                fs::write(directory.join(OsStr::from_bytes(name)), "").unwrap();
            }
            let mut seen: Vec<_> = fs::read_dir(directory)
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            seen.sort();
            format!("{seen:?}")
        }),
        Case::new("a path of more than 4,095 bytes", |directory| {
            let name = "d".repeat(200);
            let mut opened = open(directory, OFlags::DIRECTORY, Mode::empty()).unwrap();
            for _ in 0..30 {
                mkdirat(&opened, &name, Mode::RWXU).unwrap();
                opened = openat(&opened, &name, OFlags::DIRECTORY, Mode::empty()).unwrap();
            }
            let deepest = done(openat(&opened, "file", OFlags::CREATE | OFlags::WRONLY, Mode::RUSR));
            let path = [name.as_str(); 30].join("/");
            format!("{deepest}; {}", done(File::open(directory.join(path))))
        }),
        Case::new("chains of links", |directory| {
            fs::write(directory.join("0"), "").unwrap();
            for index in 1..=45 {
                symlink((index - 1).to_string(), directory.join(index.to_string())).unwrap();
            }
            [39, 40, 41, 45]
                .map(|index: i32| done(File::open(directory.join(index.to_string()))))
                .join("; ")
        }),
        Case::new("links to anything", |directory| {
            let long = "t".repeat(4095);
            let made = |target: &str, name: &str| done(symlink(target, directory.join(name)));
            let results = [
                made(&long, "long"),
                made(&format!("{long}x"), "longer"),
                made("", "empty"),
                made("/", "root"),
            ];
            let length = answer(fs::read_link(directory.join("long")).map(|target| target.as_os_str().len()));
            format!("{} {length}", results.join("; "))
        }),
        Case::new("links to links", |directory| {
            fs::write(directory.join("file"), "").unwrap();
            symlink("file", directory.join("link")).unwrap();
            let link = |flags, name| done(linkat(CWD, directory.join("link"), CWD, directory.join(name), flags));
            let made = [
                link(AtFlags::empty(), "same"),
                link(AtFlags::SYMLINK_FOLLOW, "followed"),
            ];
            let seen = ["file", "link", "same", "followed"].map(|name| file(&directory.join(name)));
            format!("{}; {}", made.join("; "), seen.join("; "))
        }),
        Case::new("numbers of links", |directory| {
            let [one, other, third] = ["one", "other", "third"].map(|name| directory.join(name));
            fs::write(&one, "x").unwrap();
            fs::hard_link(&one, &other).unwrap();
            let two = file(&one);
            let same = done(fs::rename(&one, &other));
            fs::hard_link(&other, &third).unwrap();
            fs::remove_file(&one).unwrap();
            let numbers = [&other, &third].map(|path| fs::metadata(path).unwrap().ino());
            format!("{two}; {same}; {}; {}", file(&third), numbers[0] == numbers[1])
        }),
        Case::new("a directory in itself", |directory| {
            let path = directory.join("a");
            fs::create_dir_all(path.join("b")).unwrap();
            let into = done(fs::rename(&path, path.join("b/c")));
            let exchange = done(renameat_with(CWD, &path, CWD, path.join("b"), RenameFlags::EXCHANGE));
            let up = done(fs::rename(path.join("b"), &path));
            let dots = [".", ".."].map(|name| done(rustix::fs::rmdir(path.join("b").join(name))));
            format!(
                "{into}; {exchange}; {up}; {dots:?}; {}",
                done(rustix::fs::unlink(&path))
            )
        }),
        Case::new("a directory of 10,000 that is emptied while it is read", |directory| {
            for index in 0..MANY {
                mknodat(
                    CWD,
                    directory.join(index.to_string()),
                    FileType::RegularFile,
                    Mode::RUSR,
                    0,
                )
                .unwrap();
            }
            let count = fs::read_dir(directory).unwrap().count();
            let opened = open(directory, OFlags::DIRECTORY, Mode::empty()).unwrap();
            let mut seen = 0;
            for entry in fs::read_dir(directory).unwrap() {
                seen += 1;
                if unlinkat(&opened, entry.unwrap().file_name(), AtFlags::empty()).is_err() {
                    return "an entry was seen twice".to_owned();
                }
            }
            format!("{count} {seen} {}", fs::read_dir(directory).unwrap().count())
        }),
    ]
}

fn others() -> Vec<Case> {
    vec![
        Case::new("times that are set, kept and now", |directory| {
            let path = directory.join("file");
            fs::write(&path, "").unwrap();
            let set =
                |access, modification| done(utimensat(CWD, &path, &times(access, modification), AtFlags::empty()));
            let shown = || {
                let found = fs::metadata(&path).unwrap();
                let is_now = |seconds: i64| seconds > 1_700_000_000;
                let shown = |seconds, nanoseconds| match is_now(seconds) {
                    true => "now".to_owned(),
                    false => format!("{seconds}.{nanoseconds}"),
                };
                let (access, modification) = (
                    shown(found.atime(), found.atime_nsec()),
                    shown(found.mtime(), found.mtime_nsec()),
                );
                format!("{access} {modification} {}", is_now(found.ctime()))
            };
            let mut seen = Vec::new();
            for (access, modification) in [
                ((1, 999_999_999), (2, 3)),
                ((0, UTIME_OMIT), (4, 5)),
                ((6, 7), (0, UTIME_OMIT)),
                ((0, UTIME_OMIT), (0, UTIME_OMIT)),
                ((-5, 1), (0, 0)),
                ((0, UTIME_NOW), (0, UTIME_OMIT)),
                ((8, 1_000_000_000), (0, 0)),
            ] {
                seen.push(set(access, modification));
                seen.push(shown());
            }
            OpenOptions::new()
                .append(true)
                .open(&path)
                .unwrap()
                .write_all(b"x")
                .unwrap();
            seen.push(shown());
            seen.join("; ")
        }),
        Case::new("times of directories change with their names", |directory| {
            let path = directory.join("directory");
            fs::create_dir(&path).unwrap();
            let changes: [&dyn Fn(); 4] = [
                &|| fs::write(path.join("file"), "").unwrap(),
                &|| fs::rename(path.join("file"), path.join("other")).unwrap(),
                &|| fs::hard_link(path.join("other"), path.join("link")).unwrap(),
                &|| fs::remove_file(path.join("link")).unwrap(),
            ];
            let changed = changes.map(|change| {
                utimensat(CWD, &path, &times((1, 0), (1, 0)), AtFlags::empty()).unwrap();
                change();
                fs::metadata(&path).unwrap().mtime() > 1
            });
            format!("{changed:?}")
        }),
        Case::new("a pipe", |directory| {
            let path = directory.join("pipe");
            mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
            let writer = path.clone();
            let writing = std::thread::spawn(move || fs::write(writer, "through"));
            let read = answer(fs::read_to_string(&path));
            format!("{read} {} {}", done(writing.join().unwrap()), file(&path))
        }),
        Case::new("a socket", |directory| {
            let path = directory.join("socket");
            let listener = UnixListener::bind(&path).unwrap();
            let accepting =
                std::thread::spawn(move || listener.accept().map(|(mut stream, _)| stream.write_all(b"hello")));
            let mut text = String::new();
            let read = UnixStream::connect(&path).and_then(|mut stream| stream.read_to_string(&mut text));
            done(accepting.join().unwrap());
            let opened = done(File::open(&path));
            rustix::fs::chmod(&path, Mode::from_raw_mode(0o622)).unwrap();
            let renamed = done(fs::rename(&path, directory.join("renamed")));
            format!(
                "{} {text}; {opened}; {renamed}; {}",
                answer(read),
                file(&directory.join("renamed"))
            )
        }),
        Case::new("locks of one container", |directory| {
            let [one, other] = [(); 2].map(|()| both(directory));
            let take = |file: &File, operation| done(flock(file, operation));
            let first = take(&one, FlockOperation::NonBlockingLockExclusive);
            let second = take(&other, FlockOperation::NonBlockingLockShared);
            drop(one);
            format!(
                "{first}; {second}; {}",
                take(&other, FlockOperation::NonBlockingLockShared)
            )
        }),
        Case::new("an extended attribute", |directory| {
            fs::write(directory.join("file"), "").unwrap();
            done(setxattr(directory.join("file"), "user.test", b"1", XattrFlags::empty()))
        }),
        Case::new("an extended attribute of root's", |directory| {
            fs::write(directory.join("file"), "").unwrap();
            done(setxattr(
                directory.join("file"),
                "trusted.test",
                b"1",
                XattrFlags::empty(),
            ))
        }),
        Case::new("a device node", |directory| {
            let device = rustix::fs::makedev(1, 3);
            done(mknodat(
                CWD,
                directory.join("null"),
                FileType::CharacterDevice,
                Mode::RUSR,
                device,
            ))
        }),
        Case::new("a file without a name", |directory| {
            let flags = OFlags::TMPFILE | OFlags::RDWR;
            let opened = open(directory, flags, Mode::from_raw_mode(0o600));
            done(opened.and_then(|file| rustix::io::write(&file, b"x")))
        }),
    ]
}
