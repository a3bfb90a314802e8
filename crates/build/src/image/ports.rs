//! `EXPOSE`: ranges to single ports.

use std::collections::BTreeSet;

use container_dockerfile::{PortError, PortRange};

/// `port/protocol` for each port that the words name, sorted as texts. There are no more than all ports of all protocols.
pub(crate) fn ports(words: &[String]) -> Result<Vec<String>, PortError> {
    let mut ports = BTreeSet::new();
    for word in words.iter().flat_map(|word| word.split_whitespace()) {
        ports.extend(word.parse::<PortRange>()?.names());
    }
    Ok(ports.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_named_one_by_one_and_once() {
        let of = |text: &str| ports(&text.split(',').map(str::to_owned).collect::<Vec<_>>()).unwrap();
        assert_eq!(of("9000,5000,6000"), ["5000/tcp", "6000/tcp", "9000/tcp"]);
        assert_eq!(of("53/UDP,8000-8001"), ["53/udp", "8000/tcp", "8001/tcp"]);
        assert_eq!(of("80 443,80"), ["443/tcp", "80/tcp"]);
    }
}
