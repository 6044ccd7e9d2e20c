//! White space as JavaScript has it: what `trim` takes away and `\s` matches.

/// The characters of `\s` as a class for a regular expression.
pub(super) const CLASS: &str =
    r"[\t\n\x0B\x0C\r\x20\u{A0}\u{1680}\u{2000}-\u{200A}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}\u{FEFF}]";

pub(super) fn is_space(character: char) -> bool {
    character == '\u{FEFF}' || character != '\u{85}' && character.is_whitespace()
}

pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_space_and_a_next_line_is_not() {
        assert_eq!(trim("\u{FEFF}\u{A0} x\u{85} \n\u{2028}"), "x\u{85}");
    }

    #[test]
    fn the_class_and_the_function_agree() {
        let class = regex::Regex::new(&format!("^{CLASS}$")).unwrap();
        for character in '\0'..=char::MAX {
            assert_eq!(class.is_match(character.encode_utf8(&mut [0; 4])), is_space(character), "{character:?}");
        }
    }
}
