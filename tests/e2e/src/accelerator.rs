//! The accelerator that works on this host, determined once.
//!
//! Whether KVM can run a stock kernel shows only when a machine boots. The program keeps the result in the app root, and every test has
//! an app root of its own, so that each would try again.

use crate::host_system::IS_LINUX;
use crate::{Home, binary, cache};

/// Environment variable that chooses the accelerator.
const VARIABLE: &str = "CONTAINER_ACCEL";

/// The accelerator that tests are to use; `None` on hosts on which finding it takes no time.
pub(crate) fn chosen() -> Option<String> {
    if let Ok(chosen) = std::env::var(VARIABLE) {
        return Some(chosen);
    }
    if !IS_LINUX {
        return None;
    }
    let chosen = cache::text(&format!("accelerator-{}", cache::stamp(&binary())), || {
        let home = Home::undecided();
        home.run(["run", "--rm", crate::BUSYBOX, "true"]).success();
        let status = home.run(["system", "status", "--format", "json"]).success().json();
        status["accelerator"]
            .as_str()
            .expect("the status names an accelerator")
            .to_owned()
    });
    // Of Virtualization.framework there is nothing to choose.
    Some(chosen).filter(|name| name != "virtualization-framework")
}
