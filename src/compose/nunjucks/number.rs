//! Numbers as JavaScript writes and reads them.
//!
//! Source: ECMA-262, `Number::toString`, `StringToNumber`, `parseInt`, `parseFloat`, `Number.prototype.toFixed`.

use serde_json::Number;

use super::text::is_space;

/// A number as text: `7`, `0.1`, `1e+21`, `1e-7`, `NaN`, `-Infinity`; minus zero is `0`.
pub fn number_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number < 0.0 { "-Infinity" } else { "Infinity" }.to_owned();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let (digits, point) = shortest(number.abs());
    format!("{sign}{}", laid_out(&digits, point))
}

/// The shortest digits that read back as the number, and where the decimal point stands in them. Of two shortest
/// spellings that are equally near the even one, which is JSON's here and not that of Rust's own formatter.
fn shortest(number: f64) -> (String, i32) {
    let spelling = Number::from_f64(number).map(|number| number.to_string()).unwrap_or_default();
    let (mantissa, exponent) = spelling.split_once('e').unwrap_or((&spelling, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    let length = |text: &str| i32::try_from(text.len()).unwrap_or(i32::MAX);
    let point = exponent.parse::<i32>().unwrap_or(0) + length(whole) - (length(&digits) - length(significant));
    (significant.trim_end_matches('0').to_owned(), point)
}

fn laid_out(digits: &str, point: i32) -> String {
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    if length <= point && point <= 21 {
        return format!("{digits}{}", zeros(point - length));
    }
    if 0 < point && point <= 21 {
        let (whole, rest) = digits.split_at(usize::try_from(point).unwrap_or(0));
        return format!("{whole}.{rest}");
    }
    if -6 < point && point <= 0 {
        return format!("0.{}{digits}", zeros(-point));
    }
    let exponent = point - 1;
    let sign = if exponent < 0 { '-' } else { '+' };
    let (first, rest) = digits.split_at(1);
    let gap = if rest.is_empty() { "" } else { "." };
    format!("{first}{gap}{rest}e{sign}{}", exponent.abs())
}

/// What `Number(text)` reads: the whole text, white space around it, NaN where it is no number.
pub fn number_of(text: &str) -> f64 {
    let text = trimmed(text);
    if text.is_empty() {
        return 0.0;
    }
    for (mark, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)] {
        if let Some(digits) = text.strip_prefix(mark) {
            let all = digits.chars().all(|digit| digit.is_digit(radix));
            return if digits.is_empty() || !all { f64::NAN } else { in_radix(digits, radix) };
        }
    }
    if decimal_length(text) == text.len() { parsed(text) } else { f64::NAN }
}

/// What `parseFloat(text)` reads: the longest number at the beginning.
pub fn leading_float(text: &str) -> f64 {
    let text = trimmed(text);
    let length = decimal_length(text);
    if length == 0 { f64::NAN } else { parsed(&text[..length]) }
}

/// What `parseInt(text, radix)` reads; radix 0 is 10, or 16 after `0x`.
pub fn leading_integer(text: &str, radix: f64) -> f64 {
    let text = trimmed(text);
    let (negative, mut text) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let mut radix = to_int32(radix);
    if radix == 0 || radix == 16 {
        let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        radix = if radix == 16 || hex.is_some() { 16 } else { 10 };
        text = hex.unwrap_or(text);
    }
    let Some(radix) = u32::try_from(radix).ok().filter(|radix| (2..=36).contains(radix)) else {
        return f64::NAN;
    };
    let end = text.find(|digit: char| !digit.is_digit(radix)).unwrap_or(text.len());
    if end == 0 {
        return f64::NAN;
    }
    let number = in_radix(&text[..end], radix);
    if negative { -number } else { number }
}

/// Cuts a number to 32 bits as JavaScript does before it uses it as a radix or a shift.
#[expect(clippy::cast_possible_truncation, reason = "wraps to 32 bits after the remainder has made it fit")]
fn to_int32(number: f64) -> i32 {
    if number.is_finite() { (number.trunc() % 4_294_967_296.0) as i64 as i32 } else { 0 }
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|letter| u16::try_from(u32::from(letter)).is_ok_and(is_space))
}

fn in_radix(digits: &str, radix: u32) -> f64 {
    if radix == 10 {
        return parsed(digits);
    }
    digits
        .chars()
        .filter_map(|digit| digit.to_digit(radix))
        .fold(0.0, |sum, digit| sum * f64::from(radix) + f64::from(digit))
}

fn parsed(text: &str) -> f64 {
    match text.trim_start_matches(['+', '-']) {
        "Infinity" if text.starts_with('-') => f64::NEG_INFINITY,
        "Infinity" => f64::INFINITY,
        _ => text.parse().unwrap_or(f64::NAN),
    }
}

/// How many bytes at the beginning are a decimal number: `-1.5e3`, `.5`, `5.`, `Infinity`.
fn decimal_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits_from = |at: usize| bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let start = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    if text[start..].starts_with("Infinity") {
        return start + "Infinity".len();
    }
    let whole = digits_from(start);
    let mut end = start + whole;
    if bytes.get(end) == Some(&b'.') {
        let rest = digits_from(end + 1);
        if whole + rest == 0 {
            return 0;
        }
        end += 1 + rest;
    } else if whole == 0 {
        return 0;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = if end + 1 + sign <= bytes.len() { digits_from(end + 1 + sign) } else { 0 };
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    end
}

/// `Math.round`: halves go up.
pub fn round_half_up(number: f64) -> f64 {
    let floor = number.floor();
    if number - floor >= 0.5 { floor + 1.0 } else { floor }
}

/// `toFixed`: so many digits after the point, at most 100, from the exact value of the double.
pub(super) fn fixed(number: f64, digits: usize) -> String {
    if !number.is_finite() || number.abs() >= 1e21 {
        return number_text(number);
    }
    let text = rounded_half_up(number.abs(), digits);
    if number < 0.0 { format!("-{text}") } else { text }
}

/// Exact decimal digits, cut with a tie going up (Rust's own formatting sends ties to even).
fn rounded_half_up(number: f64, digits: usize) -> String {
    let exact = format!("{number:.1100}");
    let (whole, rest) = exact.split_once('.').unwrap_or((&exact, ""));
    let mut kept: Vec<u8> = whole.bytes().chain(rest.bytes().take(digits)).collect();
    if rest.as_bytes().get(digits).is_some_and(|next| *next >= b'5') {
        carried(&mut kept);
    }
    let point = kept.len() - digits;
    let mut text: String = kept.into_iter().map(char::from).collect();
    if digits > 0 {
        text.insert(point, '.');
    }
    text
}

fn carried(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
}

/// `toPrecision`: so many digits in all, from 1 to 100.
pub(super) fn precise(number: f64, digits: usize) -> String {
    if !number.is_finite() {
        return number_text(number);
    }
    let text = format!("{:.*e}", digits.saturating_sub(1), number);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let most = i32::try_from(digits).unwrap_or(i32::MAX);
    if exponent < -6 || exponent >= most {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{}", exponent.abs());
    }
    fixed(number, usize::try_from(most - 1 - exponent).unwrap_or(0))
}

/// A number in another radix, from 2 to 36; what stands after the point is cut after 52 digits.
pub(super) fn in_base(number: f64, radix: u32) -> String {
    if radix == 10 || !number.is_finite() {
        return number_text(number);
    }
    let letter = |digit: f64| char::from_digit(whole_u32(digit), radix).unwrap_or('0');
    let base = f64::from(radix);
    let (mut whole, mut rest) = (number.abs().trunc(), number.abs().fract());
    let mut digits = Vec::new();
    while whole >= 1.0 && digits.len() < 1100 {
        digits.push(letter(whole % base));
        whole = (whole / base).trunc();
    }
    if digits.is_empty() {
        digits.push('0');
    }
    let mut text: String = digits.into_iter().rev().collect();
    if rest > 0.0 {
        text.push('.');
        for _ in 0..52 {
            rest *= base;
            text.push(letter(rest.trunc()));
            rest = rest.fract();
            if rest == 0.0 {
                break;
            }
        }
    }
    if number < 0.0 { format!("-{text}") } else { text }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a digit, from 0 to 35")]
fn whole_u32(digit: f64) -> u32 {
    digit as u32
}

/// `toLocaleString()` as English writes it: groups of three, at most three digits after the point.
pub(super) fn grouped(number: f64) -> String {
    if !number.is_finite() {
        return if number.is_nan() { "NaN".to_owned() } else { number_text(number).replace("Infinity", "∞") };
    }
    let text = format!("{:.3}", number.abs());
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    let rest = rest.trim_end_matches('0');
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
    if number < 0.0 { format!("-{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_written_as_javascript_writes_them() {
        let check = |number: f64, expect: &str| assert_eq!(number_text(number), expect);
        check(7.0, "7");
        check(-0.0, "0");
        check(0.1 + 0.2, "0.30000000000000004");
        check(100.0 / 3.0, "33.333333333333336");
        check(1e21, "1e+21");
        check(123_456_789_012_345_680_000.0, "123456789012345680000");
        check(1000.0, "1000");
        check(-1_195_030_244_605_537.0 / 8.0, "-149378780575692.12");
        check(f64::MAX, "1.7976931348623157e+308");
        check(1.25e-6, "0.00000125");
        check(1e22, "1e+22");
        check(1.5e300, "1.5e+300");
        check(1e-6, "0.000001");
        check(1e-7, "1e-7");
        check(1.25e-9, "1.25e-9");
        check(5e-324, "5e-324");
        check(f64::NAN, "NaN");
        check(f64::NEG_INFINITY, "-Infinity");
        check(-2.5, "-2.5");
        check(9_007_199_254_740_993.0, "9007199254740992");
    }

    #[test]
    fn numbers_are_read_whole_or_from_the_beginning() {
        let check = |text: &str, whole: f64, float: f64, integer: f64| {
            let same = |a: f64, b: f64| a.total_cmp(&b).is_eq() || (a.is_nan() && b.is_nan());
            assert!(same(number_of(text), whole), "Number({text:?})");
            assert!(same(leading_float(text), float), "parseFloat({text:?})");
            assert!(same(leading_integer(text, 10.0), integer), "parseInt({text:?})");
        };
        let nan = f64::NAN;
        check("", 0.0, nan, nan);
        check(" 12 ", 12.0, 12.0, 12.0);
        check("10abc", nan, 10.0, 10.0);
        check("3.9", 3.9, 3.9, 3.0);
        check("-.5e1x", nan, -5.0, nan);
        check("5.", 5.0, 5.0, 5.0);
        check("1e3", 1000.0, 1000.0, 1.0);
        check("1e", nan, 1.0, 1.0);
        check("0x1F", 31.0, 0.0, 0.0);
        check("Infinity", f64::INFINITY, f64::INFINITY, nan);
        check("-Infinityx", nan, f64::NEG_INFINITY, nan);
        check("inf", nan, nan, nan);
        check("1_000", nan, 1.0, 1.0);
        check("ä", nan, nan, nan);
        assert!((leading_integer("ff", 16.0) - 255.0).abs() < 1e-9);
        assert!((leading_integer("0xff", 16.0) - 255.0).abs() < 1e-9);
        assert!(leading_integer("12", 1.0).is_nan());
    }

    #[test]
    fn halves_round_up() {
        let check = |number: f64, expect: f64| assert!((round_half_up(number) - expect).abs() < 1e-12, "{number}");
        check(-2.5, -2.0);
        check(2.5, 3.0);
        check(0.499_999_999_999_999_94, 0.0);
        check(-0.2, 0.0);
    }

    #[test]
    fn digits_can_be_fixed_grouped_or_in_another_base() {
        let check = |got: String, expect: &str| assert_eq!(got, expect);
        check(fixed(2.0, 2), "2.00");
        check(fixed(1.005, 2), "1.00");
        check(fixed(2.5, 0), "3");
        check(fixed(-1.5, 0), "-2");
        check(fixed(0.0, 1), "0.0");
        check(fixed(999.95, 1), "1000.0");
        check(fixed(1e21, 2), "1e+21");
        check(precise(123.456, 4), "123.5");
        check(precise(0.000_001_2, 2), "0.0000012");
        check(precise(123_456.0, 2), "1.2e+5");
        check(in_base(255.0, 16), "ff");
        check(in_base(-5.5, 2), "-101.1");
        check(grouped(1_234_567.891_2), "1,234,567.891");
        check(grouped(-1000.0), "-1,000");
        check(grouped(12.0), "12");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            let back = number_of(&number_text(number));
            prop_assert!((back.is_nan() && number.is_nan()) || (back - number == 0.0) || back.total_cmp(&number).is_eq());
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in ".{0,12}") {
            let _ = (number_of(&text), leading_float(&text), leading_integer(&text, 10.0));
        }
    }
}
