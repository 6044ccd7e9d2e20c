//! Which addresses a provider may have: the rules of `base_url`, and its origin (scheme, host, port).

use std::net::{Ipv4Addr, Ipv6Addr};

use reqwest::Url;

/// The origin of a base URL, as it stands in [`Capability::Send`](crate::domain::Capability::Send):
/// `https://api.openai.com`, with the port where it is not the scheme's own.
///
/// # Errors
/// A sentence that says why the address is refused: another scheme than http or https, a user name in it, an IP
/// address in a form that hides what it is, an address of no host or of a machine's own metadata service, plain http
/// into the open network.
pub fn origin(base_url: &str) -> Result<String, String> {
    Ok(parse(base_url)?.origin().ascii_serialization())
}

/// Whether a key may travel to the address: over https, or without leaving this machine.
#[must_use]
pub fn may_carry_a_key(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

/// Whether the address is this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    if let Ok(v4) = host.parse::<Ipv4Addr>() {
        return v4.is_loopback();
    }
    match v6(host) {
        Some(v6) => v6.is_loopback(),
        None => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// Whether an origin, as [`origin`] gives it, is this machine.
#[must_use]
pub fn is_local_origin(origin: &str) -> bool {
    Url::parse(origin).is_ok_and(|url| is_loopback(&url))
}

/// The proxies that the environment names, by variable, as a person may see them: a password in one is left out.
/// They carry what goes to https addresses, encrypted end to end; plain http never goes through one.
#[must_use]
pub fn proxies() -> Vec<(&'static str, String)> {
    const VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let named = |name| Some((name, without_userinfo(&std::env::var(name).ok().filter(|value| !value.is_empty())?)));
    VARIABLES.into_iter().filter_map(named).collect()
}

/// Reads a base URL under the rules of [`origin`].
pub(super) fn parse(base_url: &str) -> Result<Url, String> {
    let refuse = |why: &str| Err(format!("The address `{}` is refused: {why}.", without_userinfo(base_url)));
    if base_url.trim() != base_url || base_url.chars().any(|c| c.is_control() || c == '\\') {
        return refuse("it holds a blank, a control character or a backslash");
    }
    let url = match Url::parse(base_url) {
        Ok(url) => url,
        Err(error) => return refuse(&format!("{error}; it should look like https://host/path")),
    };
    if !matches!(url.scheme(), "https" | "http") {
        return refuse("only https and http are spoken");
    }
    let authority = base_url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
    if authority.is_empty() {
        return refuse("it should look like https://host/path");
    }
    if authority.contains('@') {
        return refuse("a user name or password may not stand in it; keys live in the keyring or the environment");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("it may not have a query (`?`) or a fragment (`#`)");
    }
    let path = base_url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    let lower = path.to_ascii_lowercase();
    if path.starts_with('/')
        || path.contains("//")
        || path.split('/').any(|part| part == ".." || part == ".")
        || lower.contains('%')
    {
        return refuse("its path has empty, dotted or percent-encoded parts");
    }
    if url.port().is_some_and(|port| OTHER_PROTOCOLS.contains(&port)) {
        return refuse("its port belongs to another protocol");
    }
    let host = url.host_str().unwrap_or_default();
    if let Some(why) = wrong_host(host, authority) {
        return refuse(why);
    }
    if url.scheme() == "http" && !is_loopback(&url) && !is_private(host) {
        return refuse("plain http would send prompts unencrypted through the open network; use https");
    }
    Ok(url)
}

/// The URL of a path below the base URL.
pub(super) fn join(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let below = format!("{}{path}", base.path().trim_end_matches('/'));
    url.set_path(&below);
    url
}

/// Ports of mail, shells, name servers and databases: a browser refuses them too.
const OTHER_PROTOCOLS: [u16; 17] = [0, 21, 22, 23, 25, 53, 110, 139, 143, 389, 445, 465, 587, 993, 995, 5432, 6379];

const METADATA: [&str; 4] = ["metadata.google.internal", "metadata", "metadata.azure.internal", "instance-data"];

fn wrong_host(host: &str, authority: &str) -> Option<&'static str> {
    let host = host.trim_end_matches('.');
    if METADATA.contains(&host) {
        return Some("it is a cloud machine's metadata service");
    }
    if let Ok(v4) = host.parse::<Ipv4Addr>() {
        // The URL parser turns `2130706433`, `0x7f.1` and `127.1` into dotted form; a person would not see it.
        let written = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        if written != host {
            return Some("it writes an IP address in an unusual form; write it as four decimal numbers");
        }
        return wrong_v4(v4);
    }
    let v6 = v6(host)?;
    if v6.is_unspecified() || v6.is_multicast() {
        return Some("it is not the address of one host");
    }
    let head = v6.segments();
    if head[0] & 0xffc0 == 0xfe80 || v6 == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254) {
        return Some("it is a link-local address, where cloud machines keep their metadata service");
    }
    let embeds_v4 = head[..5] == [0; 5] || head[0] == 0x2002 || (head[0] == 0x64 && head[1] == 0xff9b);
    if embeds_v4 && !v6.is_loopback() {
        return Some("it hides an IPv4 address in an IPv6 address; write the IPv4 address itself");
    }
    None
}

fn wrong_v4(v4: Ipv4Addr) -> Option<&'static str> {
    if v4.octets()[0] == 0 || v4.is_multicast() || v4.is_broadcast() {
        Some("it is not the address of one host; write 127.0.0.1 for this machine")
    } else if v4.is_link_local() || v4 == Ipv4Addr::new(100, 100, 100, 200) {
        Some("it is a link-local address, where cloud machines keep their metadata service")
    } else {
        None
    }
}

fn v6(host: &str) -> Option<Ipv6Addr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// A machine of the same house: private addresses, and names without a public domain.
fn is_private(host: &str) -> bool {
    if let Ok(v4) = host.parse::<Ipv4Addr>() {
        return v4.is_private();
    }
    if let Some(v6) = v6(host) {
        return v6.segments()[0] & 0xfe00 == 0xfc00;
    }
    !host.contains('.') || [".local", ".lan", ".internal", ".home.arpa"].iter().any(|end| host.ends_with(end))
}

/// For messages: what stands before an `@` may be a password.
fn without_userinfo(base_url: &str) -> String {
    let start = base_url.find("://").map_or(0, |scheme| scheme + 3);
    match base_url.rfind('@') {
        Some(at) if at >= start => format!("{}…{}", &base_url[..start], base_url[at..].escape_debug()),
        _ => base_url.escape_debug().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_scheme_host_and_port() {
        let check = |base_url: &str, expect: &str| assert_eq!(origin(base_url), Ok(expect.to_owned()), "{base_url}");
        check("https://api.openai.com/v1", "https://api.openai.com");
        check("https://API.OpenAI.com:443/v1/", "https://api.openai.com");
        check("https://llm.example:8443/a/b", "https://llm.example:8443");
        check("http://127.0.0.1:11434", "http://127.0.0.1:11434");
        check("http://localhost:8080/v1", "http://localhost:8080");
        check("http://[::1]:8080/v1", "http://[::1]:8080");
        check("http://192.168.1.5:11434", "http://192.168.1.5:11434");
        check("http://gpu-box:8000/v1", "http://gpu-box:8000");
        // A look-alike letter shows itself as punycode.
        check("https://аpi.openai.com", "https://xn--pi-6kc.openai.com");
    }

    #[test]
    fn addresses_that_hide_or_reach_something_else_are_refused() {
        let check = |base_url: &str, why: &str| {
            let refused = origin(base_url).expect_err(base_url);
            assert!(refused.contains(why), "{base_url}: {refused}");
        };
        check("", "refused");
        check("api.openai.com/v1", "https://host/path");
        check("ftp://a.example", "only https and http");
        check("file:///etc/passwd", "only https and http");
        check("https://key:secret@evil.example/v1", "user name");
        check("https://api.openai.com@evil.example/v1", "user name");
        check("https://@evil.example", "user name");
        check("https:evil.example", "https://host/path");
        check("https://a.example/v1?x=1", "query");
        check("https://a.example/v1#x", "query");
        check("https://a.example/v1/../../x", "dotted");
        check("https://a.example/%2e%2e/x", "percent");
        check("https://a.example//x", "empty");
        check("https://a.example\\@b.example", "backslash");
        check(" https://a.example", "blank");
        check("https://a.example:22", "port");
        check("http://2130706433/", "unusual form");
        check("http://0x7f000001/", "unusual form");
        check("http://0177.0.0.1/", "unusual form");
        check("http://127.1:8080/", "unusual form");
        check("http://0.0.0.0:8080", "not the address of one host");
        check("http://[::]:8080", "not the address of one host");
        check("http://[::ffff:127.0.0.1]:8080", "hides an IPv4");
        check("http://[::ffff:a9fe:a9fe]", "hides an IPv4");
        check("https://[64:ff9b::a9fe:a9fe]", "hides an IPv4");
        check("http://169.254.169.254/latest", "link-local");
        check("https://169.254.169.254", "link-local");
        check("https://100.100.100.200", "link-local");
        check("http://[fe80::1]:80", "link-local");
        check("https://[fd00:ec2::254]", "link-local");
        check("http://metadata.google.internal", "metadata");
        check("http://api.openai.com/v1", "plain http");
        check("http://8.8.8.8/v1", "plain http");
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        assert!(!origin("https://user:hunter2@evil.example").unwrap_err().contains("hunter2"));
        assert_eq!(without_userinfo("http://user:hunter2@proxy:3128"), "http://…@proxy:3128");
        assert_eq!(without_userinfo("user:hunter2@proxy:3128"), "…@proxy:3128");
        assert_eq!(without_userinfo("http://proxy:3128"), "http://proxy:3128");
    }

    #[test]
    fn keys_travel_encrypted_or_not_at_all() {
        let check =
            |base_url: &str, expect| assert_eq!(may_carry_a_key(&parse(base_url).unwrap()), expect, "{base_url}");
        check("https://a.example", true);
        check("http://127.0.0.1:1", true);
        check("http://localhost", true);
        check("http://192.168.1.5", false);
    }
}
