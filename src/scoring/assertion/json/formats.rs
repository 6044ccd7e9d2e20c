//! The formats of strings and numbers that a strict reader knows, as its common companion defines them: an e-mail
//! address needs a dot in its domain, a time needs a zone.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use jsonschema::ValidationOptions;
use regex::Regex;
use serde_json::{Value, json};

use super::super::space;
use super::dates;

pub(super) const KNOWN: &[&str] = &[
    "date",
    "time",
    "date-time",
    "iso-time",
    "iso-date-time",
    "duration",
    "uri",
    "uri-reference",
    "uri-template",
    "url",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "regex",
    "uuid",
    "json-pointer",
    "json-pointer-uri-fragment",
    "relative-json-pointer",
    "byte",
    "int32",
    "int64",
    "float",
    "double",
    "password",
    "binary",
];

pub(super) fn is_numeric(format: &str) -> bool {
    matches!(format, "int32" | "int64" | "float" | "double")
}

/// What a format of numbers asks, as a schema.
pub(super) fn range(format: &str) -> Value {
    match format {
        "int32" => json!({
            "if": { "type": "number" },
            "then": { "type": "integer", "minimum": i32::MIN, "maximum": i32::MAX },
        }),
        "int64" => json!({ "if": { "type": "number" }, "then": { "type": "integer" } }),
        _ => json!(true),
    }
}

/// Everything that the validator does not define itself, or defines more leniently.
pub(super) fn define(options: ValidationOptions<'_>) -> ValidationOptions<'_> {
    options
        .should_validate_formats(true)
        .with_format("date", dates::is_date)
        .with_format("time", |text: &str| dates::is_time(text, true))
        .with_format("iso-time", |text: &str| dates::is_time(text, false))
        .with_format("date-time", |text: &str| dates::is_moment(text, true))
        .with_format("iso-date-time", |text: &str| dates::is_moment(text, false))
        .with_format("duration", |text: &str| dates::is_duration(text))
        .with_format("url", |text: &str| is_url(text))
        .with_format("email", |text: &str| EMAIL.is_match(text))
        .with_format("hostname", |text: &str| is_hostname(text))
        .with_format("ipv4", |text: &str| text.parse::<Ipv4Addr>().is_ok())
        .with_format("ipv6", |text: &str| text.parse::<Ipv6Addr>().is_ok())
        .with_format("regex", |text: &str| regress::Regex::new(text).is_ok() && !ends_in_z(text))
        .with_format("uuid", |text: &str| UUID.is_match(text))
        .with_format("json-pointer", |text: &str| POINTER.is_match(text))
        .with_format("json-pointer-uri-fragment", |text: &str| FRAGMENT.is_match(text))
        .with_format("relative-json-pointer", |text: &str| RELATIVE.is_match(text))
        .with_format("byte", |text: &str| {
            text.split(['\n', '\r', '\u{2028}', '\u{2029}']).any(|line| BASE64.is_match(line))
        })
        .with_format("password", |_: &str| true)
        .with_format("binary", |_: &str| true)
}

macro_rules! pattern {
    ($name:ident, $source:expr) => {
        static $name: LazyLock<Regex> = LazyLock::new(|| Regex::new($source).expect("the pattern is a constant"));
    };
}

pattern!(
    EMAIL,
    r"(?i-u)^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
);
pattern!(LABEL, r"(?i-u)^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$");
pattern!(UUID, r"(?i-u)^(urn:uuid:)?[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$");
pattern!(POINTER, r"^(/([^~/]|~0|~1)*)*$");
pattern!(FRAGMENT, r"(?i-u)^#(/([a-z0-9_.!$&'()*+,;:=@-]|%[0-9a-f]{2}|~0|~1)*)*$");
pattern!(RELATIVE, r"^(0|[1-9][0-9]*)(#|(/([^~/]|~0|~1)*)*)$");
pattern!(BASE64, r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$");
pattern!(URL_PORT, r"^:[0-9]{2,5}$");

/// `\Z` is an anchor elsewhere; in JavaScript it is a letter, which nobody means.
fn ends_in_z(text: &str) -> bool {
    text.match_indices("\\Z").any(|(at, _)| at > 0 && !text[..at].ends_with('\\'))
}

fn is_hostname(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    (1..=253).contains(&name.len()) && name.split('.').all(|label| LABEL.is_match(label))
}

/// An address of the web or of FTP on a public host.
fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    if !["http", "https", "ftp"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
        || text.contains(space::is_space)
    {
        return false;
    }
    // A user may hold slashes and at signs, so every at sign may end it.
    let mut ends = rest.match_indices('@').map(|(at, _)| &rest[at + 1..]).filter(|after| after.len() + 1 < rest.len());
    is_public_host(rest) || ends.any(is_public_host)
}

fn is_public_host(text: &str) -> bool {
    let (authority, _) = text.split_once('/').unwrap_or((text, ""));
    let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
    (port.is_empty() || URL_PORT.is_match(port)) && (is_public_address(host) || is_public_name(host))
}

fn is_public_address(host: &str) -> bool {
    let Ok(address) = host.parse::<Ipv4Addr>() else { return false };
    let [first, second, _, last] = address.octets();
    let private = matches!((first, second), (10 | 127, _) | (169, 254) | (192, 168) | (172, 16..=31));
    !private && (1..=223).contains(&first) && (1..=254).contains(&last)
}

fn is_public_name(host: &str) -> bool {
    let letter = |character: char| character.is_ascii_alphabetic() || ('\u{A1}'..='\u{FFFF}').contains(&character);
    let word = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|character| letter(character) || character.is_ascii_digit() || character == '-')
    };
    let labels: Vec<&str> = host.split('.').collect();
    labels.len() > 1
        && labels.iter().all(|label| word(label))
        && labels.last().is_some_and(|last| last.chars().count() > 1 && last.chars().all(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_as_strict_as_the_companion() {
        let validates = |format: &str, text: &str| {
            let options = define(jsonschema::options().with_draft(jsonschema::Draft::Draft7));
            options.build(&json!({ "format": format })).unwrap().is_valid(&json!(text))
        };
        let check = |format: &str, good: &[&str], bad: &[&str]| {
            for text in good {
                assert!(validates(format, text), "{format} {text}");
            }
            for text in bad {
                assert!(!validates(format, text), "{format} {text}");
            }
        };
        check("email", &["ann.b+c@mail.example.org"], &["ann@host", "@x.org", "a b@x.org", "a..b@x.org", "x"]);
        check("hostname", &["example.org", "host", "a.b."], &["-a.org", "a_b.org", "", "."]);
        check("ipv4", &["10.0.0.255"], &["256.1.1.1", "1.2.3", "01.2.3.4", "1.2.3.4."]);
        check("ipv6", &["::1", "fe80::1:2"], &["1::2::3", "12345::"]);
        check("uri", &["https://x.org/a?b#c", "mailto:a@b"], &["no scheme", "/path", "x"]);
        check("uri-reference", &["/path", "#x", "a/b"], &["a b", "\\x"]);
        check(
            "url",
            &["https://x.example.org:8080/p", "ftp://8.8.8.8"],
            &["http://localhost", "http://10.0.0.1", "x.org"],
        );
        check(
            "uuid",
            &["00000000-0000-4000-8000-00000000000a", "urn:uuid:00000000-0000-4000-8000-00000000000a"],
            &["0"],
        );
        check("json-pointer", &["", "/a/~0/~1"], &["a", "/~2"]);
        check("relative-json-pointer", &["0#", "1/a"], &["01", "/a"]);
        check("regex", &["^a+$", "(?<n>x)"], &["(", "a\\Z"]);
        check("byte", &["", "aGk="], &["aGk", "!"]);
        check("password", &["anything"], &[]);
    }
}
