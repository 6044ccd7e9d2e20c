//! Bank accounts (ISO 13616): the country's length and the check digits (ISO 7064, modulo 97).

use std::ops::Range;

use crate::scoring::guardrails::scan::next_byte;

/// Letters and digits of an account by country, as the registry has them.
const LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 \
                       EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 \
                       KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 \
                       PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SD18 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 \
                       VA22 VG24 XK20";

/// All accounts in the text, with single spaces or hyphens in them or none.
pub(super) fn ibans(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(capital) = next_byte(bytes, at, |byte| byte.is_ascii_uppercase()) {
        at = capital;
        let Some(head) = bytes.get(at..at + 4) else { break };
        let starts = head[1].is_ascii_uppercase()
            && head[2].is_ascii_digit()
            && head[3].is_ascii_digit()
            && (at == 0 || !bytes[at - 1].is_ascii_alphanumeric());
        match starts.then(|| account(bytes, at)).flatten() {
            Some(end) => {
                found.push(at..end);
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

/// The end of the account that begins here.
fn account(bytes: &[u8], begin: usize) -> Option<usize> {
    let country = std::str::from_utf8(&bytes[begin..begin + 2]).ok()?;
    let length: usize = LENGTHS.split(' ').find_map(|entry| entry.strip_prefix(country))?.parse().ok()?;
    let mut signs = Vec::with_capacity(length);
    let mut at = begin;
    while signs.len() < length {
        let byte = *bytes.get(at)?;
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' => signs.push(byte),
            b' ' | b'-' if bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric) => {}
            _ => return None,
        }
        at += 1;
    }
    let ends = !bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    (ends && checks(&signs)).then_some(at)
}

fn checks(signs: &[u8]) -> bool {
    let rest = signs[4..].iter().chain(&signs[..4]).fold(0_u32, |rest, sign| match sign {
        b'0'..=b'9' => (rest * 10 + u32::from(sign - b'0')) % 97,
        _ => (rest * 100 + u32::from(sign - b'A') + 10) % 97,
    });
    rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_by_length_and_check_digits() {
        let check = |text: &str, expect: &[&str]| {
            let found: Vec<&str> = ibans(text).into_iter().map(|span| &text[span]).collect();
            assert_eq!(found, expect, "{text}");
        };
        check("DE89 3704 0044 0532 0130 00, thanks", &["DE89 3704 0044 0532 0130 00"]);
        check("GB82WEST12345698765432 and NO93 8601 1117 947 BIC", &["GB82WEST12345698765432", "NO93 8601 1117 947"]);
        check("DE88 3704 0044 0532 0130 00", &[]);
        check("DE89 3704 0044 0532 0130 001", &[]);
        check("ZZ12 3456 7890", &[]);
        check("AB12", &[]);
    }
}
