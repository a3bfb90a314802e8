//! Text from outside (a guest, a registry, an image, a file name), made fit to be shown.
//!
//! Control characters, which could control the terminal, and characters that change the direction of the text after them, which could
//! show it in another order, are replaced.

/// Shown in place of a replaced character.
const REPLACEMENT: char = '\u{fffd}';

/// Text on one line: line ends, tabs and other such white space become spaces, other control characters replacement characters.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(shown).collect()
}

/// As [`printable`], but line ends are kept.
#[must_use]
pub fn printable_lines(text: &str) -> String {
    text.chars()
        .map(|character| if character == '\n' { '\n' } else { shown(character) })
        .collect()
}

/// As [`printable`], without white space at both ends, and cut to at most `max_characters` with an ellipsis.
#[must_use]
pub fn excerpt(text: &str, max_characters: usize) -> String {
    let text = text.trim();
    let is_whole = text.chars().nth(max_characters).is_none();
    let kept = if is_whole {
        max_characters
    } else {
        max_characters.saturating_sub(1)
    };
    let mut short: String = text.chars().take(kept).map(shown).collect();
    if !is_whole {
        short.push('…');
    }
    short
}

/// Shortens words of more than `max_characters`, such as long paths, to their beginning and their end.
#[must_use]
pub fn shorten_words(text: &str, max_characters: usize) -> String {
    let mut short = String::with_capacity(text.len());
    for piece in text.split_inclusive(char::is_whitespace) {
        let length = piece.chars().count();
        if length <= max_characters {
            short.push_str(piece);
            continue;
        }
        let tail = max_characters / 3;
        let head = max_characters - tail - 1;
        short.extend(piece.chars().take(head));
        short.push('…');
        short.extend(piece.chars().skip(length - tail));
    }
    short
}

fn shown(character: char) -> char {
    match character {
        '\t' | '\n' | '\r' => ' ',
        character if character.is_control() || changes_order(character) => REPLACEMENT,
        character => character,
    }
}

/// Unicode Standard Annex #9, "Directional Formatting Characters", and the separators of lines and paragraphs.
fn changes_order(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_cannot_move_the_cursor_or_change_direction() {
        assert_eq!(printable("a\x1b[2Jb\n\tc\u{9b}1m"), "a\u{fffd}[2Jb  c\u{fffd}1m");
        assert_eq!(printable("evil\u{202e}gpj.exe"), "evil\u{fffd}gpj.exe");
        assert_eq!(printable("שלום ∂ 漢字"), "שלום ∂ 漢字");
        assert_eq!(printable_lines("a\r\nb\x07\n"), "a \nb\u{fffd}\n");
    }

    #[test]
    fn cut_text_ends_with_an_ellipsis() {
        assert_eq!(excerpt(" abc\n", 3), "abc");
        assert_eq!(excerpt("abcd", 3), "ab…");
        assert_eq!(excerpt("", 0), "");
    }

    #[test]
    fn long_words_keep_both_ends() {
        let path = format!("/start{}/end:", "x".repeat(4096));
        let message = shorten_words(&format!("cannot use {path} too long\nnext"), 30);
        assert_eq!(message, "cannot use /startxxxxxxxxxxxxx…xxxx/end: too long\nnext");
        assert_eq!(shorten_words("short words stay\n", 30), "short words stay\n");
    }

    proptest! {
        #[test]
        fn no_control_character_is_left(text in "\\PC*|.*|[\u{200e}-\u{2069}\u{0}-\u{a0}]*", max in 0_usize..50) {
            let harmful = |c: char| c.is_control() || changes_order(c);
            prop_assert!(!printable(&text).chars().any(harmful));
            prop_assert!(!printable_lines(&text).chars().any(|c| c != '\n' && harmful(c)));
            prop_assert!(!excerpt(&text, max).chars().any(harmful));
            prop_assert!(excerpt(&text, max).chars().count() <= max.max(1));
        }
    }
}
