//! Which accelerator works here, found out once.
//!
//! A host whose KVM opens but cannot run a stock kernel shows that only by a boot that fails, and the verdict is kept in the app
//! root. Since every test has an app root of its own, it would be found out again each time.

use crate::{Home, binary, cache};

/// Environment variable that chooses the accelerator.
const VARIABLE: &str = "CONTAINER_ACCEL";

/// The accelerator that tests are to use.
pub(crate) fn chosen() -> String {
    if let Ok(chosen) = std::env::var(VARIABLE) {
        return chosen;
    }
    cache::text(&format!("accelerator-{}", cache::stamp(&binary())), || {
        let home = Home::undecided();
        home.run(["run", "--rm", crate::BUSYBOX, "true"]).success();
        let status = home.run(["system", "status", "--format", "json"]).success().json();
        status["accelerator"]
            .as_str()
            .expect("the status names an accelerator")
            .to_owned()
    })
}
