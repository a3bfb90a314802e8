//! A terminal with a user in front of it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::COMMAND_LIMIT;
use crate::host_system::IS_LINUX;

/// What has been shown so far, and whether more may come.
#[derive(Default)]
struct Screen {
    text: String,
    read: usize,
    ended: bool,
}

/// A command on a terminal of its own.
pub struct Pty {
    keys: File,
    controller: OwnedFd,
    screen: Arc<(Mutex<Screen>, Condvar)>,
    child: Child,
}

/// A program that makes the terminal on its standard input the controlling one, without which it would send no signals, and becomes the command in
/// its arguments: setsid(1), which macOS lacks.
fn session_leader() -> Command {
    if IS_LINUX {
        let mut leader = Command::new("setsid");
        leader.arg("--ctty");
        return leader;
    }
    // TIOCSCTTY of <sys/ttycom.h>.
    let script = "use POSIX; POSIX::setsid(); ioctl(STDIN, 0x20007461, 0); exec { $ARGV[0] } @ARGV or exit 127";
    let mut leader = Command::new("perl");
    leader.args(["-e", script, "--"]);
    leader
}

impl Pty {
    /// Starts a command on a new terminal of 24 lines and 80 columns, with the variables that were set for it and no others.
    ///
    /// # Panics
    /// When there is no terminal to be had.
    #[must_use]
    pub fn spawn(command: &Command) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let terminal = rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        resize(&controller, 24, 80);
        let mut leader = session_leader();
        leader.arg(command.get_program()).args(command.get_args());
        // Only the command's own environment.
        leader.env_clear();
        leader.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let child = leader
            .stdin(Stdio::from(terminal.try_clone().unwrap()))
            .stdout(Stdio::from(terminal.try_clone().unwrap()))
            .stderr(Stdio::from(terminal))
            .spawn()
            .expect("a session can be started");
        let screen = Arc::new((Mutex::new(Screen::default()), Condvar::new()));
        watch(File::from(controller.try_clone().unwrap()), Arc::clone(&screen));
        Self {
            keys: File::from(controller.try_clone().unwrap()),
            controller,
            screen,
            child,
        }
    }

    /// Types keys.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn send(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until this is shown, after what was waited for before, and returns everything up to it.
    ///
    /// # Panics
    /// When it is not shown in time.
    #[track_caller]
    pub fn expect(&mut self, needle: &str) -> String {
        let (lock, changed) = &*self.screen;
        let mut screen = lock.lock().unwrap();
        let end = Instant::now() + COMMAND_LIMIT;
        loop {
            if let Some(at) = screen.text[screen.read..].find(needle) {
                let start = screen.read;
                screen.read = start + at + needle.len();
                return screen.text[start..screen.read].to_owned();
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(
                !screen.ended && !left.is_zero(),
                "{needle:?} was not shown: {:?}",
                &screen.text[screen.read..]
            );
            screen = changed.wait_timeout(screen, left).unwrap().0;
        }
    }

    /// Changes the size.
    pub fn resize(&self, rows: u16, columns: u16) {
        resize(&self.controller, rows, columns);
    }

    /// Whether the terminal echoes and edits what is typed, as it did before the command.
    ///
    /// # Panics
    /// When the terminal is gone.
    #[must_use]
    pub fn is_cooked(&self) -> bool {
        let modes = rustix::termios::tcgetattr(&self.controller).unwrap().local_modes;
        modes.contains(rustix::termios::LocalModes::ECHO | rustix::termios::LocalModes::ICANON)
    }

    /// The process id of the command.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end; gives the exit code.
    ///
    /// # Panics
    /// When it does not come in time.
    #[track_caller]
    pub fn wait(&mut self) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        let end = Instant::now() + COMMAND_LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status
                    .code()
                    .or_else(|| status.signal().map(|signal| 128 + signal))
                    .unwrap();
            }
            assert!(
                Instant::now() < end,
                "still running; shown: {:?}",
                self.screen.0.lock().unwrap().text
            );
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn resize(controller: &OwnedFd, rows: u16, columns: u16) {
    tcsetwinsize(
        controller,
        Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        },
    )
    .unwrap();
}

fn watch(mut output: File, screen: Arc<(Mutex<Screen>, Condvar)>) {
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            // The end of the last process on a terminal is an I/O error here.
            let count = output.read(&mut buffer).unwrap_or(0);
            let (lock, changed) = &*screen;
            let mut screen = lock.lock().unwrap_or_else(PoisonError::into_inner);
            screen.text.push_str(&String::from_utf8_lossy(&buffer[..count]));
            screen.ended = count == 0;
            changed.notify_all();
            if count == 0 {
                return;
            }
        }
    });
}
