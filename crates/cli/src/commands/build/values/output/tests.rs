//! What the values of `--output` mean.

use super::*;

fn wanted(text: &str) -> Result<Wanted, String> {
    text.parse::<OutputFlag>().map(|flag| flag.0)
}

#[test]
fn a_directory_and_the_standard_output_have_short_forms() {
    assert_eq!(wanted("out"), Ok(Wanted::Local("out".into(), None)));
    assert_eq!(wanted("-"), Ok(Wanted::Tar(Place::Stdout, None)));
    assert_eq!(
        wanted("type=local,dest=out,platform-split=false"),
        Ok(Wanted::Local("out".into(), Some(false)))
    );
}

#[test]
fn archives_go_to_a_file_or_to_the_standard_output() {
    let archive = |format, place| Ok(Wanted::Archive(format, place, WantedImage::default()));
    assert_eq!(
        wanted("type=oci,dest=a.tar"),
        archive(SaveFormat::OciArchive, Place::Path("a.tar".into()))
    );
    assert_eq!(
        wanted("type=oci,dest=-"),
        archive(SaveFormat::OciArchive, Place::Stdout)
    );
    assert_eq!(
        wanted("type=oci,tar=false,dest=a"),
        archive(SaveFormat::OciDirectory, Place::Path("a".into()))
    );
    assert_eq!(
        wanted("type=docker,dest=-"),
        archive(SaveFormat::DockerArchive, Place::Stdout)
    );
    assert_eq!(wanted("type=docker"), Ok(Wanted::Image(WantedImage::default())));
    assert_eq!(wanted("type=cacheonly"), Ok(Wanted::CacheOnly));
}

#[test]
fn images_have_names_registries_and_annotations() {
    let Ok(Wanted::Image(image)) =
        wanted("type=image,\"name=a:1,b\",push=true,rewrite-timestamp=true,annotation-index.k=v,oci-mediatypes=true")
    else {
        panic!("an image");
    };
    assert_eq!(
        (image.names.join(" ").as_str(), image.push),
        ("a:1 b", Some(Scheme::Auto))
    );
    assert!(image.form.rewrites_times && image.form.annotations.len() == 1);
    let Ok(Wanted::Image(image)) = wanted("type=registry,registry.insecure=true,push=true") else {
        panic!("an image");
    };
    assert_eq!(image.push, Some(Scheme::Http));
}

#[test]
fn what_is_pushed_by_digest_has_no_tag() {
    let one = |text: &str, tag: &str| {
        let reference = |text: &str| Ok(text.parse().unwrap());
        let built = outputs(
            vec![text.parse().unwrap()],
            (false, false, &[tag.to_owned()]),
            reference,
        );
        built.map(|outputs| match outputs.as_slice() {
            [BuildOutput::Image(image)] => (image.pushes_by_digest, image.has_canonical_names),
            _ => unreachable!("one image"),
        })
    };
    let text = "type=image,push-by-digest=true,name-canonical=true,push=true";
    assert_eq!(one(text, "localhost:5000/a").unwrap(), (true, true));
    for tag in ["localhost:5000/a:1", "a:latest", "a@sha256:0"] {
        let error = format!("{:?}", one(text, tag).unwrap_err());
        assert!(error.contains("to be pushed by digest"), "{error}");
    }
    // Nothing is pushed.
    assert_eq!(one("type=image,push-by-digest=true", "a:1").unwrap(), (true, false));
    assert_eq!(one("type=registry", "a:1").unwrap(), (false, false));
}

#[test]
fn what_makes_no_sense_is_refused() {
    for text in [
        "",
        "type=x",
        "dest=a",
        "type=local",
        "type=local,dest=-",
        "type=oci,tar=false",
        "type=image,push=perhaps",
        "type=image,compression=zstd",
        "type=tar,dest=a,push=true",
        "type=image,annotation-layer.k=v",
    ] {
        assert!(wanted(text).is_err(), "{text}");
    }
}

#[test]
fn push_and_load_are_images_and_push_concerns_those_that_are_there() {
    let all = |texts: &[&str], (pushes, loads)| {
        let parsed = texts.iter().map(|text| text.parse().unwrap()).collect();
        let reference = |text: &str| Ok(text.parse().unwrap());
        outputs(parsed, (pushes, loads, &[]), reference).unwrap()
    };
    let pushes = |outputs: &[BuildOutput]| -> Vec<Option<bool>> {
        let pushes = outputs.iter().map(|output| match output {
            BuildOutput::Image(image) => Some(image.push.is_some()),
            _ => None,
        });
        pushes.collect()
    };
    assert_eq!(pushes(&all(&[], (false, false))), []);
    assert_eq!(pushes(&all(&[], (false, true))), [Some(false)]);
    assert_eq!(pushes(&all(&["out"], (true, false))), [None, Some(true)]);
    assert_eq!(pushes(&all(&["type=image", "out"], (true, true))), [Some(true), None]);
}
