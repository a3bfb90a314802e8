//! The architectures of this host and of the guests.

/// Names the platform of the guests where it is not the host's: `linux/arm64`.
pub(crate) const PLATFORM_VARIABLE: &str = "E2E_PLATFORM";

/// The name of this machine's architecture in an image.
#[must_use]
pub fn host_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The name in an image of the architecture that guests have.
///
/// # Panics
/// When the environment names no platform of Linux.
#[must_use]
pub fn guest_architecture() -> String {
    match std::env::var(PLATFORM_VARIABLE) {
        Ok(platform) => platform.strip_prefix("linux/").expect("guests run Linux").to_owned(),
        Err(_) => host_architecture().to_owned(),
    }
}
