//! Any bytes taken for a layer, plain or compressed, end in a disk or in an error; never in a panic, and within small limits of memory.
#![no_main]

use container_image::layer::{LayerLimits, write_layer_disk_within};
use container_oci::{Algorithm, LayerCompression};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = LayerLimits { uncompressed_bytes: 8 << 20, entries: 10_000, retained_bytes: 8 << 20 };
    let disk = tempfile::tempfile().expect("a temporary file");
    let _ = write_layer_disk_within(bytes, LayerCompression::None, Algorithm::Sha256, &disk, &limits);
});
