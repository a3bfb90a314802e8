//! Proves that a pull that is killed, interrupted, cut off or out of disk space leaves a valid store, that the next pull resumes it, and that
//! a prune then removes what no image needs.

use std::time::Duration;

use container_e2e::{COMMAND_LIMIT, Compression, Home, Layer, Layout, Proxy, Registry, Store, eventually, noise};
use container_require::{may_mount_in_a_namespace, require};
use rustix::process::Signal;
use serde_json::json;

/// Layers of the image, each with this much that does not compress.
const LAYERS: u64 = 3;
const LAYER_BYTES: usize = 2 << 20;
/// Moments of interruption.
const MOMENTS: u64 = 10;
/// Bytes that may be in transit when a connection is cut, and the headers of the answers.
const SLACK_BYTES: u64 = 256 << 10;
/// A disk with room for everything.
const DISK_BYTES: u64 = 64 << 20;

/// An image in a registry at the end of a line.
struct Scene {
    _registry: Registry,
    proxy: Proxy,
    name: String,
    /// Bytes that a whole pull takes.
    whole_bytes: u64,
}

impl Scene {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let mut layout = Layout::new(&scratch.path().join("layout"));
        let layers = (0..LAYERS).map(|number| {
            let layer = Layer::default().file(&format!("data-{number}"), 0o644, &noise(number, LAYER_BYTES));
            (layer, Compression::Gzip)
        });
        let image = layout.image(container_e2e::host_architecture(), layers.collect(), &json!({}));
        layout.name("latest", image);
        let registry = Registry::start();
        registry.push_from(&layout.reference("latest"), "large:1");
        let proxy = Proxy::start(registry.address());
        let name = proxy.name("large:1");
        pull(&Home::empty(), &name);
        let whole_bytes = proxy.take_sent_bytes();
        Self {
            _registry: registry,
            proxy,
            name,
            whole_bytes,
        }
    }

    /// Numbers of bytes after which something happens: one at a random place in each tenth of the transfer, the same in every run.
    fn moments(&self) -> impl Iterator<Item = u64> {
        let tenth = self.whole_bytes / MOMENTS;
        let places = noise(7, usize::try_from(MOMENTS).unwrap());
        (0..MOMENTS)
            .zip(places)
            .map(move |(number, place)| number * tenth + tenth * u64::from(place) / 256)
    }

    /// Starts a pull, and ends it by a signal when the registry has sent so many bytes and they have been stored.
    fn kill_after(&self, home: &Home, bytes: u64, signal: Signal) {
        self.proxy.hold_after(bytes);
        let pull = home.spawn(["image", "pull", "--progress", "none", &self.name]);
        self.proxy.wait_until_held();
        eventually("what was sent has been stored", COMMAND_LIMIT, || {
            home.store().content_bytes() + SLACK_BYTES >= bytes
        });
        pull.signal(signal);
        let outcome = pull.wait();
        assert_ne!(outcome.code, 0, "{outcome:?}");
        assert!(!outcome.stderr.contains("panicked"), "{outcome:?}");
        self.proxy.heal();
    }

    /// Pulls again, which must not take what is here already, and checks that all is well then.
    fn resume(&self, home: &Home, stored_bytes: u64) {
        home.store().assert_valid();
        assert!(home.run(["image", "ls", "-q"]).success().stdout.is_empty());
        let _ = self.proxy.take_sent_bytes();
        pull(home, &self.name);
        let sent_bytes = self.proxy.take_sent_bytes();
        assert!(
            sent_bytes + stored_bytes <= self.whole_bytes + 2 * SLACK_BYTES,
            "{sent_bytes} bytes were sent, though {stored_bytes} of {} were here",
            self.whole_bytes
        );
        assert_whole(home, &self.name);
    }
}

fn pull(home: &Home, name: &str) {
    home.run(["image", "pull", "--progress", "none", name]).success();
}

/// The image and nothing else is in the store.
fn assert_whole(home: &Home, name: &str) {
    assert_eq!(home.run(["image", "ls", "-q"]).success().text(), name);
    home.run(["image", "prune"]).success();
    assert_store_is_whole(&home.store());
}

fn assert_store_is_whole(store: &Store) {
    store.assert_valid();
    store.assert_tidy();
    assert_eq!(store.disks().len() as u64, LAYERS);
}

#[test]
fn a_pull_killed_at_any_moment_is_resumed() {
    let scene = Scene::new();
    for bytes in scene.moments() {
        let home = Home::empty();
        scene.kill_after(&home, bytes, Signal::KILL);
        scene.resume(&home, bytes);
    }
}

#[test]
fn a_pull_interrupted_at_any_moment_is_resumed() {
    let scene = Scene::new();
    for bytes in scene.moments() {
        let home = Home::empty();
        scene.kill_after(&home, bytes, Signal::INT);
        scene.resume(&home, bytes);
    }
}

#[test]
fn a_pull_killed_again_and_again_still_gets_on() {
    let scene = Scene::new();
    let home = Home::empty();
    let step = scene.whole_bytes / 5;
    for number in 1..4 {
        let _ = scene.proxy.take_sent_bytes();
        // Each attempt gets a fifth of the whole.
        scene.proxy.hold_after(step);
        let pull = home.spawn(["image", "pull", "--progress", "none", &scene.name]);
        scene.proxy.wait_until_held();
        eventually("what was sent has been stored", COMMAND_LIMIT, || {
            home.store().content_bytes() + number * SLACK_BYTES >= number * step
        });
        pull.signal(Signal::KILL);
        pull.wait().with_code(137);
        scene.proxy.heal();
    }
    scene.resume(&home, 3 * step - 3 * SLACK_BYTES);
}

#[test]
fn a_pull_killed_while_it_finishes_leaves_a_valid_store() {
    let scene = Scene::new();
    for delay_ms in [0, 1, 2, 4, 8, 15, 25, 40, 70, 120] {
        let home = Home::empty();
        let _ = scene.proxy.take_sent_bytes();
        scene.proxy.hold_after(scene.whole_bytes - 1);
        let mut pull = home.spawn(["image", "pull", "--progress", "none", &scene.name]);
        scene.proxy.wait_until_held();
        scene.proxy.heal();
        // What is checked below has to hold whether this is before or after its end.
        std::thread::sleep(Duration::from_millis(delay_ms));
        pull.kill_if_running();
        let _ = pull.wait();
        home.store().assert_valid();
        self::pull(&home, &scene.name);
        assert_whole(&home, &scene.name);
    }
}

#[test]
fn a_cut_connection_is_resumed_within_the_pull() {
    let scene = Scene::new();
    for bytes in scene.moments() {
        let home = Home::empty();
        scene.proxy.cut_once_after(bytes);
        pull(&home, &scene.name);
        let sent_bytes = scene.proxy.take_sent_bytes();
        assert!(
            sent_bytes <= scene.whole_bytes + SLACK_BYTES,
            "{sent_bytes} of {}",
            scene.whole_bytes
        );
        assert_whole(&home, &scene.name);
    }
}

#[test]
fn a_line_that_breaks_again_and_again_gets_everything_across() {
    let scene = Scene::new();
    let home = Home::empty();
    scene.proxy.cut_each(scene.whole_bytes / 12);
    pull(&home, &scene.name);
    scene.proxy.heal();
    assert_whole(&home, &scene.name);
}

#[test]
fn a_line_that_stays_broken_fails_the_pull_and_the_next_one_resumes() {
    let scene = Scene::new();
    let home = Home::empty();
    let bytes = scene.whole_bytes / 2;
    scene.proxy.cut_for_ever_after(bytes);
    home.run(["image", "pull", &scene.name]).failure(1, &["127.0.0.1"]);
    scene.proxy.heal();
    scene.resume(&home, bytes);
}

#[test]
fn a_disk_that_is_full_at_any_moment_leaves_a_valid_store() {
    require!(may_mount_in_a_namespace(), "mounts in user namespaces of one's own");
    let scene = Scene::new();
    let home = Home::empty();
    // Blobs and disks take twice the content, so the largest of these is too small as well.
    let sizes = (1..=MOMENTS).map(|number| number * 2 * LAYERS * LAYER_BYTES as u64 / (MOMENTS + 1));
    for size_bytes in sizes {
        let copies = home.file(&size_bytes.to_string());
        std::fs::create_dir(&copies).unwrap();
        let script = format!(
            "mount -t tmpfs -o size={DISK_BYTES} small \"$ROOT\" && head -c {ballast_bytes} /dev/zero >\"$ROOT/ballast\" || exit 99
             pull() {{ \"$PROGRAM\" image pull --progress none {name}; }}
             pull; code=$?
             \"$PROGRAM\" image list -q >&2
             rm \"$ROOT/ballast\"
             cp -a \"$ROOT\" '{copies}/full'
             pull && \"$PROGRAM\" image prune && cp -a \"$ROOT\" '{copies}/healed' || exit 98
             exit $code",
            name = scene.name,
            ballast_bytes = DISK_BYTES - size_bytes,
            copies = copies.display()
        );
        let _ = scene.proxy.take_sent_bytes();
        let outcome = home.with_own_mounts(&script);
        outcome.failure(1, &["space"]);
        Store::below(&copies.join("full")).assert_valid();
        assert_store_is_whole(&Store::below(&copies.join("healed")));
        let sent_bytes = scene.proxy.take_sent_bytes();
        assert!(
            sent_bytes < 2 * scene.whole_bytes,
            "both pulls took everything: {sent_bytes}"
        );
        std::fs::remove_dir_all(&copies).unwrap();
    }
}
