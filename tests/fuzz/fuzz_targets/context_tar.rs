//! Any bytes read as the tar of a build's context result in a context or in an error, without a panic and without a file beside it; what is selected of it by any
//! source can be digested and packed.
#![no_main]

use container_build_context::{Context, Ignore, SelectOptions, StatCache, TarLimits};
use container_tar::Writer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, &str, &[u8], &[u8])| {
    let (parents, source, rules, bytes) = input;
    let limits = TarLimits { uncompressed_bytes: 1 << 20, entries: 1000, retained_bytes: 1 << 20 };
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let context = Context::from_tar(bytes, scratch.path(), &limits);
    assert_eq!(std::fs::read_dir(scratch.path()).expect("a directory").count(), 0);
    let (Ok(context), Ok(ignore)) = (context, Ignore::parse(rules)) else {
        return;
    };
    let context = context.ignoring(ignore);
    let options = SelectOptions { parents, ..SelectOptions::default() };
    for sources in [&[source][..], &["."]] {
        let Ok(selection) = context.select(sources, &options) else {
            continue;
        };
        selection.digest(&mut StatCache::in_memory()).expect("the content of a tar");
        let mut writer = Writer::new(std::io::sink());
        let mut walk = selection.walk();
        while let Some(mut item) = walk.next_item().expect("an entry of a tar") {
            // A name or target that no tar can have again.
            if item.write_to(&mut writer).is_err() {
                break;
            }
        }
    }
});
