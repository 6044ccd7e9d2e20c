//! IP addresses.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use crate::scoring::guardrails::scan::next_byte;

/// Addresses of version 6, by their colons.
pub(super) fn version_6(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(colon) = next_byte(bytes, from, |byte| byte == b':') {
        let begin = colon - bytes[from..colon].iter().rev().take_while(|byte| in_address(**byte)).count();
        let end = colon + bytes[colon..].iter().take_while(|byte| in_address(**byte)).count();
        // A colon or a stop at the end belongs to the sentence.
        let end = if text[..end].ends_with("::") { end } else { end - usize::from(text[..end].ends_with([':', '.'])) };
        let apart = begin == 0 || !(bytes[begin - 1].is_ascii_alphanumeric() || bytes[begin - 1] == b'_');
        let ends = !bytes.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        if apart && ends && is_version_6(&text[begin..end]) {
            found.push(begin..end);
        }
        from = end.max(colon + 1);
    }
    found
}

const fn in_address(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || byte == b':' || byte == b'.'
}

/// At least three groups: `a::b` is a path in a program, and `::1` is this machine.
fn is_version_6(text: &str) -> bool {
    let groups = text.split(':').filter(|group| !group.is_empty()).count();
    groups >= 3 && text.bytes().any(|byte| byte.is_ascii_digit()) && text.parse::<Ipv6Addr>().is_ok()
}

/// Whether four numbers with dots are an address of a machine that is not this one.
pub(super) fn is_version_4(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok_and(|ip| !ip.is_loopback() && !ip.is_unspecified() && !ip.is_broadcast())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_version_6_are_told_from_paths_and_times() {
        let check = |text: &str, expect: &[&str]| {
            let found: Vec<&str> = version_6(text).into_iter().map(|span| &text[span]).collect();
            assert_eq!(found, expect, "{text}");
        };
        check("from 2001:db8:85a3::8a2e:370:7334.", &["2001:db8:85a3::8a2e:370:7334"]);
        check("fe80:0:0:0:1:2:3:4: up", &["fe80:0:0:0:1:2:3:4"]);
        check("std::vec::Vec a::b ::1 12:34:56 aa:bb:cc:dd:ee:ff x:", &[]);
    }
}
