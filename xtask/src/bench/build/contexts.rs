//! What is built.

use anyhow::{Context as _, Result};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Files of the context that one of changes.
const MANY: usize = 10_000;
/// Files of the context of the five steps.
const SOME: usize = 200;
/// Bytes of the large context.
const LARGE_BYTES: u64 = 2 << 30;

/// Sources of the program that is compiled.
const SOURCES: usize = 40;

const STEPS: &str = "ARG BASE\nFROM $BASE\nRUN echo one > /one\nCOPY files /files\nRUN cat /files/* > /all\nENV A=b\nRUN echo three > /three\n";
const COPY: &str = "ARG BASE\nFROM $BASE\nCOPY files /files\n";

const COMPILE: &str = "ARG BASE\nARG COMPILER\nFROM $COMPILER AS compile\nWORKDIR /src\nCOPY files .\n\
                       RUN for file in *.c; do tcc -c $file || exit 1; done; tcc -o /program *.o && /program\n\
                       FROM $BASE\nCOPY --from=compile /program /program\n";

/// A directory with a Dockerfile.
pub(super) struct Context {
    pub(super) directory: PathBuf,
}

/// The contexts that stay as they are, and the one whose files change.
pub(super) struct Contexts {
    pub(super) steps: Context,
    pub(super) many: Context,
    pub(super) compile: Context,
}

/// Writes them below a directory.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(below: &Path) -> Result<Contexts> {
    Ok(Contexts {
        steps: context(below.join("steps"), STEPS, SOME)?,
        many: context(below.join("many"), COPY, MANY)?,
        compile: compile(below)?,
    })
}

fn compile(below: &Path) -> Result<Context> {
    let context = context(below.join("compile"), COMPILE, 0)?;
    let directory = context.directory.join("files");
    let mut main = String::from("#include <stdio.h>\n");
    let mut sum = String::from("0");
    for number in 0..SOURCES {
        let source = format!("#include <stdlib.h>\nint f{number}(void) {{ return abs(-{number}); }}\n");
        fs::write(directory.join(format!("f{number}.c")), source)?;
        main += &format!("int f{number}(void);\n");
        sum += &format!(" + f{number}()");
    }
    main += &format!("int main(void) {{ printf(\"%d\\n\", {sum}); return 0; }}\n");
    fs::write(directory.join("main.c"), main)?;
    Ok(context)
}

/// Writes the large one, of bytes that do not compress.
///
/// # Errors
/// When it cannot be written.
pub(super) fn large(below: &Path) -> Result<Context> {
    let context = context(below.join("large"), COPY, 0)?;
    let path = context.directory.join("files/large");
    let mut from = File::open("/dev/urandom").context("cannot open /dev/urandom")?;
    let mut block = vec![0; 1 << 20];
    std::io::Read::read_exact(&mut from, &mut block)?;
    let mut to = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    for number in 0..LARGE_BYTES / block.len() as u64 {
        // No two blocks are the same.
        block[..8].copy_from_slice(&number.to_le_bytes());
        to.write_all(&block)?;
    }
    Ok(context)
}

/// Gives one file a content that it did not have.
///
/// # Errors
/// When it cannot be written.
pub(super) fn change(context: &Context, number: usize) -> Result<()> {
    let path = file(&context.directory, number % MANY);
    fs::write(&path, format!("changed for the {number}th time\n"))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn context(directory: PathBuf, dockerfile: &str, files: usize) -> Result<Context> {
    fs::create_dir_all(directory.join("files"))?;
    fs::write(directory.join("Dockerfile"), dockerfile)?;
    for number in 0..files {
        fs::write(file(&directory, number), format!("file {number}\n"))?;
    }
    Ok(Context { directory })
}

fn file(directory: &Path, number: usize) -> PathBuf {
    directory.join(format!("files/{number}"))
}
