//! Proves that a real distribution runs: Debian made by mmdebstrap, pulled from a registry.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use container_e2e::{Home, Pty, Registry, guest_architecture, host_architecture};
use container_require::require;
use serde_json::json;
use sha2::{Digest, Sha256};

/// Names a tar archive of a Debian root file system, such as `mmdebstrap --variant=apt --include=acl,attr bookworm` makes. Making one as an ordinary
/// user needs subordinate user ids, which not every user has.
const TAR_VARIABLE: &str = "E2E_DEBIAN_TAR";

/// Whether the root file system has Perl. The unpacked one for guests of another architecture lacks it.
pub(crate) fn has_perl() -> bool {
    guest_architecture() == host_architecture()
}

pub(crate) fn root_tar(home: &Home) -> PathBuf {
    if let Some(path) = std::env::var_os(TAR_VARIABLE) {
        return PathBuf::from(path);
    }
    let path = home.file("debian.tar");
    let output = Command::new("mmdebstrap")
        .args(["--quiet", "--variant=apt", "--include=acl,attr", "bookworm"])
        .arg(&path)
        .output()
        .expect("mmdebstrap is needed: apt-get install mmdebstrap");
    assert!(
        output.status.success(),
        "mmdebstrap failed; {TAR_VARIABLE} may name an archive made elsewhere: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    path
}

/// Pulls Debian from a registry into a fresh home.
fn debian(home: &Home) -> String {
    let registry = Registry::start();
    let archive = home.file("archive.tar");
    let tar = fs::read(root_tar(home)).unwrap();
    container_e2e::Image::from_tar("localhost/debian:1", tar)
        .config(json!({"Cmd": ["bash"]}))
        .write(&archive);
    registry.push(&archive, "debian:bookworm");
    let name = registry.name("debian:bookworm");
    home.run(["image", "pull", &name]).success();
    remove(&archive);
    name
}

fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}

#[test]
fn debian_runs() {
    require!(
        std::env::var_os(TAR_VARIABLE).is_some() || guest_architecture() == host_architecture(),
        "a Debian root file system for guests of another architecture, which `cargo xtask test` makes as root"
    );
    let home = Home::empty();
    let image = debian(&home);
    let apt = home.run(["run", "--rm", &image, "apt-get", "--version"]).success();
    assert!(apt.text().starts_with("apt "), "{}", apt.text());
    let bash = home
        .run(["run", "--rm", &image, "bash", "-c", "echo $BASH_VERSION; exit 9"])
        .with_code(9);
    assert!(bash.text().starts_with('5'), "{}", bash.text());

    let bytes: Vec<u8> = (0..100_u32 << 20)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0])
        .collect();
    let outcome = home
        .run_with_input(["run", "--rm", "-i", &image, "cat"], bytes.clone())
        .success();
    assert_eq!(Sha256::digest(&outcome.stdout), Sha256::digest(&bytes));

    a_user_at_bash(&home, &image);
}

fn a_user_at_bash(home: &Home, image: &str) {
    // A dumb terminal keeps bash from marking up its prompt.
    let flags = [
        "run",
        "--rm",
        "-it",
        "-e",
        "TERM=dumb",
        "-e",
        "PS1=ready> ",
        image,
        "bash",
        "--norc",
        "--noprofile",
    ];
    let mut pty = Pty::spawn(&home.command(flags));
    pty.expect("ready> ");
    pty.resize(33, 111);
    // It takes a moment to get there.
    pty.send("until stty size | grep '^33 '; do sleep 0.1; done\r");
    pty.expect("33 111");
    pty.expect("ready> ");
    // What says that it has begun is in the foreground, where the signal goes.
    pty.send("sh -c 'echo begin; exec sleep 1000'\r");
    pty.expect("\nbegin");
    pty.send("\x03");
    pty.expect("ready> ");
    pty.send("(exit 130)\r");
    pty.expect("ready> ");
    pty.send("\x04");
    assert_eq!(pty.wait(), 130);
    assert!(pty.is_cooked());
}
