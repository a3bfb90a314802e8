//! Tells the program what it was built from: `CONTAINER_COMMIT` of the environment, as `cargo xtask dist` sets it.

fn main() {
    println!("cargo:rerun-if-env-changed=CONTAINER_COMMIT");
    println!("cargo:rerun-if-env-changed=PROFILE");
    let commit = std::env::var("CONTAINER_COMMIT").unwrap_or_else(|_| "unspecified".to_owned());
    let build = std::env::var("PROFILE").unwrap_or_else(|_| "unspecified".to_owned());
    println!("cargo:rustc-env=CONTAINER_COMMIT={commit}");
    println!("cargo:rustc-env=CONTAINER_BUILD={build}");
}
