//! A text that is accepted as a reference, platform or digest is safe as a path, and its printed form reads back as the same.
#![no_main]

use container_oci::{Digest, Platform, Reference};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(reference) = text.parse::<Reference>() {
        assert!(reference.repository().split('/').all(|part| !matches!(part, "" | "." | "..")));
        assert_eq!(reference.to_string().parse::<Reference>().as_ref(), Ok(&reference));
        assert_eq!(reference.familiar().parse::<Reference>().as_ref(), Ok(&reference));
    }
    if let Ok(platform) = text.parse::<Platform>() {
        assert_eq!(platform.to_string().parse::<Platform>(), Ok(platform));
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string(), text);
        assert!(digest.hex().bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
});
