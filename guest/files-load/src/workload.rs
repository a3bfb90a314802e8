//! The kinds of work, in an order in which each leaves what the next one needs.

use std::fs::{self, File, OpenOptions};
use std::hint::black_box;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::fs::{Advice, fadvise};

/// Size of the large file, and of the pieces in which it is written and read in order.
const FILE_BYTES: u64 = 128 << 20;
const PIECE_BYTES: usize = 1 << 20;
/// Pieces written and read at places without order.
const BLOCK_BYTES: usize = 4096;
const BLOCKS: u64 = 4000;
/// Small files, and how many of them are in a directory.
const FILES: usize = 10_000;
const FILES_IN_DIRECTORY: usize = 100;
const SMALL_BYTES: usize = 100;

/// Does all of it in a new directory below `place`, and removes that.
///
/// # Errors
/// When a file cannot be written or read.
pub(crate) fn run(place: PathBuf) -> io::Result<()> {
    let directory = place.join("files-load");
    fs::create_dir(&directory)?;
    let large = directory.join("large");
    timed("write_in_order", || write_in_order(&large))?;
    forget(&large)?;
    timed("read_in_order", || read_in_order(&large))?;
    timed("write_without_order", || write_without_order(&large))?;
    forget(&large)?;
    timed("read_without_order", || read_without_order(&large))?;
    let tree = directory.join("tree");
    timed("create_files", || create_files(&tree))?;
    timed("look_at_files", || look_at_files(&tree))?;
    timed("read_files", || read_files(&tree))?;
    timed("remove_files", || fs::remove_dir_all(&tree))?;
    fs::remove_dir_all(directory)
}

fn timed(name: &str, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let started = Instant::now();
    work().map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
    println!("{name} {:.3}", started.elapsed().as_secs_f64() * 1e3);
    io::stdout().flush()
}

/// Has the guest's kernel forget what it keeps of the file's content.
fn forget(path: &Path) -> io::Result<()> {
    Ok(fadvise(File::open(path)?, 0, None, Advice::DontNeed)?)
}

fn write_in_order(path: &Path) -> io::Result<()> {
    let piece = vec![0x5a; PIECE_BYTES];
    let mut file = File::create(path)?;
    for _ in 0..FILE_BYTES / PIECE_BYTES as u64 {
        file.write_all(&piece)?;
    }
    file.sync_all()
}

fn read_in_order(path: &Path) -> io::Result<()> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut file = File::open(path)?;
    while file.read(&mut piece)? > 0 {
        black_box(&piece);
    }
    Ok(())
}

/// Places of blocks without order, the same in every run: a linear congruential generator, with the constants of Numerical Recipes.
fn places() -> impl Iterator<Item = u64> {
    let mut state: u32 = 1;
    (0..BLOCKS).map(move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u64::from(state) % (FILE_BYTES / BLOCK_BYTES as u64) * BLOCK_BYTES as u64
    })
}

fn write_without_order(path: &Path) -> io::Result<()> {
    let block = [0xa5; BLOCK_BYTES];
    let file = OpenOptions::new().write(true).open(path)?;
    for place in places() {
        file.write_all_at(&block, place)?;
    }
    file.sync_all()
}

fn read_without_order(path: &Path) -> io::Result<()> {
    let mut block = [0; BLOCK_BYTES];
    let file = File::open(path)?;
    fadvise(&file, 0, None, Advice::Random)?;
    for place in places() {
        file.read_exact_at(&mut block, place)?;
        black_box(&block);
    }
    Ok(())
}

/// The path of a small file.
fn small(tree: &Path, index: usize) -> PathBuf {
    tree.join(format!("{}/{index}", index / FILES_IN_DIRECTORY))
}

fn create_files(tree: &Path) -> io::Result<()> {
    for index in 0..FILES {
        let path = small(tree, index);
        if index.is_multiple_of(FILES_IN_DIRECTORY) {
            fs::create_dir_all(path.parent().unwrap_or(tree))?;
        }
        fs::write(path, [b'x'; SMALL_BYTES])?;
    }
    Ok(())
}

/// What `git status` does to files that it knows.
fn look_at_files(tree: &Path) -> io::Result<()> {
    for directory in fs::read_dir(tree)? {
        for file in fs::read_dir(directory?.path())? {
            black_box(fs::symlink_metadata(file?.path())?);
        }
    }
    Ok(())
}

fn read_files(tree: &Path) -> io::Result<()> {
    for index in 0..FILES {
        black_box(fs::read(small(tree, index))?);
    }
    Ok(())
}
