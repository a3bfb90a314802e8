//! The program `container` as a Mac has it, with Virtualization.framework as its backend, for `cargo xtask test --backend vz-stub`.

fn main() -> std::process::ExitCode {
    container_cli::main()
}
