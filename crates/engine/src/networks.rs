//! Networks. Each verb is a file in `networks/`.

mod activity;
mod capture;
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

pub use activity::{ActiveFlow, ActiveMachine, NetworkActivity};
pub use capture::{NetworkCapture, NetworkCaptureEnd};
pub use create::CreateNetworkRequest;
pub use prune::PrunedNetworks;
pub use view::{NetworkMember, NetworkView};
