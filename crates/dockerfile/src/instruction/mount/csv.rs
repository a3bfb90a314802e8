//! A line of CSV (RFC 4180), as Go's encoding/csv reads it.

use crate::error::MountProblem;

/// The fields of a line.
pub(super) fn split(line: &str) -> Result<Vec<String>, MountProblem> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let (field, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
                if field.contains('"') {
                    return Err(MountProblem::Quotes);
                }
                (field.to_owned(), after)
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Ok(fields),
        }
    }
}

/// What is before the closing quote, and the rest from the comma on.
fn unquote(text: &str) -> Result<(String, &str), MountProblem> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"').ok_or(MountProblem::Quotes)?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None if after.is_empty() || after.starts_with(',') => return Ok((field, after)),
            None => return Err(MountProblem::Quotes),
        }
    }
}

/// Writes a field.
pub(super) fn quote(field: &str) -> String {
    if field.contains(['"', ',']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_split_at_commas_outside_quotes() {
        for (line, expected) in [
            ("a,b", Some(vec!["a", "b"])),
            ("", Some(vec![""])),
            ("a,", Some(vec!["a", ""])),
            ("\"a,b\",c", Some(vec!["a,b", "c"])),
            ("\"a\"\"b\"", Some(vec!["a\"b"])),
            ("a\"b", None),
            ("\"a", None),
            ("\"a\"b", None),
        ] {
            let fields = split(line).ok();
            assert_eq!(
                fields,
                expected.map(|fields| fields.into_iter().map(str::to_owned).collect::<Vec<_>>())
            );
        }
    }

    #[test]
    fn fields_are_quoted_where_they_have_to_be() {
        for field in ["a", "a,b", "\"", "a b", "", ",\",\""] {
            assert_eq!(split(&quote(field)), Ok(vec![field.to_owned()]));
        }
    }
}
