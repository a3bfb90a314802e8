//! Makes the disk of a layer: `layer_disk LAYER.tar[.gz|.zst] DISK.ext4 [--large-blocks]`. Prints what came out and how long it took.

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use container_image::layer::{BlockSize, DiskOptions, write_layer_disk};
use container_oci::{Algorithm, LayerCompression};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(layer), Some(disk)) = (arguments.next(), arguments.next()) else {
        return Err("usage: layer_disk LAYER DISK".into());
    };
    let directory = Path::new(&disk).parent().unwrap_or(Path::new(".")).join(".");
    let mut options = DiskOptions::new(&directory);
    if arguments.next().as_deref() == Some("--large-blocks") {
        options.block_size = BlockSize::Kib4;
    }
    let start = Instant::now();
    let disk = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&disk)?;
    let summary = write_layer_disk(
        File::open(layer)?,
        LayerCompression::None,
        Algorithm::Sha256,
        &disk,
        &options,
    )?;
    println!("{summary:?}\n{:.2} s", start.elapsed().as_secs_f64());
    Ok(())
}
