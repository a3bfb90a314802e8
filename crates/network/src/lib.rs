//! Networks of containers: their records, the leases of addresses, and the process that is a network's switch.
//!
//! A network is a record until a container uses it. The launcher of the first one starts the network's process, which is this program
//! once more; the process ends a moment after the last launcher has left. A lease lasts as long as its container, a port as long as the
//! connection of the launcher that asked for it.

pub mod capture;
mod capture_tap;
mod client;
mod dns_stream;
mod domains;
mod host_prefixes;
mod leases;
pub mod names;
mod network_addresses;
mod place;
mod process;
mod protocol;
mod request;
mod socket;
mod store;
mod subnets;

pub use client::{
    AttachError, Attachment, Capture, CaptureEnd, NetworkClient, PROCESS_COMMAND, QueryError, tell_others,
};
pub use domains::{DomainError, DomainStore};
pub use network_addresses::{HOST_ACCESS_NAMES, NetworkAddresses};
pub use process::execute;
pub use protocol::{AttachRequest, Attached, Inspection, LiveFlow, LiveMachine, Refusal, RefusalKind};
pub use request::{NetworkRequest, OptionError};
pub use socket::{FramePair, frame_pair};
pub use store::{
    CreateNetworkError, DamagedNetwork, DeleteNetworkError, EnsureNetworkError, HeldNetworks, ListNetworksError,
    LoadNetworkError, NetworkListing, NetworkStore, PlaceError,
};
pub use subnets::{Occupant, Occupied, SubnetError, addresses};
