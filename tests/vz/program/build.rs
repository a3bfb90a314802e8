//! Has the program look for the stand-in's libraries beside itself: a launcher has no variable that would name them.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg-bins=-Wl,-rpath,$ORIGIN/../lib");
}
