//! From the code in a config to the body of a function: a line is an expression, several lines are a body.

/// The body of a `javascript` assertion. White space at the end does not count as a second line.
#[must_use]
pub(super) fn of_assertion(code: &str) -> String {
    let code = code.trim_end_matches(is_space);
    if code.contains('\n') { code.to_owned() } else { of_line(code.trim_matches(is_space).trim_end_matches(';')) }
}

/// The body of a transform, in which also a line end at the very end makes several lines.
#[must_use]
pub(super) fn of_transform(code: &str) -> String {
    if code.contains('\n') { code.to_owned() } else { format!("return {code}") }
}

/// A line that begins with a declaration gives back what stands after its last semicolon.
fn of_line(line: &str) -> String {
    if !declares(line) {
        return format!("return {line}");
    }
    match last_semicolon(line).map(|place| line.split_at(place + 1)) {
        Some((statements, last)) if !last.trim_matches(is_space).is_empty() => {
            format!("{statements} return {}", last.trim_matches(is_space))
        }
        _ => line.to_owned(),
    }
}

fn declares(line: &str) -> bool {
    ["const", "let", "var"].iter().any(|word| line.strip_prefix(word).is_some_and(|rest| rest.starts_with(is_space)))
}

/// The last `;` that is not between quotes. Regular expressions are not looked for: a quote in one counts.
fn last_semicolon(line: &str) -> Option<usize> {
    let (mut quote, mut escaped, mut last) = (None, false, None);
    for (place, letter) in line.char_indices() {
        match letter {
            '\'' | '"' | '`' if !escaped => match quote {
                None => quote = Some(letter),
                Some(open) if open == letter => quote = None,
                Some(_) => {}
            },
            ';' if quote.is_none() => last = Some(place),
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
    }
    last
}

/// White space as ECMAScript has it, line ends included.
fn is_space(letter: char) -> bool {
    letter == '\u{feff}' || (letter.is_whitespace() && letter != '\u{85}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_an_assertion_is_an_expression() {
        let cases = [
            ("output > 1", "return output > 1"),
            ("  output > 1 ;; ", "return output > 1 "),
            ("\u{feff}output\u{3000}", "return output"),
            ("return output", "return return output"),
            ("output > 1\n", "return output > 1"),
            ("const a = 1; a", "const a = 1; return a"),
            ("let a = ';'; a === \";\"", "let a = ';'; return a === \";\""),
            (r"var a = 'it\'s;'; a", r"var a = 'it\'s;'; return a"),
            (r"var a = '\\'; a", r"var a = '\\'; return a"),
            ("const a = `;`; let b = 2; a + b;", "const a = `;`; let b = 2; return a + b"),
            ("const a = 1", "const a = 1"),
            ("const a = 1;", "const a = 1"),
            ("const\ta = 1;a", "const\ta = 1; return a"),
            ("constant; a", "return constant; a"),
            ("const a = /'/; a", "const a = /'/; a"),
            ("let f = x => { return x; }; f(output)", "let f = x => { return x; }; return f(output)"),
            ("", "return "),
        ];
        for (code, body) in cases {
            assert_eq!(of_assertion(code), body, "{code:?}");
        }
    }

    #[test]
    fn several_lines_are_a_body() {
        let cases = [
            ("const a = 1;\nreturn a", "const a = 1;\nreturn a"),
            ("\noutput", "\noutput"),
            ("a\r\nb;\n \n", "a\r\nb;"),
            ("a\rb", "return a\rb"),
        ];
        for (code, body) in cases {
            assert_eq!(of_assertion(code), body, "{code:?}");
        }
    }

    #[test]
    fn a_transform_is_taken_as_it_stands() {
        let cases = [
            ("output.trim();", "return output.trim();"),
            ("const a = 1; a", "return const a = 1; a"),
            ("output\n", "output\n"),
            ("return output\n", "return output\n"),
        ];
        for (code, body) in cases {
            assert_eq!(of_transform(code), body, "{code:?}");
        }
    }
}
