//! Fields with commas between, as a line of a CSV file (RFC 4180): what is in quotes may have commas.

/// Splits at commas that are not in quotes. Two quotes in quotes are one.
pub(crate) fn split(text: &str) -> Result<Vec<String>, String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let is_start = fields.last().is_some_and(String::is_empty);
        match character {
            ',' if !is_quoted => {
                fields.push(String::new());
                continue;
            }
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
            }
            '"' if is_quoted || is_start => {
                is_quoted = !is_quoted;
                continue;
            }
            _ => {}
        }
        if let Some(field) = fields.last_mut() {
            field.push(character);
        }
    }
    match is_quoted {
        true => Err("a quote is not closed".to_owned()),
        false => Ok(fields),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_belong_to_a_value() {
        let expected = |fields: &[&str]| Ok(fields.iter().map(|field| (*field).to_owned()).collect());
        assert_eq!(split("a=b,c=d"), expected(&["a=b", "c=d"]));
        assert_eq!(split("a=b,\"c=d,e\",f=g"), expected(&["a=b", "c=d,e", "f=g"]));
        assert_eq!(split("\"a=\"\"b\"\"\""), expected(&["a=\"b\""]));
        assert_eq!(split("a=\"b"), expected(&["a=\"b"]));
        assert!(split("\"a=b").is_err());
    }
}
