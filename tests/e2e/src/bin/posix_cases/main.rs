//! Does what programs do with files, in a directory that is its argument, and prints what the system answers: a line for each case, with a tab between
//! its name and the answer. It runs in containers; what a plain file system of Linux answers in the same run is what another one should.

#[cfg(target_os = "linux")]
mod cases;

fn main() {
    // They are about Linux, whose containers the program runs in.
    #[cfg(target_os = "linux")]
    cases::run();
}
