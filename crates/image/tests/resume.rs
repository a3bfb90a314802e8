//! Downloads that were interrupted, and what the next pull makes of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use container_image::ImageStore;
use container_oci::Platform;
use support::liar::{Answer, ok, status};
use support::served::{Served, pull};
use support::{MAX_DISKS, TestStore};

/// Set in a process that pulls, to the app root and the name.
const CHILD: &str = "CONTAINER_TEST_PULL";
/// Bytes that arrive before the interruption.
const CUT: usize = 150_000;

fn served() -> Served {
    let served = Served::new(&"hello".repeat(100_000));
    assert!(served.layer.len() > 2 * CUT);
    served
}

fn stall(served: &Served) -> Answer {
    let body = served.layer.clone();
    Answer::Stall { after: CUT, body }
}

fn ranged(served: &Served) -> Answer {
    let body = served.layer.clone();
    Answer::Ranged { body }
}

fn partial(root: &Path, served: &Served) -> PathBuf {
    let name = format!("content/ingest/sha256-{}.partial", served.layer_digest.hex());
    root.join(name)
}

/// Leaves `bytes` as an earlier pull would have.
fn leave_partial(test: &TestStore, served: &Served, bytes: &[u8]) {
    std::fs::write(partial(test.root.path(), served), bytes).unwrap();
}

async fn wait_until_written(path: &Path) {
    let deadline = Instant::now() + Duration::from_secs(90);
    while !std::fs::metadata(path).is_ok_and(|metadata| metadata.len() == CUT as u64) {
        assert!(Instant::now() < deadline, "the download has not come so far");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The image is whole, and nothing unfinished is left.
async fn assert_right(test: &TestStore, served: &Served) {
    let name = served.name().parse().unwrap();
    let image = test.store.resolve(&name, &Platform::host(), MAX_DISKS).await.unwrap();
    assert_eq!(image.layers[0].entries, 4);
    let blob = test
        .root
        .path()
        .join("content/blobs/sha256")
        .join(served.layer_digest.hex());
    assert!(std::fs::read(blob).unwrap() == served.layer);
    assert_eq!(test.unfinished(), [""; 0]);
}

/// The body of the child process: pulls until it is killed.
async fn pull_as_child() -> bool {
    let Ok(task) = std::env::var(CHILD) else { return false };
    let (root, name) = task.split_once('|').unwrap();
    let test = TestStore {
        store: ImageStore::open(Path::new(root)).unwrap(),
        root: tempfile::tempdir().unwrap(),
    };
    let _ = pull(&test, name).await;
    true
}

fn spawn_child(test: &TestStore, served: &Served, test_name: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test_name])
        .env(CHILD, format!("{}|{}", test.root.path().display(), served.name()))
        // What it leaves goes with the store.
        .env("TMPDIR", test.root.path())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_pull_goes_on_where_a_killed_one_stopped() {
    if pull_as_child().await {
        return;
    }
    let (test, served) = (TestStore::new(), served());
    served.layer_answers(vec![stall(&served), ranged(&served)]);
    let mut child = spawn_child(&test, &served, "a_pull_goes_on_where_a_killed_one_stopped");
    wait_until_written(&partial(test.root.path(), &served)).await;
    child.kill().unwrap();
    child.wait().unwrap();

    served.pull(&test).await.unwrap();
    let requests = served.layer_requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].contains(&format!("range: bytes={CUT}-")), "{}", requests[1]);
    assert_right(&test, &served).await;
}

#[tokio::test]
async fn a_pull_goes_on_where_a_cancelled_one_stopped() {
    let (test, served) = (TestStore::new(), served());
    served.layer_answers(vec![stall(&served), ranged(&served)]);
    let path = partial(test.root.path(), &served);
    tokio::select! {
        pulled = served.pull(&test) => panic!("{pulled:?}"),
        () = wait_until_written(&path) => {}
    }
    served.pull(&test).await.unwrap();
    assert!(served.layer_requests()[1].contains(&format!("range: bytes={CUT}-")));
    assert_right(&test, &served).await;
}

#[tokio::test]
async fn a_download_that_was_complete_is_not_asked_for_again() {
    let (test, served) = (TestStore::new(), served());
    leave_partial(&test, &served, &served.layer);
    served.pull(&test).await.unwrap();
    assert_eq!(served.layer_requests(), [""; 0]);
    assert_right(&test, &served).await;
}

#[tokio::test]
async fn a_registry_without_ranges_sends_everything_again() {
    let (test, served) = (TestStore::new(), served());
    leave_partial(&test, &served, &served.layer[..CUT]);
    served.pull(&test).await.unwrap();
    assert_eq!(served.layer_requests().len(), 1);
    assert_right(&test, &served).await;
}

#[tokio::test]
async fn a_damaged_partial_is_fetched_again_from_its_beginning_once() {
    let (test, served) = (TestStore::new(), served());
    served.layer_answers(vec![ranged(&served)]);
    let mut damaged = served.layer[..CUT].to_vec();
    damaged[CUT / 2] ^= 1;
    leave_partial(&test, &served, &damaged);
    served.pull(&test).await.unwrap();
    let requests = served.layer_requests();
    assert_eq!(requests.len(), 2);
    assert!(!requests[1].contains("range:"), "{}", requests[1]);
    assert_right(&test, &served).await;
}

#[tokio::test]
async fn a_registry_that_refuses_ranges_sends_everything_within_the_same_pull() {
    let wrong_range = status("206 Partial Content", &[("Content-Range", "bytes 0-4/5")]);
    let refusals = [
        "400 Bad Request",
        "403 Forbidden",
        "416 Range Not Satisfiable",
        "500 Oops",
    ];
    let refusals = refusals.map(|line| status(line, &[])).into_iter().chain([wrong_range]);
    for refusal in refusals {
        let (test, served) = (TestStore::new(), served());
        served.layer_answers(vec![refusal, ok("x/y", served.layer.clone())]);
        leave_partial(&test, &served, &served.layer[..CUT]);
        served.pull(&test).await.unwrap();
        let requests = served.layer_requests();
        assert_eq!(requests.len(), 2);
        assert!(requests[0].contains("range:") && !requests[1].contains("range:"));
        assert_right(&test, &served).await;
    }
}

#[tokio::test]
async fn a_registry_that_hangs_up_on_ranges_sends_everything_within_the_same_pull() {
    let (test, served) = (TestStore::new(), served());
    let body = served.layer.clone();
    let hang_up = Answer::CutAlways { after: 0, body };
    served.layer_answers(vec![hang_up, ok("x/y", served.layer.clone())]);
    leave_partial(&test, &served, &served.layer[..CUT]);
    served.pull(&test).await.unwrap();
    let requests = served.layer_requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].contains("range:") && !requests[1].contains("range:"));
    assert_right(&test, &served).await;
}

#[tokio::test]
async fn a_rest_that_does_not_fit_is_fetched_again_from_its_beginning_within_the_same_pull() {
    let (test, served) = (TestStore::new(), served());
    let mut wrong = served.layer.clone();
    wrong[2 * CUT] ^= 1;
    let cut = Answer::CutAlways {
        after: CUT,
        body: served.layer.clone(),
    };
    let whole = ok("x/y", served.layer.clone());
    served.layer_answers(vec![cut, Answer::Ranged { body: wrong }, whole]);
    served.pull(&test).await.unwrap();
    assert_eq!(served.layer_requests().len(), 3);
    assert_right(&test, &served).await;
}

#[tokio::test]
async fn a_partial_larger_than_the_blob_is_of_no_use() {
    let (test, served) = (TestStore::new(), served());
    leave_partial(&test, &served, &vec![b'x'; served.layer.len() + 1]);
    served.pull(&test).await.unwrap();
    assert!(!served.layer_requests()[0].contains("range:"));
    assert_right(&test, &served).await;
}

#[tokio::test]
async fn a_registry_that_lies_about_the_rest_fails_and_leaves_nothing() {
    let (test, served) = (TestStore::new(), served());
    let mut wrong = served.layer.clone();
    wrong[2 * CUT] ^= 1;
    served.layer_answers(vec![Answer::Ranged { body: wrong }]);
    leave_partial(&test, &served, &served.layer[..CUT]);
    let error = served.pull(&test).await.unwrap_err();
    assert!(error.to_string().contains("digest mismatch of blob"), "{error}");
    assert_eq!(served.layer_requests().len(), 2);
    test.assert_untouched();
}

#[tokio::test]
async fn what_has_arrived_stays_when_the_registry_gives_up_and_bars_no_later_pull() {
    let (test, served) = (TestStore::new(), served());
    leave_partial(&test, &served, &served.layer[..CUT]);
    served.layer_answers(vec![status("403 Forbidden", &[])]);
    let error = served.pull(&test).await.unwrap_err();
    assert!(error.to_string().contains("does not allow this"), "{error}");
    let kept = std::fs::read(partial(test.root.path(), &served)).unwrap();
    assert!(kept == served.layer[..CUT]);
    served.layer_answers(vec![status("403 Forbidden", &[]), ok("x/y", served.layer.clone())]);
    served.pull(&test).await.unwrap();
    assert_right(&test, &served).await;
}

#[tokio::test]
async fn a_layer_that_cannot_be_unpacked_is_not_downloaded_to_its_end() {
    let test = TestStore::new();
    // It says gzip at its start, and is none.
    let mut layer = vec![0x1f, 0x8b, 8, 0];
    layer.resize(64 << 20, 0xff);
    let served = Served::with_layer(layer.clone());
    // The rest does not come, so the download ends only when the pull gives it up.
    served.layer_answers(vec![Answer::Stall {
        after: 1 << 20,
        body: layer,
    }]);
    let error = served.pull(&test).await.unwrap_err();
    assert!(error.to_string().contains("cannot unpack layer"), "{error}");
    assert_eq!(served.layer_requests().len(), 1);
    assert!(test.store.list().unwrap().is_empty());
}
