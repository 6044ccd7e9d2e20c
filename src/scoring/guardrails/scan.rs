//! Scanning bytes fast.

/// Bytes that are looked at together.
const STRIDE: usize = 32;

/// The first place from here on whose byte is such a one. Whole strides without one are stepped over, which compilers
/// turn into a few instructions.
pub(super) fn next_byte(bytes: &[u8], from: usize, of: impl Fn(u8) -> bool) -> Option<usize> {
    let mut at = from;
    while let Some(stride) = bytes.get(at..at + STRIDE) {
        if stride.iter().fold(false, |any, byte| any | of(*byte)) {
            break;
        }
        at += STRIDE;
    }
    bytes.get(at..)?.iter().position(|byte| of(*byte)).map(|found| at + found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_byte_is_found_wherever_it_stands() {
        let text = format!("{}1{}2", " ".repeat(70), " ".repeat(31));
        let next = |from| next_byte(text.as_bytes(), from, |byte| byte.is_ascii_digit());
        assert_eq!([next(0), next(70), next(71), next(103), next(999)], [Some(70), Some(70), Some(102), None, None]);
    }
}
