//! How much a machine may take of the memory of its network.

/// Limits of each port. All of them hold for one port; ports do not share them, so that no machine is slowed by another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// TCP connections.
    pub tcp_flows_per_port: usize,
    /// Buffers of all TCP connections together, in bytes.
    pub tcp_buffer_bytes_per_port: usize,
    /// Flows of UDP datagrams. The one that was not used for the longest time makes room for a new one.
    pub udp_flows_per_port: usize,
    /// Flows of ICMP echoes. The one that was not used for the longest time makes room for a new one.
    pub echo_flows_per_port: usize,
    /// Frames held back because the machine's socket is full, in bytes. Later ones are dropped.
    pub queued_bytes_per_port: usize,
    /// Datagrams of which some fragments are there. The oldest makes room for a new one.
    pub reassembled_datagrams_per_port: usize,
    /// Fragments held for reassembly, in bytes, with what it costs to hold each.
    pub reassembly_bytes_per_port: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tcp_flows_per_port: 4096,
            tcp_buffer_bytes_per_port: 64 << 20,
            udp_flows_per_port: 1024,
            echo_flows_per_port: 64,
            queued_bytes_per_port: 1 << 20,
            reassembled_datagrams_per_port: 16,
            reassembly_bytes_per_port: 512 << 10,
        }
    }
}
