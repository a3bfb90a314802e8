//! Networks. Each verb is a file in `networks/`.

mod connect;
mod create;
mod default;
mod delete;
mod domains;
mod inspect;
mod list;
mod prune;
mod users;
mod view;

pub use create::CreateNetworkRequest;
pub use prune::PrunedNetworks;
pub use view::{NetworkMember, NetworkView};
