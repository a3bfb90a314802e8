//! `--label KEY=VALUE`.

use std::collections::BTreeMap;
use std::str::FromStr;

/// One label. The value may be empty, and so may be the `=`; the key may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    key: String,
    value: String,
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        if key.is_empty() {
            return Err("a label needs a key: KEY=VALUE".to_owned());
        }
        Ok(Self {
            key: key.to_owned(),
            value: value.to_owned(),
        })
    }
}

/// Labels by key; later ones win.
pub(crate) fn collect(labels: Vec<Label>) -> BTreeMap<String, String> {
    labels.into_iter().map(|label| (label.key, label.value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_be_empty_but_keys_may_not() {
        let labels = ["a=1", "b=", "c", "d=x=y", "a=2"].map(|text| text.parse().unwrap());
        let expected = [("a", "2"), ("b", ""), ("c", ""), ("d", "x=y")];
        let collected = collect(labels.to_vec());
        assert!(collected.iter().map(|(k, v)| (k.as_str(), v.as_str())).eq(expected));
        assert!("".parse::<Label>().is_err() && "=x".parse::<Label>().is_err());
    }
}
