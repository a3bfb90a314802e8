//! "Did you mean …?"

/// How many names are looked at.
const CANDIDATES: usize = 1000;

/// The one of `names` that is meant by `name`, if one is near enough. Upper and lower case make no difference.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let length = name.chars().count();
    // Nothing that is so long is a slip of the pen, and the comparison takes the product of both lengths.
    if length > 64 {
        return None;
    }
    let distance = |other: &str| strsim::damerau_levenshtein(&name, &other.to_lowercase());
    let distances = names.into_iter().take(CANDIDATES).map(|other| (distance(other), other));
    let (distance, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= (length / 3).max(1)).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_seen_and_other_words_are_not() {
        let names = ["FROM", "RUN", "COPY", "ENTRYPOINT"];
        for (name, expected) in [
            ("FORM", Some("FROM")),
            ("from", Some("FROM")),
            ("rn", Some("RUN")),
            ("ENTRIPONT", Some("ENTRYPOINT")),
            ("echo", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
        assert_eq!(nearest(&"x".repeat(1 << 20), names), None);
    }
}
