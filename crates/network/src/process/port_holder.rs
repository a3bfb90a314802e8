//! Which command of the host says who has a port.

use container_model::Transport;

/// The command, in the words of a hint.
pub(super) fn holder_hint(port: u16, transport: Transport) -> String {
    let is_udp = transport == Transport::Udp;
    if cfg!(target_os = "macos") {
        let kind = if is_udp { "UDP" } else { "TCP" };
        format!("see who has it: lsof -nP -i{kind}:{port}")
    } else {
        let kind = if is_udp { "u" } else { "t" };
        format!("see who has it: ss -ln{kind}p 'sport = :{port}'")
    }
}
