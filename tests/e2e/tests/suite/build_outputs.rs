//! Proves that what a build makes goes where it was asked to go: directories, archives, registries, and files that tell programs of it.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use container_e2e::{Access, BUSYBOX, Home, Registry, Skopeo, build, context, told_digest};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::build::assert_no_machine;

const FILES: &str = "FROM scratch\nCOPY --chown=7:8 --chmod=640 a /d/a\nCOPY b /d/e/b\n";

fn files(home: &Home) -> std::path::PathBuf {
    context(home, FILES, &[("a", "from a"), ("b", "from b")])
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Names and contents of the files of a tar.
fn tar_files(bytes: &[u8]) -> Vec<(String, String)> {
    let mut archive = tar::Archive::new(bytes);
    let mut files: Vec<(String, String)> = archive
        .entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let (name, mut text) = (entry.path().unwrap().display().to_string(), String::new());
            entry.read_to_string(&mut text).unwrap();
            (name, text)
        })
        .filter(|(_, text)| !text.is_empty())
        .collect();
    files.sort();
    files
}

#[test]
fn the_files_of_the_root_go_to_a_directory_as_the_callers_and_beside_what_is_there() {
    let home = Home::empty();
    let context = files(&home);
    let out = home.file("out/new");
    let text = out.display().to_string();
    let built = build(&home, &context, &["-o", &text]).success();
    assert_eq!(built.text(), text, "there is no image");
    assert_eq!(fs::read_to_string(out.join("d/a")).unwrap(), "from a");
    assert_eq!(
        fs::metadata(out.join("d/a")).unwrap().permissions().mode() & 0o7777,
        0o640
    );
    assert_eq!(names(&out), ["d"]);
    assert_eq!(names(out.parent().unwrap()), ["new"], "nothing is left beside it");
    // A second build changes what it has, and nothing else.
    fs::write(out.join("d/mine"), "mine").unwrap();
    fs::write(context.join("a"), "changed").unwrap();
    build(&home, &context, &["-o", &format!("type=local,dest={text}")]).success();
    assert_eq!(fs::read_to_string(out.join("d/a")).unwrap(), "changed");
    assert_eq!(fs::read_to_string(out.join("d/mine")).unwrap(), "mine");
    // Nothing is written through links, and nothing at all where something is in the way.
    let outside = home.file("outside");
    fs::create_dir(&outside).unwrap();
    fs::remove_dir_all(out.join("d/e")).unwrap();
    symlink(&outside, out.join("d/e")).unwrap();
    fs::write(context.join("a"), "changed again").unwrap();
    build(&home, &context, &["-o", &text]).failure(1, &["\"d/e\" is there, and is a symbolic link"]);
    assert_eq!(fs::read_to_string(out.join("d/a")).unwrap(), "changed");
    assert_eq!((names(&outside), names(&out)), (vec![], vec!["d".to_owned()]));
    let listed = home.run(["image", "list", "-q"]).success().text();
    assert_eq!(listed, "", "no image was asked for");
}

#[test]
fn archives_go_to_the_standard_output_and_several_platforms_to_directories_of_their_own() {
    let home = Home::empty();
    let context = files(&home);
    let expected = |prefix: &str| {
        [("d/a", "from a"), ("d/e/b", "from b")].map(|(name, text)| (format!("{prefix}{name}"), text.to_owned()))
    };
    let tar = build(&home, &context, &["-o", "-"]).success();
    assert_eq!(tar_files(&tar.stdout), expected(""));
    let words = ["--platform", "linux/amd64,linux/arm64", "-o", "type=tar"];
    let both = build(&home, &context, &words).success();
    let all = [expected("linux_amd64/"), expected("linux_arm64/")].concat();
    assert_eq!(tar_files(&both.stdout), all);
    let words = [
        "-t",
        "localhost/a:1",
        "--output",
        "type=oci,dest=-",
        "--output",
        "type=local,dest=out",
    ];
    let mut command = home.command(
        ["build"]
            .iter()
            .chain(&words)
            .map(OsStr::new)
            .chain([context.as_os_str()]),
    );
    command.current_dir(home.file(""));
    let oci = container_e2e::Started::spawn(command, None).wait().success();
    let (index, _) = tar_entry(&oci.stdout, "index.json");
    let index: Value = serde_json::from_slice(&index).unwrap();
    let digest = index["manifests"][0]["digest"].as_str().unwrap();
    assert!(
        oci.stderr.contains(digest),
        "the digest goes beside the archive: {}",
        oci.stderr
    );
    assert_eq!(fs::read_to_string(home.file("out/d/a")).unwrap(), "from a");
    build(&home, &context, &["-o", "-", "-o", "type=oci"]).failure(1, &["only one output"]);
}

fn tar_entry(tar: &[u8], name: &str) -> (Vec<u8>, u64) {
    let mut archive = tar::Archive::new(tar);
    let mut entry = archive
        .entries()
        .unwrap()
        .map(Result::unwrap)
        .find(|entry| entry.path().unwrap() == Path::new(name))
        .unwrap();
    let mut bytes = Vec::new();
    let length = entry.read_to_end(&mut bytes).unwrap();
    (bytes, length as u64)
}

#[test]
fn an_image_is_pushed_under_all_its_names_with_its_annotations() {
    let home = Home::empty();
    let context = files(&home);
    let registry = Registry::start();
    let (one, two) = (registry.name("app:1"), registry.name("app:2"));
    let output = format!("type=image,name={two},push=true,annotation-manifest.of=output");
    let (id, metadata) = (home.file("id"), home.file("metadata.json"));
    fs::write(&id, "from an earlier build").unwrap();
    let (id_text, metadata_text) = (id.display().to_string(), metadata.display().to_string());
    let words = [
        "-t",
        &one,
        "-o",
        &output,
        "--annotation",
        "of=build",
        "--annotation",
        "manifest-descriptor:where=index",
        "--iidfile",
        &id_text,
        "--metadata-file",
        &metadata_text,
    ];
    let digest = told_digest(&build(&home, &context, &words).success());
    let manifest: Value = serde_json::from_slice(&registry.manifest("app:1")).unwrap();
    assert_eq!(registry.manifest("app:2"), registry.manifest("app:1"));
    assert_eq!(manifest["annotations"], json!({ "of": "output" }));
    let config = manifest["config"]["digest"].as_str().unwrap();
    assert_eq!(fs::read_to_string(&id).unwrap(), config);
    let metadata: Value = serde_json::from_slice(&fs::read(&metadata).unwrap()).unwrap();
    assert_eq!(metadata["containerimage.digest"], digest.as_str());
    assert_eq!(metadata["containerimage.config.digest"], config);
    assert_eq!(metadata["image.name"], format!("{one},{two}"));
    let descriptor = &metadata["containerimage.descriptor"];
    assert_eq!(
        (&descriptor["digest"], &descriptor["annotations"]["where"]),
        (&json!(digest), &json!("index"))
    );
    home.run(["image", "inspect", config]).success();
    // --push with two platforms: an index, which has annotations too, and what is told of each image.
    let three = registry.name("app:3");
    let words = [
        "-t",
        &three,
        "--push",
        "--platform",
        "linux/amd64,linux/arm64",
        "--annotation",
        "index,manifest[linux/arm64]:a=b",
        "--provenance=true",
        "--iidfile",
        &id_text,
    ];
    let digest = told_digest(&build(&home, &context, &words).success());
    let index: Value = serde_json::from_slice(&registry.manifest("app:3")).unwrap();
    assert_eq!(index["annotations"], json!({ "a": "b" }));
    let listed = index["manifests"].as_array().unwrap();
    let digests: Vec<&Value> = listed[..2].iter().map(|image| &image["digest"]).collect();
    let told: Vec<&Value> = listed[2..]
        .iter()
        .map(|told| &told["annotations"]["vnd.docker.reference.digest"])
        .collect();
    assert_eq!(told, digests);
    let statement: Value =
        serde_json::from_slice(&registry.manifest(&format!("app@{}", listed[2]["digest"].as_str().unwrap()))).unwrap();
    assert_eq!(statement["layers"][0]["mediaType"], "application/vnd.in-toto+json");
    assert_eq!(fs::read_to_string(&id).unwrap(), digest);
    build(&home, &context, &["--annotation", "index:a=b", "--iidfile", &id_text])
        .failure(1, &["\"a\" is for an index"]);
    assert!(!id.exists(), "the id of an earlier build is gone");
    build(&home, &context, &["--push"]).failure(1, &["needs a name"]);
}

#[test]
fn an_image_that_is_pushed_by_digest_has_no_tag_there() {
    let home = Home::empty();
    let context = files(&home);
    let registry = Registry::start();
    let name = registry.name("digested");
    let output = "type=image,push-by-digest=true,name-canonical=true,push=true";
    let digest = told_digest(&build(&home, &context, &["-t", &name, "-o", output]).success());
    let canonical = format!("{name}@{digest}");
    let sent = |digest: &str| format!("sha256:{}", sha256(&registry.manifest(&format!("digested@{digest}"))));
    assert_eq!(sent(&digest), digest);
    // Here it has both names, there none but its digest.
    for known in [&name, &canonical] {
        home.run(["image", "inspect", known]).success();
    }
    let other = Home::empty();
    other.run(["image", "pull", &canonical]).success();
    other
        .run(["image", "pull", &name])
        .failure(1, &["digested", "not found"]);
    // A tag that is there stays what it is.
    build(&home, &context, &["-t", &name, "--push"]).success();
    let tagged = registry.manifest("digested");
    fs::write(context.join("a"), "changed").unwrap();
    let output = format!("type=registry,push-by-digest=true,name={name}");
    let changed = told_digest(&build(&home, &context, &["-o", &output]).success());
    assert_ne!(changed, digest);
    assert_eq!(sent(&changed), changed);
    assert_eq!(registry.manifest("digested"), tagged);
    let output = format!("type=registry,push-by-digest=true,name={name}:1");
    build(&home, &context, &["-o", &output]).failure(64, &["has a tag", "to be pushed by digest"]);
}

#[test]
fn other_programs_take_what_was_built() {
    let home = Home::new();
    let dockerfile = format!("FROM {BUSYBOX}\nRUN mkdir -p /d && echo made > /d/f && rm /bin/wget\nCOPY a /a\n");
    let context = context(&home, &dockerfile, &[("a", "a")]);
    // An ordinary user's skopeo cannot unpack an archive: it wants the owners in it.
    let (oci, docker) = (home.file("oci"), home.file("docker.tar"));
    let outputs = [("oci,tar=false", &oci), ("docker", &docker)]
        .map(|(kind, path)| format!("type={kind},name=localhost/taken:1,dest={}", path.display()));
    let digest = told_digest(&build(&home, &context, &["-o", &outputs[0], "-o", &outputs[1]]).success());
    let scratch = home.file("scratch");
    fs::create_dir(&scratch).unwrap();
    let skopeo = Skopeo::new(&scratch, Access::default());
    let (from_oci, from_docker) = (home.file("from-oci"), home.file("from-docker"));
    skopeo.copy(
        &format!("oci:{}", oci.display()),
        &format!("dir:{}", from_oci.display()),
    );
    let manifest = fs::read(from_oci.join("manifest.json")).unwrap();
    assert_eq!(format!("sha256:{}", sha256(&manifest)), digest, "byte by byte");
    // Every layer and the configuration is what the manifest says it is.
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let layers = manifest["layers"].as_array().unwrap();
    for blob in layers.iter().chain([&manifest["config"]]) {
        let own = blob["digest"].as_str().unwrap().trim_start_matches("sha256:");
        assert_eq!(sha256(&fs::read(from_oci.join(own)).unwrap()), own);
    }
    // skopeo makes other documents of the other form; the configuration is the same.
    let archive = format!("docker-archive:{}", docker.display());
    skopeo.copy_with(&[], &archive, &format!("dir:{}", from_docker.display()));
    let copied: Value = serde_json::from_slice(&fs::read(from_docker.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(copied["config"]["digest"], manifest["config"]["digest"]);
    assert_eq!(copied["layers"].as_array().map(Vec::len), Some(layers.len()));
}

#[test]
fn a_time_that_is_given_makes_equal_images_of_equal_inputs() {
    let digests = ["first", "second"].map(|round| {
        let home = Home::empty();
        // A file that is newer than the time, and made at another one in each round.
        let context = context(
            &home,
            "FROM scratch\nWORKDIR /w\nCOPY a a\nADD b.tar /b/\nENV A=b\n",
            &[("a", "from a")],
        );
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(1);
        header.set_mode(0o644);
        header.set_mtime(2_000_000_000);
        archive.append_data(&mut header, "x", &b"x"[..]).unwrap();
        fs::write(context.join("b.tar"), archive.into_inner().unwrap()).unwrap();
        let words = [
            "--no-cache",
            "--build-arg",
            "SOURCE_DATE_EPOCH=1000000000",
            "-o",
            "type=image,name=localhost/r:1,rewrite-timestamp=true",
        ];
        let digest = told_digest(&build(&home, &context, &words).success());
        let saved = home.file("saved.tar");
        home.run(
            [
                OsStr::new("build"),
                OsStr::new("--build-arg"),
                OsStr::new("SOURCE_DATE_EPOCH=1000000000"),
                OsStr::new("-o"),
            ]
            .into_iter()
            .chain([
                OsStr::new(&format!("type=tar,dest={}", saved.display())),
                context.as_os_str(),
            ]),
        )
        .success();
        let mut archive = tar::Archive::new(fs::File::open(&saved).unwrap());
        for entry in archive.entries().unwrap() {
            assert_eq!(entry.unwrap().header().mtime().unwrap(), 1_000_000_000, "{round}");
        }
        digest
    });
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn a_command_for_another_architecture_says_what_is_missing() {
    let home = Home::new().with("CONTAINER_QEMU", "/nonexistent/qemu");
    let context = context(&home, "FROM scratch\nCOPY a /a\nRUN [\"/a\"]\n", &[("a", "a")]);
    let foreign = match container_e2e::host_architecture() {
        "arm64" => "linux/amd64",
        _ => "linux/arm64",
    };
    build(&home, &context, &["--platform", foreign])
        .failure(1, &[&format!("RUN for {foreign} needs a machine of that architecture")]);
    assert_no_machine(&home);
}

#[test]
fn commands_make_equal_layers_when_their_times_are_rewritten() {
    let digests = ["first", "second"].map(|_| {
        let home = Home::new();
        let dockerfile = format!("FROM {BUSYBOX}\nRUN mkdir -p /d/e && echo x > /d/e/f && rm /bin/wget\n");
        let context = context(&home, &dockerfile, &[]);
        let words = [
            "--no-cache",
            "--build-arg",
            "SOURCE_DATE_EPOCH=1000000000",
            "-o",
            "type=image,rewrite-timestamp=true",
        ];
        build(&home, &context, &words).success().text()
    });
    assert_eq!(digests[0], digests[1]);
}
