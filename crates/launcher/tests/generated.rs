//! The committed code is what the generator makes of the protocol file today.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::path::Path;

#[test]
fn generated_code_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let descriptors = protox::compile([root.join("proto/control.proto")], [root.join("proto")]).unwrap();
    let out = tempfile::tempdir().unwrap();
    tonic_prost_build::configure()
        .out_dir(out.path())
        .compile_fds(descriptors)
        .unwrap();
    let name = "container.control.v1.rs";
    let fresh = std::fs::read(out.path().join(name)).unwrap();
    let committed = root.join("src/control/generated").join(name);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&committed, &fresh).unwrap();
    }
    if std::fs::read(&committed).unwrap() != fresh {
        panic!(
            "{} is stale: run UPDATE_GENERATED=1 cargo test -p container-launcher",
            committed.display()
        );
    }
}
