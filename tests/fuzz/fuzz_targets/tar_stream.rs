//! Any bytes read as a layer, plain or compressed, result in a disk or in an error, without a panic and within small limits of memory.
#![no_main]

use container_image::layer::{DiskOptions, LayerLimits, write_layer_disk};
use container_oci::{Algorithm, LayerCompression};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = LayerLimits { uncompressed_bytes: 8 << 20, entries: 10_000, retained_bytes: 8 << 20, whiteout_bytes: 1 << 20 };
    let directory = std::env::temp_dir();
    let options = DiskOptions { limits, ..DiskOptions::new(&directory) };
    let disk = tempfile::tempfile().expect("a temporary file");
    let _ = write_layer_disk(bytes, LayerCompression::None, Algorithm::Sha256, &disk, &options);
});
