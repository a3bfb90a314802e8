//! Access to the registries that tests start.

/// The user of a registry that asks for one.
pub const USER: &str = "alice";
/// Her password. The characters are ones that a shell, a URL or JSON would trip over.
pub const PASSWORD: &str = "pass:w%20rd \"$1\" ü";

/// What a registry requires of its clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Access {
    /// [`USER`] and [`PASSWORD`], by basic authentication.
    pub password: bool,
    /// TLS with a certificate by an authority that no system trusts.
    pub tls: bool,
}
