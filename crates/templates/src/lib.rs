//! Templates: machines that were saved before any container ran in them, for containers to continue from instead of booting.
//!
//! A template is a directory below `templates/` of the app root, named by its [`TemplateKey`], with the memory, the state of the devices, the
//! writable disk as it was at that moment if containers are to have copies of it, and a manifest. [`TemplateStore`] makes them visible whole, verifies them before each use, keeps those in
//! use, and forgets the ones that were used longest ago. A template is a shortcut and nothing else: whatever is wrong with one, it is removed, and
//! the container boots. Everything here is synchronous; async callers run it on a blocking thread.

mod allocated;
mod content;
mod error;
mod key;
mod layout;
mod manifest;
mod parts;
mod store;
mod template;
mod verified;

pub use error::{PublishError, TemplateError};
pub use key::{TemplateKey, TemplateKeyError};
pub use store::{NewTemplate, Opened, Pruned, TemplateInfo, TemplateStore};
pub use template::Template;
