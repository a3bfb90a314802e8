//! Ethernet addresses.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Bit of the first byte that marks a group's address (IEEE 802-2014, 8.2.2).
const GROUP_BIT: u8 = 1;

/// The Ethernet address of one interface: six bytes, not a group's and not all zero. Written `02:0a:…`, and read with `-` as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MacAddress([u8; 6]);

/// Text or bytes that are no interface's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MacAddressError {
    /// It is not six pairs of hexadecimal digits.
    #[error("invalid MAC address {0:?}: six pairs of hexadecimal digits are needed, such as 02:00:5e:10:00:01")]
    Text(String),
    /// It is a group's, or nobody's.
    #[error("the MAC address {0} cannot be an interface's: it stands for a group or for none")]
    NoInterface(String),
}

impl MacAddress {
    /// The address of these bytes.
    ///
    /// # Errors
    /// [`MacAddressError::NoInterface`].
    pub fn new(bytes: [u8; 6]) -> Result<Self, MacAddressError> {
        if bytes == [0; 6] || bytes[0] & GROUP_BIT != 0 {
            return Err(MacAddressError::NoInterface(text(bytes)));
        }
        Ok(Self(bytes))
    }

    /// Its bytes, in the order in which they are sent.
    #[must_use]
    pub fn bytes(self) -> [u8; 6] {
        self.0
    }
}

fn text(bytes: [u8; 6]) -> String {
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}

impl FromStr for MacAddress {
    type Err = MacAddressError;

    fn from_str(written: &str) -> Result<Self, MacAddressError> {
        let failed = || MacAddressError::Text(written.to_owned());
        let mut bytes = [0; 6];
        let mut pairs = written.split([':', '-']);
        for byte in &mut bytes {
            let pair = pairs.next().filter(|pair| pair.len() == 2).ok_or_else(failed)?;
            if !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(failed());
            }
            *byte = u8::from_str_radix(pair, 16).map_err(|_| failed())?;
        }
        match pairs.next() {
            None => Self::new(bytes),
            Some(_) => Err(failed()),
        }
    }
}

impl TryFrom<String> for MacAddress {
    type Error = MacAddressError;

    fn try_from(text: String) -> Result<Self, MacAddressError> {
        text.parse()
    }
}

impl From<MacAddress> for String {
    fn from(address: MacAddress) -> Self {
        address.to_string()
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        let address: MacAddress = "02-0A-5e-10-00-01".parse().unwrap();
        assert_eq!(address.to_string(), "02:0a:5e:10:00:01");
        assert_eq!(address.to_string().parse(), Ok(address));
        for bad in [
            "",
            "02:00:00:00:00",
            "02:00:00:00:00:01:02",
            "2:0:0:0:0:1",
            "+2:00:00:00:00:01",
            "0g:00:00:00:00:01",
        ] {
            assert!(
                matches!(bad.parse::<MacAddress>(), Err(MacAddressError::Text(_))),
                "{bad}"
            );
        }
        for group in ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "00:00:00:00:00:00"] {
            assert!(
                matches!(group.parse::<MacAddress>(), Err(MacAddressError::NoInterface(_))),
                "{group}"
            );
        }
    }
}
