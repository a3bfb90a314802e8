//! http or https.

/// How to talk to a registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scheme {
    /// What the settings say of the registry; else plain http for this machine and for private IPv4 addresses, https for all others.
    #[default]
    Auto,
    /// Plain http.
    Http,
    /// https.
    Https,
}

impl From<Scheme> for container_registry::Scheme {
    fn from(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Auto => Self::Auto,
            Scheme::Http => Self::Http,
            Scheme::Https => Self::Https,
        }
    }
}
