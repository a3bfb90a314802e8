//! What saving and loading a machine's state have in common. QEMU calls both migration; the way between the two machines is a file.

use serde_json::{Value, json};

use crate::control::Control;

/// Arguments of `migrate-set-capabilities`: memory that is a shared file stays where it is (QEMU 4.0), and the end is told as an event.
pub(crate) fn capabilities() -> Value {
    let on = |name: &str| json!({ "capability": name, "state": true });
    json!({ "capabilities": [on("x-ignore-shared"), on("events")] })
}

/// Why QEMU did not do it.
pub(crate) async fn failure(control: &mut Control) -> String {
    let answer = control.execute("query-migrate", None).await.ok();
    let description = answer.as_ref().and_then(|answer| answer.get("error-desc")?.as_str());
    description.unwrap_or("QEMU does not say why").to_owned()
}
