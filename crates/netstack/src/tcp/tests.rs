//! Flows between a second stack, which plays the machine, and a world that compares every byte.

mod burst;
mod ending;
mod garbage;
mod load;
mod machine;
mod network;
mod opening;
mod transfer;
mod world;
