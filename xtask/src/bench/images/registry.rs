//! The images of the benchmark, made once and kept in the storage of a registry below the build cache, and that registry.

use super::content;
use super::layout::{self, Layer};
use crate::architecture::Architecture;
use crate::progress::say;
use crate::test::debian_tar;
use crate::{cache, process};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Has to change with the content of the images, so that those of another version are not used.
const VERSION: &str = "bench-images-1";
/// How long the registry may take to answer.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Layers over Debian in [`LAYERED`]; the last two of [`SIBLING`] are others.
const LAYERS_OVER_DEBIAN: u64 = 11;

/// An image in the registry.
#[derive(Clone, Copy, Debug)]
pub(super) struct BenchImage {
    /// Its repository.
    pub(super) repository: &'static str,
    /// Its name in the report.
    pub(super) label: &'static str,
}

/// Many small files.
pub(super) const CROWDED: BenchImage = BenchImage {
    repository: "crowded",
    label: "112,000 files",
};
/// One large layer.
pub(super) const LARGE: BenchImage = BenchImage {
    repository: "large",
    label: "500 MB layer",
};
/// Debian and eleven layers of installed packages.
pub(super) const LAYERED: BenchImage = BenchImage {
    repository: "layered",
    label: "12 layers on Debian",
};
/// [`LAYERED`] with two other layers at the end.
pub(super) const SIBLING: BenchImage = BenchImage {
    repository: "sibling",
    label: "second image, 2 new layers",
};

/// The running registry; it is stopped when this value is dropped.
pub(super) struct Registry {
    address: String,
    registry: Child,
    directory: PathBuf,
    log: tempfile::NamedTempFile,
    _lock: File,
}

impl Registry {
    /// Starts the registry, and makes the images if they have not been made yet.
    ///
    /// # Errors
    /// When the registry does not start or an image cannot be made.
    pub(super) fn open() -> Result<Self> {
        let directory = cache::directory()?.join(VERSION);
        let lock = cache::lock(&directory)?;
        let address = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
        // JSON is YAML, and its quoting is known.
        let configuration = json!({
            "version": 0.1, "log": { "level": "error" }, "http": { "addr": address },
            "storage": { "filesystem": { "rootdirectory": directory.join("registry") } },
        });
        let file = directory.join("registry.yml");
        fs::write(&file, configuration.to_string())?;
        let log = tempfile::NamedTempFile::new()?;
        let registry = Command::new("docker-registry")
            .arg("serve")
            .arg(file)
            .stdin(Stdio::null())
            .stdout(log.reopen()?)
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start docker-registry")?;
        let registry = Self {
            address,
            registry,
            directory,
            log,
            _lock: lock,
        };
        registry.wait()?;
        let finished = registry.directory.join("finished");
        if !finished.exists() {
            registry.make()?;
            fs::write(finished, b"")?;
        }
        Ok(registry)
    }

    /// Where the images are kept.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The name of an image.
    pub(super) fn name(&self, image: &BenchImage) -> String {
        format!("{}/{}:latest", self.address, image.repository)
    }

    /// The addresses of the layers of an image.
    ///
    /// # Errors
    /// When the registry does not give the manifest.
    pub(super) fn layer_urls(&self, image: &BenchImage) -> Result<Vec<String>> {
        let url = |layer: &(String, u64)| format!("http://{}/v2/{}/blobs/{}", self.address, image.repository, layer.0);
        Ok(self.layers(image)?.iter().map(url).collect())
    }

    /// Size of the uncompressed layers of an image.
    ///
    /// # Errors
    /// When it has not been recorded.
    pub(super) fn tar_bytes(&self, image: &BenchImage) -> Result<u64> {
        let text = fs::read_to_string(self.tar_bytes_file(image))?;
        text.trim().parse().context("a recorded size is no number")
    }

    /// Size of the compressed layers that `image` has and `other` has not.
    ///
    /// # Errors
    /// When the registry does not give a manifest.
    pub(super) fn new_bytes(&self, image: &BenchImage, other: &BenchImage) -> Result<u64> {
        let there = self.layers(other)?;
        let new = self.layers(image)?.into_iter().filter(|layer| !there.contains(layer));
        Ok(new.map(|(_, size)| size).sum())
    }

    /// Bytes of response bodies that the registry has sent so far.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub(super) fn served_bytes(&self) -> Result<u64> {
        let lines = BufReader::new(File::open(self.log.path())?).lines();
        let mut sum = 0;
        for line in lines {
            sum += body_bytes(&line?);
        }
        Ok(sum)
    }

    fn layers(&self, image: &BenchImage) -> Result<Vec<(String, u64)>> {
        let url = format!("http://{}/v2/{}/manifests/latest", self.address, image.repository);
        let accept = format!("Accept: {}", crate::oci_archive::MANIFEST);
        let text =
            process::output(Command::new("curl").args(["--silent", "--fail", "--noproxy", "*", "-H", &accept, &url]))?;
        let manifest: Value = serde_json::from_str(&text)?;
        let layers = manifest["layers"].as_array().context("a manifest without layers")?;
        let layer = |layer: &Value| Some((layer["digest"].as_str()?.to_owned(), layer["size"].as_u64()?));
        layers
            .iter()
            .map(|value| layer(value).context("a layer without digest or size"))
            .collect()
    }

    fn wait(&self) -> Result<()> {
        let end = Instant::now() + START_LIMIT;
        while TcpStream::connect(&self.address).is_err() {
            if Instant::now() > end {
                bail!("docker-registry does not answer on {}", self.address);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn make(&self) -> Result<()> {
        let scratch = tempfile::tempdir_in(&self.directory)?;
        say("making the images, once: about two minutes");
        let crowded = layout::layer(scratch.path(), content::crowded)?;
        self.put(&CROWDED, &[crowded], scratch.path())?;
        let large = layout::layer(scratch.path(), content::large)?;
        self.put(&LARGE, &[large], scratch.path())?;
        let debian = debian_tar::cached(Architecture::host())?;
        let mut layers = vec![layout::layer(scratch.path(), |to| {
            io::copy(&mut File::open(debian)?, to).map(drop)
        })?];
        for number in 1..=LAYERS_OVER_DEBIAN {
            layers.push(layout::layer(scratch.path(), |to| {
                content::installed_packages(number, to)
            })?);
        }
        self.put(&LAYERED, &layers, scratch.path())?;
        for (layer, number) in layers.iter_mut().rev().take(2).zip(LAYERS_OVER_DEBIAN + 1..) {
            *layer = layout::layer(scratch.path(), |to| content::installed_packages(number, to))?;
        }
        self.put(&SIBLING, &layers, scratch.path())
    }

    fn put(&self, image: &BenchImage, layers: &[Layer], scratch: &Path) -> Result<()> {
        let directory = scratch.join(image.repository);
        layout::write(&directory, layers)?;
        layout::push(&directory, &self.name(image))?;
        let tar_bytes: u64 = layers.iter().map(|layer| layer.tar_bytes).sum();
        fs::write(self.tar_bytes_file(image), tar_bytes.to_string())?;
        Ok(())
    }

    fn tar_bytes_file(&self, image: &BenchImage) -> PathBuf {
        self.directory.join(format!("{}.tar-bytes", image.repository))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.registry.kill();
        let _ = self.registry.wait();
    }
}

/// The size of the body in a line of the access log, which has the Apache combined format; 0 for other requests than GET.
fn body_bytes(line: &str) -> u64 {
    let mut parts = line.split('"').skip(1);
    let is_get = parts.next().is_some_and(|request| request.starts_with("GET "));
    let size = parts
        .next()
        .and_then(|numbers| numbers.split_whitespace().nth(1)?.parse().ok());
    size.filter(|_| is_get).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_access_log_says_what_was_sent() {
        let line = r#"127.0.0.1 - - [21/Nov/2026:13:00:00 +0000] "GET /v2/a/blobs/sha256:0 HTTP/1.1" 200 4711 "" "curl/7.88.1""#;
        assert_eq!(body_bytes(line), 4711);
        assert_eq!(body_bytes(&line.replace("GET", "HEAD")), 0);
        assert_eq!(body_bytes("something else"), 0);
    }
}
