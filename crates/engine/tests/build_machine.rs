//! The machine of a build, booted for real: three steps and a layer of the host, and what is left of them.
//!
//! The engine starts its own program again as launcher, network and file server, so that this test is that program too and has a `main` of its own. It needs an
//! installation (`CONTAINER_INSTALL_ROOT`) with kernel and initial RAM file system, QEMU, and a static busybox.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use container_engine::{
    BuildCache, BuildLayer, BuildMachine, BuildMachineRequest, ConfiguredEngine, Engine, EngineError, ImageEvent,
    ImageProgress, LoadRequest, LoadSource, Secret, SessionEvent, StepLayer, StepMount, StepNetwork, StepOwner,
    StepRequest,
};
use container_image::ImageStore;
use container_image::archive::{ArchiveFile, FileContent, write_oci_archive};
use container_launcher::LAUNCHER_COMMAND;
use container_model::ByteSize;
use container_oci::{Digest, Platform, Reference};
use container_tar::{Entry, EntryKind, Piece, ReadError, Reader, Timestamp, Writer};

/// What test runners know this test by.
const NAME: &str = "the_steps_of_a_machine_build_on_each_other_and_leave_nothing";
/// The program of the steps.
const BUSYBOX: &str = "/bin/busybox";
const IMAGE: &str = "localhost/busybox:latest";
const SECRET: &[u8] = b"the-secret-that-is-on-no-disk-4711";
const MEMORY: ByteSize = ByteSize(256 << 20);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [LAUNCHER_COMMAND, id] => container_engine::launch(&id.parse().unwrap()).unwrap(),
        ["switch", network] => container_engine::serve_network(&network.parse().unwrap()).unwrap(),
        ["file-server", list] => container_engine::serve_shares(Path::new(list)),
        ["in-a-home", directory] => in_a_home(Path::new(directory)),
        // As the standard harness answers, by which test runners find tests.
        ["--list", ..] => {
            println!("{NAME}: test");
            ExitCode::SUCCESS
        }
        _ if is_asked_for(&words) => outside(),
        _ => ExitCode::SUCCESS,
    }
}

/// Whether the words of a test runner are for this test: filters, or its name after `--exact`.
fn is_asked_for(words: &[&str]) -> bool {
    let is_exact = words.contains(&"--exact");
    let mut filters = words.iter().filter(|word| !word.starts_with('-')).peekable();
    filters.peek().is_none()
        || filters.any(|filter| match is_exact {
            true => *filter == NAME,
            false => NAME.contains(filter),
        })
}

/// Runs the test with an app root of its own.
fn outside() -> ExitCode {
    let has_kernel = std::env::var_os("CONTAINER_INSTALL_ROOT").is_some();
    if !container_require::holds(has_kernel, format_args!("CONTAINER_INSTALL_ROOT"))
        || !container_require::holds(Path::new(BUSYBOX).exists(), format_args!("{BUSYBOX}"))
    {
        return ExitCode::SUCCESS;
    }
    let home = tempfile::Builder::new().prefix("bm-").tempdir().unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .arg("in-a-home")
        .arg(home.path())
        .env("CONTAINER_APP_ROOT", home.path().join("app"))
        .env("XDG_RUNTIME_DIR", home.path())
        .env("XDG_CONFIG_HOME", home.path())
        // Machines with caches, as one here is, look for none.
        .env("CONTAINER_TEMPLATES", "force")
        .status()
        .unwrap();
    match status.success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn in_a_home(home: &Path) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let engine = Engine::open().unwrap().configured().unwrap();
        let (image, layers) = load_busybox(&engine, home).await;
        steps_build_on_each_other(&engine, home, &layers).await;
        machines_of_an_image_continue_from_one_template(&engine, image, &layers).await;
        a_killed_launcher_leaves_nothing(&engine, &layers).await;
    });
    ExitCode::SUCCESS
}

struct Silent;

impl ImageProgress for Silent {
    fn event(&self, _: ImageEvent) {}
}

/// An image with busybox and some files: the digest of its manifest, and its layers.
async fn load_busybox(engine: &ConfiguredEngine, home: &Path) -> (Digest, Vec<BuildLayer>) {
    let file = |path: &str, mode: u32, content: FileContent| ArchiveFile {
        path: path.to_owned(),
        mode,
        content,
    };
    let text = |text: &str| FileContent::Bytes(text.into());
    let files = [
        file("bin", 0o755, FileContent::Directory),
        file(
            "bin/busybox",
            0o755,
            FileContent::Bytes(std::fs::read(BUSYBOX).unwrap()),
        ),
        // Those that every root has: what an image lacks of them is in the layer of the first step, as with other builders.
        file("dev", 0o755, FileContent::Directory),
        file("proc", 0o755, FileContent::Directory),
        file("sys", 0o755, FileContent::Directory),
        file("base", 0o755, FileContent::Directory),
        file("base/kept", 0o644, text("kept")),
        file("base/changed", 0o644, text("before")),
        file("base/gone", 0o644, text("gone")),
        file("opaque", 0o755, FileContent::Directory),
        file("opaque/old", 0o644, text("old")),
    ];
    let archive = home.join("busybox.tar");
    write_oci_archive(&archive, IMAGE, &Platform::host(), &files, Default::default()).unwrap();
    let load = LoadRequest {
        source: LoadSource::Path(archive),
        skips_unsafe_members: false,
    };
    engine.load_images(load, &Silent).await.unwrap();
    let store = ImageStore::open(engine.app_root()).unwrap();
    let name: Reference = IMAGE.parse().unwrap();
    let image = store.resolve(&name, &Platform::host(), 8).await.unwrap();
    let diff_ids = image.config.diff_ids().iter().copied();
    let layers = image.manifest.layers.iter().cloned().zip(diff_ids);
    (image.manifest_descriptor.digest, layers.map(BuildLayer::from).collect())
}

fn script(text: &str) -> StepRequest {
    StepRequest {
        arguments: [BUSYBOX, "sh", "-ec", text].map(str::to_owned).to_vec(),
        environment: vec!["PATH=/bin".to_owned()],
        ..StepRequest::default()
    }
}

/// What a step has said, and its exit code.
async fn run(machine: &mut BuildMachine, request: StepRequest) -> (String, u8) {
    let session = machine.run_step(request).await.unwrap();
    let (_control, _input, mut events) = session.split();
    let (mut said, mut code) = (Vec::new(), None);
    while let Some(event) = events.recv().await.unwrap() {
        match event {
            SessionEvent::Stdout(bytes) | SessionEvent::Stderr(bytes) => said.extend(bytes),
            SessionEvent::Exited(status) => code = Some(status.exit_code),
            SessionEvent::Running | SessionEvent::Notice(_) => {}
        }
    }
    (String::from_utf8(said).unwrap(), code.unwrap())
}

/// The entries of a layer with the content of files.
fn entries(layer: &StepLayer) -> BTreeMap<String, String> {
    let mut tar = Vec::new();
    layer.write(&mut tar).unwrap();
    let mut reader = Reader::new(tar.as_slice());
    let mut found = BTreeMap::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        let content = match entry.kind {
            EntryKind::File { size_bytes, regions } => {
                let mut content = Vec::new();
                let read = reader.each_piece(size_bytes, regions.as_deref(), |piece| {
                    if let Piece::Bytes(bytes) = piece {
                        content.extend_from_slice(bytes);
                    }
                    Ok::<_, ReadError>(())
                });
                read.unwrap();
                String::from_utf8(content).unwrap()
            }
            EntryKind::Directory => "/".to_owned(),
            other => format!("{other:?}"),
        };
        let path = String::from_utf8(entry.path).unwrap();
        found.insert(path.trim_end_matches('/').to_owned(), content);
    }
    found
}

fn expected(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(path, content): &(&str, &str)| ((*path).to_owned(), (*content).to_owned());
    entries.iter().map(owned).collect()
}

fn tar(files: &[(&str, &str)]) -> Cursor<Vec<u8>> {
    let mut writer = Writer::new(Vec::new());
    for (path, content) in files {
        let kind = match path.ends_with('/') {
            true => EntryKind::Directory,
            false => EntryKind::File {
                size_bytes: content.len() as u64,
                regions: None,
            },
        };
        let entry = Entry {
            path: path.as_bytes().to_vec(),
            kind,
            mode: 0o755,
            uid: 0,
            gid: 0,
            modified: Timestamp {
                seconds: 1_700_000_000,
                nanoseconds: 0,
            },
            xattrs: Vec::new(),
        };
        writer.begin(&entry).unwrap();
        writer.content(content.as_bytes()).unwrap();
    }
    Cursor::new(writer.finish().unwrap())
}

async fn start(engine: &ConfiguredEngine, layers: &[BuildLayer], caches: Vec<BuildCache>) -> BuildMachine {
    let request = BuildMachineRequest {
        layers: layers.to_vec(),
        memory: Some(MEMORY),
        storage_size: Some(MEMORY),
        caches,
        ..BuildMachineRequest::new(Platform::host())
    };
    engine.start_build_machine(request).await.unwrap()
}

async fn steps_build_on_each_other(engine: &ConfiguredEngine, home: &Path, layers: &[BuildLayer]) {
    let began = Instant::now();
    let cache = BuildCache {
        directory: home.join("cache"),
    };
    let mut machine = start(engine, layers, vec![cache]).await;
    println!("boot: {:?}", began.elapsed());
    assert!(engine.list().unwrap().is_empty(), "users do not see it");
    let bundle = engine.app_root().join("containers").join(machine.id().as_str());
    let disk = bundle.join("rootfs.ext4");

    let first = "echo one > /one; mkdir /d; echo x > /d/x; echo after > /base/changed; busybox rm /base/gone";
    assert_eq!(
        run(&mut machine, script(&first.replace("mkdir", "busybox mkdir"))).await,
        (String::new(), 0)
    );
    let one = machine.seal_step().await.unwrap();

    // On what the first step and the image have; the layer of the first is read later.
    let second = "busybox cat /one /base/changed; test ! -e /base/gone; echo two >> /one
        busybox rm -r /d; busybox mkdir /d; echo y > /d/y; busybox rm -r /opaque; busybox mkdir /opaque";
    assert_eq!(run(&mut machine, script(second)).await, ("one\nafter\n".to_owned(), 0));
    let two = machine.seal_step().await.unwrap();
    let layer_of_one = [
        ("base", "/"),
        ("base/.wh.gone", ""),
        ("base/changed", "after\n"),
        ("d", "/"),
        ("d/x", "x\n"),
        ("one", "one\n"),
    ];
    assert_eq!(entries(&one), expected(&layer_of_one));
    let layer_of_two = [
        ("d", "/"),
        ("d/.wh..wh..opq", ""),
        ("d/y", "y\n"),
        ("one", "one\ntwo\n"),
        ("opaque", "/"),
        ("opaque/.wh..wh..opq", ""),
    ];
    assert_eq!(entries(&two), expected(&layer_of_two));

    let layer = tar(&[("d/.wh.y", ""), ("host/", ""), ("host/f", "from the host\n")]);
    machine.add_layer(layer).await.unwrap();
    let tree = tar(&[("a/", ""), ("a/f", "of the tree\n")]);
    let tree = machine.add_tree(tree).await.unwrap();
    let owner = StepOwner {
        uid: 0,
        gid: 0,
        mode: 0o400,
    };
    let third = StepRequest {
        mounts: vec![
            StepMount::Secret {
                target: "/run/secrets/token".to_owned(),
                content: Secret(SECRET.to_vec()),
                owner,
            },
            StepMount::Tree {
                tree,
                source: "a".to_owned(),
                target: "/mnt/tree".to_owned(),
                is_read_only: true,
            },
            StepMount::Cache {
                cache: 0,
                source: String::new(),
                target: "/var/cache/x".to_owned(),
                is_read_only: false,
                owner: StepOwner { mode: 0o755, ..owner },
                initial: None,
            },
            StepMount::Tmpfs {
                target: "/scratch".to_owned(),
                size_bytes: Some(1 << 20),
            },
        ],
        network: StepNetwork::None,
        ..script(
            "busybox cat /one /host/f /mnt/tree/f; test ! -e /d/y; test -d /opaque; busybox wc -c < /run/secrets/token
             if (echo x > /mnt/tree/f) 2>/dev/null; then echo the tree is writable; fi
             echo c > /var/cache/x/f; echo s > /scratch/s
             busybox ls /sys/class/net; busybox ip addr show up | busybox grep -o '127.0.0.1/8'; exit 7",
        )
    };
    let (said, code) = run(&mut machine, third).await;
    let length = SECRET.len();
    let heard = format!("one\ntwo\nfrom the host\nof the tree\n{length}\nlo\n127.0.0.1/8\n");
    assert_eq!((said, code), (heard, 7));

    // A look at what the failed step has left, with the network again.
    let look = "test ! -e /scratch; test ! -e /run; busybox ip -4 addr show eth0 | busybox grep -c 'inet '";
    assert_eq!(run(&mut machine, script(look)).await, ("1\n".to_owned(), 0));
    let three = machine.seal_step().await.unwrap();
    assert_eq!(entries(&three), BTreeMap::new(), "no mount point is left");
    assert!(three.is_empty().unwrap());
    assert_eq!(std::fs::read(home.join("cache/data/content/f")).unwrap(), b"c\n");

    let mut written = Vec::new();
    std::fs::File::open(&disk).unwrap().read_to_end(&mut written).unwrap();
    let is_there = |needle: &[u8]| written.windows(needle.len()).any(|window| window == needle);
    assert!(is_there(b"from the host\n"), "the disk is looked at");
    assert!(!is_there(SECRET), "the secret is on the disk");
    drop(written);

    let mut between = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        assert_eq!(run(&mut machine, script("true")).await.1, 0);
        let ran = began.elapsed();
        machine.seal_step().await.unwrap();
        between.push((ran, began.elapsed() - ran));
    }
    println!("a step that does nothing, and the seal after it: {between:?}");
    let unknown = StepRequest {
        arguments: vec!["no-such-program".to_owned()],
        ..script("")
    };
    let refused = machine.run_step(unknown).await.unwrap();
    let failed = refused.split().2.recv().await;
    assert!(matches!(failed, Err(EngineError::Launch { .. })), "{failed:?}");

    let id = machine.id().clone();
    machine.end().await;
    assert!(!bundle.exists());
    wait_until_gone(engine, id.as_str()).await;
    // The disk is still there for who has it open.
    assert_eq!(entries(&one), expected(&layer_of_one));
}

async fn machines_of_an_image_continue_from_one_template(
    engine: &ConfiguredEngine,
    image: Digest,
    layers: &[BuildLayer],
) {
    let others = templates_of(engine);
    let mut used = Vec::new();
    for round in ["first", "second"] {
        let request = BuildMachineRequest {
            layers: layers.to_vec(),
            image: Some(image),
            memory: Some(MEMORY),
            ..BuildMachineRequest::new(Platform::host())
        };
        let began = Instant::now();
        let mut machine = engine.start_build_machine(request).await.unwrap();
        println!("{round} machine of an image: {:?}", began.elapsed());
        let step = script(&format!("busybox cat /base/kept /etc/hostname; echo {round} > /mine"));
        let (said, code) = run(&mut machine, step).await;
        let hostname = said.strip_prefix("kept").unwrap().trim_end();
        assert!(code == 0 && !hostname.is_empty(), "{said}");
        assert!(machine.id().as_str().starts_with(hostname), "its own: {said}");
        let sealed = machine.seal_step().await.unwrap();
        assert_eq!(entries(&sealed)["mine"], format!("{round}\n"));
        let id = machine.id().clone();
        machine.end().await;
        wait_until_gone(engine, id.as_str()).await;
        let templates: Vec<_> = templates_of(engine).difference(&others).cloned().collect();
        assert_eq!(templates.len(), 1, "{templates:?}");
        // The lock has the time of the last machine that continued from it.
        used.push(
            std::fs::metadata(templates[0].join("lock"))
                .unwrap()
                .modified()
                .unwrap(),
        );
    }
    assert!(used[0] < used[1]);
}

fn templates_of(engine: &ConfiguredEngine) -> BTreeSet<PathBuf> {
    let Ok(templates) = std::fs::read_dir(engine.app_root().join("templates")) else {
        return BTreeSet::new();
    };
    let paths = templates.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.is_dir()).collect()
}

async fn a_killed_launcher_leaves_nothing(engine: &ConfiguredEngine, layers: &[BuildLayer]) {
    let mut machine = start(engine, layers, Vec::new()).await;
    let id = machine.id().clone();
    let session = machine.run_step(script("echo on; busybox sleep 1000")).await.unwrap();
    let (_control, _input, mut events) = session.split();
    while !matches!(events.recv().await.unwrap(), Some(SessionEvent::Stdout(_))) {}
    let launcher = processes_of(id.as_str())
        .into_iter()
        .find(|(_, command)| command.contains(LAUNCHER_COMMAND))
        .unwrap();
    let killed = Command::new("kill").args(["-9", &launcher.0]).status().unwrap();
    assert!(killed.success());
    while let Ok(Some(_)) = events.recv().await {}
    drop(machine);
    wait_until_gone(engine, id.as_str()).await;
}

/// Waits until nothing of a machine is left, neither processes nor files.
async fn wait_until_gone(engine: &ConfiguredEngine, id: &str) {
    let since = Instant::now();
    let bundle: PathBuf = engine.app_root().join("containers").join(id);
    while !processes_of(id).is_empty() || bundle.exists() {
        assert!(since.elapsed() < Duration::from_secs(120), "{:?}", processes_of(id));
        assert!(engine.list().unwrap().is_empty());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Processes whose command line has this word and that still run: ids and command lines.
fn processes_of(word: &str) -> Vec<(String, String)> {
    let entries = std::fs::read_dir("/proc").unwrap();
    let found = entries.filter_map(|entry| {
        let pid = entry.ok()?.file_name().into_string().ok()?;
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        (command.contains(word) && pid.bytes().all(|byte| byte.is_ascii_digit())).then_some((pid, command))
    });
    found.collect()
}
