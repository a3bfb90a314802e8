//! A case: a test that runs in a process of its own, in which the stand-in plays its faults, and that leaves nothing behind.

use std::time::{Duration, Instant};

use container_vz_tests::report;

/// How long objects may take to be released after the last handle is gone.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs `body` as the process of a case.
///
/// # Panics
/// When it leaves an object or a descriptor behind.
pub(crate) fn check(body: impl AsyncFnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        // The runtime's own are open by now.
        let before = descriptor_count();
        body().await;
        released().await;
        // The thread that reads a console sees its end only now.
        let begun = Instant::now();
        while descriptor_count() != before && begun.elapsed() < RELEASE_TIMEOUT {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_eq!(descriptor_count(), before, "descriptors after and before");
    });
}

/// Waits until no object of the framework is left.
pub(crate) async fn released() {
    let released = async {
        while !report::live_objects().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let released = tokio::time::timeout(RELEASE_TIMEOUT, released).await;
    released.unwrap_or_else(|_| panic!("still alive: {:?}", report::live_objects()));
}

/// Descriptors that this process has open.
pub(crate) fn descriptor_count() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// A test that is a case: its name, the faults, and the body.
macro_rules! case {
    ($name:ident, $faults:expr, $body:expr) => {
        #[test]
        fn $name() {
            container_vz_tests::process::alone($faults, || $crate::case::check($body)).succeeded();
        }
    };
}
pub(crate) use case;
