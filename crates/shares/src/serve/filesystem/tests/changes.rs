//! What the launcher is told when files of a tree are changed on the host.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

use super::*;
use crate::change::{ANSWER, Change, ChangeKind as Kind, read_changes, read_length};
use crate::serve::announce::Announcer;

/// A launcher that listens to a machine's file server.
struct Launcher {
    machine: Machine,
    host: TempDir,
    stream: UnixStream,
    count: usize,
}

impl Launcher {
    fn listen(read_only: bool) -> Self {
        let host = host();
        let mut machine = Machine::boot(
            host.path(),
            &[("tree", "shared", read_only), ("one", "shared/file", true)],
        );
        let roots = ["shared", "shared/file"].map(|path| fs::File::open(host.path().join(path)).unwrap());
        let (trees, changes) = machine.filesystem.watch(Watches::new(roots.into()).unwrap());
        let (stream, theirs) = UnixStream::pair().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let announcer = Announcer {
            trees,
            changes,
            stream: theirs,
        };
        announcer.start().unwrap();
        Self {
            machine,
            host,
            stream,
            count: 0,
        }
    }

    /// Runs a script in the tree on the host. The server tells of other processes only.
    fn on_host(&self, script: &str) {
        let mut command = Command::new("/bin/sh");
        let command = command
            .args(["-ec", script])
            .current_dir(self.host.path().join("shared"));
        assert!(command.status().unwrap().success());
    }

    /// Runs a script as [`Launcher::on_host`] does, and returns what is told of it: up to a last directory that is made for this.
    fn told_of(&mut self, script: &str) -> Vec<String> {
        let name = format!("last-{}", self.count);
        self.count += 1;
        self.on_host(&format!("{script}; mkdir {name}"));
        let last = format!("DirectoryMade tree:/{name}");
        let mut told = Vec::new();
        while !told.contains(&last) {
            told.extend(self.next());
        }
        told.retain(|change| *change != last);
        told
    }

    /// The next batch, as `kind directory/name` or `kind directory/name directory/name`.
    fn next(&mut self) -> Vec<String> {
        let told = self.hear();
        self.answer();
        told
    }

    /// The next batch, without an answer to it: the machine is being told.
    fn hear(&mut self) -> Vec<String> {
        let mut head = [0; 4];
        self.stream.read_exact(&mut head).unwrap();
        let mut body = vec![0; read_length(head).unwrap()];
        self.stream.read_exact(&mut body).unwrap();
        read_changes(&body).unwrap().iter().map(words).collect()
    }

    fn answer(&mut self) {
        self.stream.write_all(&[ANSWER]).unwrap();
    }
}

fn words(change: &Change) -> String {
    let path = |entry: &crate::change::Entry| {
        let both = [&entry.directory[..], &entry.name].join(&b'/');
        String::from_utf8(both).unwrap()
    };
    let to = (change.kind == Kind::Moved).then(|| format!(" {}", path(&change.to)));
    format!(
        "{:?} {}:{}{}",
        change.kind,
        change.tree,
        path(&change.entry),
        to.unwrap_or_default()
    )
}

#[test]
fn a_tree_of_which_nothing_is_told_is_named_though_nothing_happens() {
    let mut launcher = Launcher::listen(false);
    let changes = Arc::clone(&launcher.machine.filesystem.changes);
    for tree in [1, 0] {
        changes.watches.as_ref().unwrap().refuse(tree);
    }
    let mut told = launcher.next();
    if told.len() < 2 {
        told.extend(launcher.next());
    }
    assert_eq!(told, ["Unwatched one:/", "Unwatched tree:/"]);
}

#[test]
fn edits_of_others_are_told_once_and_the_machine_s_own_are_not() {
    for read_only in [false, true] {
        let mut launcher = Launcher::listen(read_only);
        launcher.machine.node("tree/below");
        if !read_only {
            launcher.machine.create(0, "tree", "own", 0o644).unwrap();
        }
        fs::write(launcher.host.path().join("shared/file"), "of this process").unwrap();
        assert_eq!(
            launcher.told_of("echo a >>file"),
            ["Modified tree:/file", "Written tree:/file"]
        );
        assert_eq!(launcher.told_of("chmod 755 file"), ["Attributes tree:/file"]);
        let made = [
            "FileMade tree:below/new",
            "Modified tree:below/new",
            "Written tree:below/new",
        ];
        assert_eq!(launcher.told_of("echo b >below/new"), made);
    }
}

#[test]
fn a_tree_that_is_a_single_file_is_told_of_by_itself() {
    let mut launcher = Launcher::listen(false);
    launcher.machine.node("one");
    launcher.on_host("echo a >>file");
    assert_eq!(launcher.next(), ["Modified one:/", "Written one:/"]);
}

#[test]
fn removals_replacements_and_renames_are_told_as_such() {
    let mut launcher = Launcher::listen(false);
    launcher.machine.node("tree/below");
    launcher.machine.node("tree/file");
    assert_eq!(launcher.told_of("mv file moved"), ["Moved tree:/file /moved"]);
    launcher.machine.node("tree/moved");
    // An editor that saves by a rename, its new file made elsewhere.
    let told = launcher.told_of("echo saved >../saved; mv ../saved moved");
    assert_eq!(told, ["Removed tree:/moved", "FileMade tree:/moved"]);
    launcher.machine.node("tree/moved");
    assert_eq!(launcher.told_of("rm moved"), ["Removed tree:/moved"]);
    assert_eq!(launcher.told_of("rmdir below"), ["DirectoryRemoved tree:/below"]);
    assert_eq!(launcher.told_of("ln -s x link"), ["LinkMade tree:/link"]);
    assert_eq!(
        launcher.told_of("rm link"),
        ["Removed tree:/link"],
        "the machine has not looked it up"
    );
}

#[test]
fn directories_that_are_gone_by_now_are_there_for_the_agent_as_long_as_it_tells_of_what_was_in_them() {
    let mut launcher = Launcher::listen(false);
    launcher.on_host("mkdir below/deep");
    let (tree, below) = (launcher.machine.node("tree"), launcher.machine.node("tree/below"));
    let deep = launcher.machine.node("tree/below/deep");
    let agent = marked::introduced(&launcher.machine);
    // More than one batch takes.
    launcher.on_host("cd below/deep; for i in $(seq 300); do : >n$i; done");
    let mut made = 0;
    while made < 300 {
        made += launcher
            .next()
            .iter()
            .filter(|change| change.starts_with("FileMade"))
            .count();
    }
    launcher.on_host("rm -r below");
    let mut all = Vec::new();
    while !all.contains(&"DirectoryRemoved tree:/below".to_owned()) {
        let told = launcher.hear();
        let look = |context, parent, name| {
            let found = launcher.machine.filesystem.lookup(context, parent, &text(name));
            found.map(|entry| entry.inode).map_err(|error| error.raw_os_error())
        };
        if told
            .iter()
            .any(|change| change.starts_with("Removed tree:below/deep/n"))
        {
            assert_eq!(look(agent, tree, "below"), Ok(below));
            assert_eq!(look(agent, below, "deep"), Ok(deep));
        }
        launcher.answer();
        all.extend(told);
    }
    let others = launcher.machine.filesystem.lookup(nobody(), tree, &text("below"));
    assert_eq!(number(others), Some(libc::ENOENT));
    let removed = all.iter().filter(|change| change.starts_with("Removed")).count();
    assert_eq!(removed, 300);
    assert!(all.contains(&"DirectoryRemoved tree:below/deep".to_owned()));
}

#[test]
fn nothing_is_told_of_directories_that_the_machine_does_not_know_or_has_forgotten() {
    let mut launcher = Launcher::listen(false);
    let below = launcher.machine.node("tree/below");
    let told = launcher.told_of("mkdir unknown; :>below/a; mkdir -p unknown/b");
    assert!(
        told.contains(&"FileMade tree:below/a".to_owned()) && told.contains(&"DirectoryMade tree:/unknown".to_owned())
    );
    assert!(!told.iter().any(|change| change.contains("unknown/b")), "{told:?}");
    launcher.machine.filesystem.forget(nobody(), below, 1);
    assert!(launcher.told_of("echo b >below/b; echo c >unknown/c").is_empty());
}

#[test]
fn thousands_of_changes_come_in_batches() {
    let mut launcher = Launcher::listen(false);
    launcher.machine.node("tree");
    launcher.on_host("for i in $(seq 3000); do : >n$i; done");
    let mut made = 0;
    while made < 3000 {
        let batch = launcher.next();
        assert!(batch.len() <= crate::change::MAXIMUM_BATCH_CHANGES);
        made += batch.iter().filter(|change| change.starts_with("FileMade")).count();
    }
    assert_eq!(made, 3000);
}
