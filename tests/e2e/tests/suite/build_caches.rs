//! Proves that what one machine has built another one need not do again: caches in directories, registries and images.

use std::fs;

use container_e2e::{BUSYBOX, Home, Outcome, Registry, build, context};

use crate::build::assert_no_machine;

const FILES: &str = "FROM scratch AS made\nCOPY a /a\nCOPY a /b\nFROM scratch\nCOPY --from=made /a /c\n";
/// Steps of `FILES` with a layer.
const STEPS: usize = 3;

fn cached(outcome: &Outcome) -> usize {
    outcome.stderr.matches("CACHED").count()
}

#[test]
fn a_command_that_ran_elsewhere_is_not_run_again() {
    let (first, second) = (Home::new(), Home::new());
    let dockerfile = format!(
        "FROM {BUSYBOX} AS made\nRUN cat /proc/sys/kernel/random/uuid > /made\nFROM {BUSYBOX}\nCOPY --from=made /made /\n"
    );
    let context = context(&first, &dockerfile, &[]);
    let cache = first.file("cache").display().to_string();
    let to = format!("type=local,dest={cache},mode=max");
    let from = format!("type=local,src={cache}");
    build(&first, &context, &["-t", "localhost/c:1", "--cache-to", &to]).success();
    let made = first.run(["run", "--rm", "localhost/c:1", "cat", "/made"]).success();
    let again = build(&second, &context, &["-t", "localhost/c:1", "--cache-from", &from]).success();
    assert_eq!(
        cached(&again),
        4,
        "both bases, the command and the copy: {}",
        again.stderr
    );
    assert_no_machine(&second);
    let seen = second.run(["run", "--rm", "localhost/c:1", "cat", "/made"]).success();
    assert_eq!(seen.text(), made.text());
    // It is this machine's own from then on.
    let third = build(&second, &context, &[]).success();
    assert_eq!(cached(&third), 4, "{}", third.stderr);
}

#[test]
fn a_cache_has_the_images_steps_or_all_and_is_in_a_registry_or_the_image_as_well() {
    let first = Home::empty();
    let context = context(&first, FILES, &[("a", "from a")]);
    let registry = Registry::start();
    let (image, cache, all) = (
        registry.name("app:1"),
        registry.name("app:cache"),
        registry.name("all:cache"),
    );
    let max = format!("type=registry,ref={all},mode=max");
    let words = [
        "-t",
        &image,
        "--push",
        "--cache-to",
        "type=inline",
        "--cache-to",
        &cache,
        "--cache-to",
        &max,
    ];
    build(&first, &context, &words).success();
    // Of the image itself only the last step is kept; what it copies from is made again, and is the same.
    for (source, steps) in [(&all, STEPS), (&cache, 1), (&image, 1)] {
        let second = Home::empty();
        let again = build(&second, &context, &["--cache-from", source]).success();
        assert_eq!(cached(&again), steps, "{source}: {}", again.stderr);
    }
    let manifest = String::from_utf8(registry.manifest("all:cache")).unwrap();
    assert!(
        manifest.contains("application/vnd.buildkit.cacheconfig.v0"),
        "{manifest}"
    );
}

#[test]
fn a_source_that_is_missing_or_damaged_is_a_warning() {
    let first = Home::empty();
    let context = context(&first, FILES, &[("a", "from a")]);
    let cache = first.file("cache");
    let (to, from) = (
        format!("type=local,dest={}", cache.display()),
        format!("type=local,src={}", cache.display()),
    );
    let missing = build(&first, &context, &["--cache-from", &from]).success();
    assert!(missing.stderr.contains("the cache"), "{}", missing.stderr);
    build(&first, &context, &["--cache-to", &to]).success();
    for blob in fs::read_dir(cache.join("blobs/sha256")).unwrap() {
        let path = blob.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        // Layers begin as gzip does.
        if bytes.starts_with(&[0x1f, 0x8b]) {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&path, bytes).unwrap();
        }
    }
    let second = Home::empty();
    let again = build(
        &second,
        &context,
        &["--cache-from", &from, "-o", "type=tar,dest=/dev/null"],
    )
    .success();
    assert!(
        again.stderr.contains("a step is not taken from a cache"),
        "{}",
        again.stderr
    );
    assert_eq!(cached(&again), 0, "{}", again.stderr);
    fs::write(cache.join("index.json"), "{").unwrap();
    let third = build(&second, &context, &["--cache-from", &from]).success();
    assert!(third.stderr.contains("the cache"), "{}", third.stderr);
}
