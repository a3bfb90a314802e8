//! Proves that the root of a container is read and rewritten on the host as its own kernel sees it, also after its machine was killed.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, Process, eventually};
use container_rootfs::{ArchiveOptions, Change, ChangeKind, Mount, RewriteOptions, RootView};
use container_tar::{Entry, EntryKind, Reader, Timestamp, Writer};

/// Entries of all kinds, and directories in all states: large, with an index, shrunk again, deleted and made anew.
const SCRIPT: &str = r"
set -e
mkdir -p /t/many /t/deep/er; cd /t
i=0; while [ $i -lt 400 ]; do : >many/a-name-of-some-length-$i; i=$((i+1)); done
i=0; while [ $i -lt 400 ]; do rm many/a-name-of-some-length-$i; i=$((i+3)); done
dd if=/dev/urandom of=big bs=64k count=20 2>/dev/null
ln big again; chmod 4751 big; chown 1234:70000 big
ln -s /etc/passwd short; ln -s $(printf '%0200d' 0) long
mkfifo fifo; mknod character c 1 3; mknod block b 7 200
i=0; while [ $i -lt 60 ]; do dd if=/dev/urandom of=pieces bs=4096 count=1 seek=$((i*2)) conv=notrunc 2>/dev/null; i=$((i+2)); done
touch -d '2001-02-03 04:05:06' deep
echo more >>/etc/passwd; rm /etc/group
rm -r /home; mkdir /home; echo new >/home/new
tar -cf /self.tar -C / t home etc/passwd
sync
";

fn kill(home: &Home) {
    let running = home.processes();
    let victims = running
        .iter()
        .filter(|process| process.is_launcher() || process.is_hypervisor());
    victims.for_each(Process::kill);
    eventually("it is stopped", COMMAND_LIMIT, || {
        home.status("web")["state"] == "stopped"
    });
}

fn disk(home: &Home) -> PathBuf {
    home.app_root().join("containers/web/rootfs.ext4")
}

fn view(home: &Home) -> RootView {
    RootView::open(layers(home), Some(File::open(disk(home)).unwrap()), Vec::new()).unwrap()
}

fn layers(home: &Home) -> Vec<File> {
    let layers = std::fs::read_dir(home.app_root().join("layers")).unwrap();
    let disks = layers
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "ext4"));
    // The image has one layer.
    let layers: Vec<File> = disks.map(|path| File::open(path).unwrap()).collect();
    assert_eq!(layers.len(), 1);
    layers
}

/// Puts a file into a directory of the root, and the new disk in the place of the old one.
fn rewrite(view: &RootView, destination: &str, disk: &Path) {
    let entry = Entry {
        path: b"t/deep/er/written".to_vec(),
        kind: EntryKind::File {
            size_bytes: 5,
            regions: None,
        },
        mode: 0o640,
        uid: 5,
        gid: 6,
        modified: Timestamp::default(),
        xattrs: Vec::new(),
    };
    let mut tar = Writer::new(Vec::new());
    tar.begin(&entry).unwrap();
    tar.content(b"hello").unwrap();
    let tar = tar.finish().unwrap();
    let new = disk.with_extension("new");
    let mut options = File::options();
    let out = options.read(true).write(true).create_new(true).open(&new).unwrap();
    let scratch = tempfile::tempfile().unwrap();
    let mut reader = Reader::new(tar.as_slice());
    view.rewrite(
        destination.as_bytes(),
        &mut reader,
        RewriteOptions::default(),
        &out,
        scratch,
    )
    .unwrap();
    std::fs::rename(&new, disk).unwrap();
}

#[track_caller]
fn assert_clean(disk: &Path) {
    let check = Command::new("e2fsck").arg("-fn").arg(disk).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}

fn archive(view: &RootView, path: &str, name: &str, into: &mut Writer<Vec<u8>>) {
    view.archive(path.as_bytes(), name.as_bytes(), ArchiveOptions::default(), into)
        .unwrap();
}

/// Entries with their whole contents. busybox's tar has neither attributes, sparse files nor fractions of seconds.
fn entries(tar: &[u8]) -> BTreeMap<Vec<u8>, (Entry, Vec<u8>)> {
    let mut reader = Reader::new(tar);
    let mut entries = BTreeMap::new();
    while let Some(mut entry) = reader.next_entry().unwrap() {
        let mut content = Vec::new();
        loop {
            let piece = reader.content().unwrap();
            let length = piece.len();
            content.extend_from_slice(piece);
            reader.consume(length);
            if length == 0 {
                break;
            }
        }
        if let EntryKind::File { size_bytes, regions } = &mut entry.kind
            && let Some(regions) = regions.take()
        {
            let mut whole = vec![0; *size_bytes as usize];
            let mut rest = content.as_slice();
            for region in regions {
                let (piece, others) = rest.split_at(region.length as usize);
                whole[region.offset as usize..][..piece.len()].copy_from_slice(piece);
                rest = others;
            }
            content = whole;
        }
        entry.modified.nanoseconds = 0;
        entry.xattrs.clear();
        while entry.path.ends_with(b"/") {
            entry.path.pop();
        }
        entries.insert(entry.path.clone(), (entry, content));
    }
    entries
}

/// Which name of a file comes first in a tar is of no importance.
fn without_links(entries: BTreeMap<Vec<u8>, (Entry, Vec<u8>)>) -> BTreeMap<Vec<u8>, (Entry, Vec<u8>)> {
    let found = entries.clone();
    let resolve = |(path, (mut entry, content)): (Vec<u8>, (Entry, Vec<u8>))| {
        let EntryKind::HardLink { target } = &entry.kind else {
            return (path, (entry, content));
        };
        let (first, content) = found[target].clone();
        entry.kind = first.kind;
        (path, (entry, content))
    };
    entries.into_iter().map(resolve).collect()
}

#[test]
fn the_root_of_a_killed_container_is_read_and_rewritten_as_its_kernel_has_it() {
    let home = Home::new();
    home.start_sleeper("web");
    home.run(["exec", "web", "sh", "-c", SCRIPT]).success();
    kill(&home);

    let before = view(&home);
    let mut own = Writer::new(Vec::new());
    archive(&before, "/self.tar", "self.tar", &mut own);
    let own = entries(&own.finish().unwrap()).remove(&b"self.tar"[..]).unwrap().1;
    let mut ours = Writer::new(Vec::new());
    for path in ["t", "home", "etc/passwd"] {
        archive(&before, path, path, &mut ours);
    }
    let (own, ours) = (
        without_links(entries(&own)),
        without_links(entries(&ours.finish().unwrap())),
    );
    assert!(
        own.keys().eq(ours.keys()),
        "{:?}",
        own.keys().filter(|path| !ours.contains_key(*path)).collect::<Vec<_>>()
    );
    for (path, (entry, content)) in own {
        let (found, found_content) = &ours[&path];
        assert_eq!(found, &entry);
        assert!(found_content == &content, "{}", path.escape_ascii());
    }
    let changes = before.changes().unwrap();
    let has = |kind, path: &str| {
        changes.contains(&Change {
            kind,
            path: path.into(),
        })
    };
    assert!(has(ChangeKind::Deleted, "/etc/group") && has(ChangeKind::Modified, "/etc/passwd"));
    assert!(has(ChangeKind::Added, "/t/many") && has(ChangeKind::Added, "/home/new"));

    rewrite(&before, "/", &disk(&home));
    home.run(["start", "web"]).success();
    // The index of the large directory, free blocks and the journal are used by the kernel.
    let script = "set -e; cat /t/deep/er/written; stat -c ' %a %u:%g' /t/deep/er/written; ls /t/many | wc -l
        i=0; while [ $i -lt 300 ]; do echo $i >/t/many/another-name-of-some-length-$i; i=$((i+1)); done
        dd if=/dev/zero bs=1M count=20 of=/t/filled 2>/dev/null; ls /t/many | wc -l; rm -r /t/many; cat /home/new; sync";
    let said = home.run(["exec", "web", "sh", "-c", script]).success().text();
    assert_eq!(said, "hello 640 5:6\n266\n566\nnew");
    home.run(["stop", "-t", "1", "web"]).success();
    assert_clean(&disk(&home));
    home.run(["delete", "web"]).success();
}

#[test]
fn a_volume_that_nobody_uses_is_rewritten_on_the_host() {
    let home = Home::new();
    let shell = |script: &str| {
        home.run(["run", "--rm", "-v", "data:/d", BUSYBOX, "sh", "-c", script])
            .success()
            .text()
    };
    shell("echo kept >/d/file");
    let disk = home.app_root().join("volumes/data/volume.img");
    let mount = Mount {
        path: b"/d".to_vec(),
        disk: File::open(&disk).unwrap(),
        subpath: Vec::new(),
    };
    let view = RootView::open(layers(&home), None, vec![mount]).unwrap();
    assert_eq!(view.stat(b"/d/file", true).unwrap().size_bytes(), 5);
    rewrite(&view, "/d", &disk);
    assert_eq!(
        shell("cat /d/file /d/t/deep/er/written; echo more >/d/more"),
        "kept\nhello"
    );
    assert_clean(&disk);
}
