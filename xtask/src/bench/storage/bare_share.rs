//! A machine without our program that has a shared directory: QEMU with its own file server, as its documentation says.

use super::super::app_root::AppRoot;
use super::super::bare_machine::BareMachine;
use crate::architecture::Architecture;
use crate::{debian, guest, process};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Debian's package with the file server of QEMU's own, where the package has it, and the releases that have it: later ones leave it out.
const PACKAGE: &str = "qemu-system-common";
const SERVER: &str = "usr/lib/qemu/virtiofsd";
const RELEASES: &str = "1:7.";

/// A file server that does not start in this time does not start at all.
const SERVER_LIMIT: Duration = Duration::from_secs(10);

/// The machine's parts. It is started for each measurement, as its file server serves one machine.
pub(super) struct BareShare {
    machine: BareMachine,
    server: PathBuf,
    directory: PathBuf,
    scratch: PathBuf,
}

impl BareShare {
    /// A machine whose only program is `program`, with `directory` shared.
    ///
    /// # Errors
    /// When there is no such file server, or the initramfs cannot be written.
    pub(super) fn new(app_root: &AppRoot, program: &Path, directory: &Path) -> Result<Self> {
        let server = server(app_root.path())?;
        let (accelerator, kernel) = app_root.machine()?;
        let initramfs = app_root.path().join("files-load.cpio");
        fs::write(&initramfs, guest::initramfs(&fs::read(program)?)?)?;
        let machine = BareMachine {
            architecture: Architecture::host(),
            accelerator,
            kernel,
            initramfs,
        };
        Ok(Self {
            machine,
            server,
            directory: directory.to_owned(),
            scratch: app_root.path().to_owned(),
        })
    }

    /// Runs the program to its end, and returns what it printed.
    ///
    /// # Errors
    /// When the file server or QEMU fails.
    pub(super) fn run(&self) -> Result<String> {
        let socket = self.scratch.join("share.sock");
        let mut server = self.serve(&socket)?;
        let result = self.boot(&socket);
        // It ends with its machine; killing what has ended does nothing.
        let _ = server.kill();
        server.wait()?;
        let _ = fs::remove_file(&socket);
        result
    }

    fn serve(&self, socket: &Path) -> Result<Child> {
        let mut command = Command::new(&self.server);
        command.arg(format!("--socket-path={}", socket.display()));
        let directory = self.directory.display();
        command
            .arg("-o")
            .arg(format!("source={directory},sandbox=chroot,cache=auto"));
        let errors = fs::File::create(self.scratch.join("share.output"))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
        let mut server = command
            .spawn()
            .with_context(|| format!("cannot start {}", self.server.display()))?;
        let end = Instant::now() + SERVER_LIMIT;
        while !socket.exists() {
            if server.try_wait()?.is_some() || Instant::now() > end {
                let _ = server.kill();
                bail!(
                    "{} does not serve: {}",
                    self.server.display(),
                    fs::read_to_string(self.scratch.join("share.output"))?.trim_end()
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }

    fn boot(&self, socket: &Path) -> Result<String> {
        let console = match Architecture::host() {
            Architecture::X86_64 => "console=ttyS0",
            Architecture::Aarch64 => "console=ttyAMA0",
        };
        let mut command = self
            .machine
            .command(&[console, "virtiofs.emulated=1", "LOAD_TAG=share"])?;
        command.args(["-object", "memory-backend-memfd,id=memory,size=1024M,share=on"]);
        command.args(["-machine", "memory-backend=memory"]);
        command.arg("-chardev");
        command.arg(format!("socket,id=share,path={}", socket.display()));
        command.args([
            "-device",
            "vhost-user-fs-device,chardev=share,tag=share,queue-size=1024",
        ]);
        let printed = self.scratch.join("share.console");
        command.arg("-serial").arg(format!("file:{}", printed.display()));
        process::output(&mut command)?;
        Ok(fs::read_to_string(printed)?)
    }
}

/// The file server, unpacked into `scratch` where the installed release of QEMU has none.
fn server(scratch: &Path) -> Result<PathBuf> {
    let installed = Path::new("/").join(SERVER);
    if installed.exists() {
        return Ok(installed);
    }
    let listing = process::output(Command::new("apt-cache").args(["madison", PACKAGE]))?;
    let mut versions = listing.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim);
    let unpacked = match versions.find(|version| version.starts_with(RELEASES)) {
        Some(version) => debian::unpack(&format!("{PACKAGE}={version}"), scratch)?,
        None => None,
    };
    let server = unpacked.map(|tree| tree.join(SERVER)).filter(|server| server.exists());
    server.with_context(|| {
        format!("{PACKAGE} has no file server, and apt has no release {RELEASES} of it, as Debian 12 does")
    })
}
