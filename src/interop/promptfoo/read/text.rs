//! Small things that JavaScript does to text.

/// `String.prototype.trim`.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// White space and line ends, as ECMAScript counts them.
pub(super) fn is_blank(letter: char) -> bool {
    letter == '\u{feff}' || (letter.is_whitespace() && letter != '\u{85}')
}

/// The first `units` UTF-16 units, and no half of a pair.
pub(super) fn head(text: &str, units: usize) -> &str {
    let mut taken = 0;
    for (at, letter) in text.char_indices() {
        taken += letter.len_utf16();
        if taken > units {
            return &text[..at];
        }
    }
    text
}

/// The lines between `\n` or `\r\n`.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line))
}

/// The longest number at the start, as `parseFloat` finds it; finite ones only.
pub(super) fn leading_number(text: &str) -> Option<f64> {
    let text = trim(text);
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits(end);
    end += whole;
    let mut fraction = 0;
    if bytes.get(end) == Some(&b'.') {
        fraction = digits(end + 1);
        if whole + fraction > 0 {
            end += 1 + fraction;
        }
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits((end + 1 + sign).min(bytes.len()));
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    text[..end].parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_from_the_start() {
        let check = |text: &str, expect: Option<f64>| assert_eq!(leading_number(text), expect, "{text}");
        check("0.5", Some(0.5));
        check(" 1e-3x", Some(0.001));
        check("-.5abc", Some(-0.5));
        check("3.", Some(3.0));
        check("2e", Some(2.0));
        check("abc", None);
        check("", None);
        check(".", None);
        check("-", None);
        check("1e999", None);
    }

    #[test]
    fn a_head_is_counted_in_utf_16() {
        assert_eq!(head("a😀b", 2), "a");
        assert_eq!(head("a😀b", 3), "a😀");
        assert_eq!(head("ab", 9), "ab");
    }
}
