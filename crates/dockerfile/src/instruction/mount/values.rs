//! The values of a mount's keys.

use super::MountFlag;
use super::key::MountKey;
use crate::error::MountProblem;
use crate::word::Variables;

/// Keys with their values; `None` for a key that stands alone.
pub(super) struct Values {
    fields: Vec<(MountKey, Option<String>)>,
}

impl Values {
    pub(super) fn expand(flag: &MountFlag, variables: &dyn Variables) -> Result<Self, MountProblem> {
        let fields = flag.fields.iter().map(|field| {
            let value = field.value.as_ref().map(|value| value.expand(variables));
            Ok((field.key, value.transpose().map_err(MountProblem::Expand)?))
        });
        let fields = fields.collect::<Result<_, _>>()?;
        Ok(Self { fields })
    }

    pub(super) fn has(&self, key: MountKey) -> bool {
        self.last(key).is_some()
    }

    /// The value of a key, if there is one.
    pub(super) fn text(&self, key: MountKey) -> Option<&str> {
        self.last(key)?.filter(|value| !value.is_empty())
    }

    pub(super) fn owned(&self, key: MountKey) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    pub(super) fn number(
        &self,
        key: MountKey,
        radix: u32,
        expected: &'static str,
    ) -> Result<Option<u32>, MountProblem> {
        let Some(value) = self.last(key).flatten() else {
            return Ok(None);
        };
        let number = u32::from_str_radix(value, radix)
            .ok()
            .filter(|_| !value.starts_with('+'));
        number.map(Some).ok_or_else(|| refused(key, value, expected))
    }

    /// Whether a key says yes or no.
    pub(super) fn switch(&self, key: MountKey) -> Result<Option<bool>, MountProblem> {
        self.last(key).map(|value| says_yes(key, value)).transpose()
    }

    /// What the last of the two keys about it says.
    pub(super) fn readonly(&self) -> Result<Option<bool>, MountProblem> {
        let mut readonly = None;
        for (key, value) in &self.fields {
            match key {
                MountKey::Readonly => readonly = Some(says_yes(*key, value.as_deref())?),
                MountKey::Readwrite => readonly = Some(!says_yes(*key, value.as_deref())?),
                _ => {}
            }
        }
        Ok(readonly)
    }

    /// The size in bytes: a number with `k`, `m`, `g`, `t` or `p`, each 1024 times the one before.
    pub(super) fn size(&self) -> Result<Option<u64>, MountProblem> {
        let key = MountKey::Size;
        let Some(value) = self.last(key).flatten() else {
            return Ok(None);
        };
        let bytes = bytes(value);
        bytes
            .map(Some)
            .ok_or_else(|| refused(key, value, "a number of bytes, such as 64m or 1.5g"))
    }

    fn last(&self, key: MountKey) -> Option<Option<&str>> {
        let mut fields = self.fields.iter().filter(|(other, _)| *other == key);
        fields.next_back().map(|(_, value)| value.as_deref())
    }
}

fn refused(key: MountKey, value: &str, expected: &'static str) -> MountProblem {
    MountProblem::Value {
        key: key.name(),
        value: value.to_owned(),
        expected,
        suggestion: None,
    }
}

/// Go's strconv.ParseBool; a key that stands alone says yes.
fn says_yes(key: MountKey, value: Option<&str>) -> Result<bool, MountProblem> {
    match value {
        None | Some("1" | "t" | "T" | "TRUE" | "true" | "True") => Ok(true),
        Some("0" | "f" | "F" | "FALSE" | "false" | "False") => Ok(false),
        Some(value) => Err(refused(key, value, "true or false")),
    }
}

fn bytes(text: &str) -> Option<u64> {
    let end = text
        .find(|char: char| !char.is_ascii_digit() && char != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.strip_prefix(' ').unwrap_or(unit).to_ascii_lowercase();
    let factor: u64 = match unit.as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        "p" | "pb" | "pib" => 1 << 50,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.parse().ok()?;
    let (mut tenths, mut scale) = (0_u128, 1_u128);
    for digit in fraction.chars().take(18) {
        tenths = tenths * 10 + u128::from(digit.to_digit(10)?);
        scale *= 10;
    }
    let part = u64::try_from(tenths * u128::from(factor) / scale).ok()?;
    let bytes = whole.checked_mul(factor)?.checked_add(part)?;
    (i64::try_from(bytes).is_ok()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, expected) in [
            ("100", Some(100)),
            ("1k", Some(1024)),
            ("64m", Some(64 << 20)),
            ("1.5g", Some(3 << 29)),
            ("2 GiB", Some(2 << 30)),
            ("5B", Some(5)),
            ("", None),
            ("m", None),
            ("-1", None),
            ("1.2.3", None),
            ("1x", None),
            ("99999999p", None),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }
}
