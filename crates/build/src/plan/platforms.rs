//! Variables that every Dockerfile may declare without being given them.

use container_oci::Platform;

use super::PlanRequest;

/// `TARGETSTAGE` where the target has no name.
pub(super) const NAMELESS_TARGET: &str = "default";

/// The predefined global variables, in BuildKit's order.
pub(super) fn predefined(request: &PlanRequest<'_>, target_stage: &str) -> Vec<(String, String)> {
    let mut variables = of("BUILD", &request.build_platform);
    variables.extend(of("TARGET", &request.platform));
    variables.push(("TARGETSTAGE".to_owned(), target_stage.to_owned()));
    variables
}

fn of(prefix: &str, platform: &Platform) -> Vec<(String, String)> {
    let variant = platform.variant.clone().unwrap_or_default();
    let values = [
        ("PLATFORM", platform.to_string()),
        ("OS", platform.os.clone()),
        ("OSVERSION", String::new()),
        ("ARCH", platform.architecture.clone()),
        ("VARIANT", variant),
    ];
    values.map(|(name, value)| (format!("{prefix}{name}"), value)).to_vec()
}
