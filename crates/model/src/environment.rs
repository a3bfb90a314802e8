//! Variables of a process that come from several sources.

/// Joins entries of the form `NAME=value`: of several with one name the last one counts, in the place of the first. A bare name takes the
/// variable away.
pub fn merge_environment<'a>(entries: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut merged: Vec<(&str, &str)> = Vec::new();
    for entry in entries {
        let Some((name, _)) = entry.split_once('=') else {
            merged.retain(|(known, _)| *known != entry);
            continue;
        };
        match merged.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = entry,
            None => merged.push((name, entry)),
        }
    }
    merged.into_iter().map(|(_, entry)| entry.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_variables_win_in_place() {
        let merged = merge_environment(["PATH=/bin", "A=1", "A=2", "B=", "PATH=/usr/bin"]);
        assert_eq!(merged, ["PATH=/usr/bin", "A=2", "B="]);
    }

    #[test]
    fn a_bare_name_takes_away_and_a_later_entry_brings_back() {
        assert_eq!(
            merge_environment(["PATH=/bin", "A=1", "A", "AB", "C=a=b"]),
            ["PATH=/bin", "C=a=b"]
        );
        assert_eq!(merge_environment(["A=1", "B=1", "A", "A=2"]), ["B=1", "A=2"]);
    }
}
