//! The program `container`. All of it is in the library of this crate, so that it can also be built with another set of backends for tests.

fn main() -> std::process::ExitCode {
    container_cli::main()
}
