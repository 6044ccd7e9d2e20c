//! Sends traces to a collector that speaks OTLP over HTTP, whose address a workspace names and its user has agreed to.

use std::sync::Arc;

use reqwest::header::HeaderName;
use serde_json::Value;

use super::address;
use super::http::{Endpoint, KeyHeader};
use super::keys::KeyStore;
use super::redact::redact;
use crate::domain::{CallError, Capability, Fault, OtlpSpec, RawReply, Timeouts};

/// A collector is no model: it answers soon or not at all.
const TIMEOUTS: Timeouts = Timeouts { connect_ms: 10_000, first_byte_ms: 30_000, idle_ms: 30_000, total_ms: 60_000 };
/// Characters of a refusal that are told on.
const TOLD: usize = 200;

/// What sending to a collector asks for; `None` for an address that is refused anyway.
#[must_use]
pub fn report_capability(spec: &OtlpSpec) -> Option<Capability> {
    Some(Capability::Report { origin: address::origin(&spec.endpoint).ok()?, key: spec.key.clone() })
}

/// A collector of traces.
pub struct Collector {
    endpoint: Endpoint,
}

impl Collector {
    /// Nothing is sent and no key is read.
    ///
    /// # Errors
    /// [`Fault::Refused`]: the address breaks a rule, the header is none, a key would travel unencrypted, or the user has
    /// not agreed to send the call log to this origin with this key. [`Fault::Tls`]: the machine has no root certificates.
    pub fn connect(
        spec: &OtlpSpec,
        allowed: &std::collections::BTreeSet<Capability>,
        keys: Arc<dyn KeyStore>,
    ) -> Result<Self, CallError> {
        let refused = |message: String| CallError::new(Fault::Refused, message);
        let base = address::parse(&spec.endpoint).map_err(refused)?;
        let origin = base.origin().ascii_serialization();
        if let Some(key) = spec.key.as_ref().filter(|_| !address::may_carry_a_key(&base)) {
            return Err(refused(format!("The key from {key} would travel to {origin} unencrypted. Use https.")));
        }
        let header = match &spec.header {
            None => KeyHeader::Bearer,
            Some(name) => KeyHeader::Named(HeaderName::try_from(name.as_str()).map_err(|_| {
                refused(format!("`{}` is no name of a header. Correct `header` in `otlp`.", name.escape_debug()))
            })?),
        };
        let wanted = Capability::Report { origin, key: spec.key.clone() };
        if !allowed.contains(&wanted) {
            return Err(refused(format!("The workspace is not trusted to {wanted}. Agree to it first.")));
        }
        let key = spec.key.clone().map(|key| (key, header));
        Ok(Self { endpoint: Endpoint::new(base, key, keys, TIMEOUTS)? })
    }

    /// Sends one request of traces in OTLP's JSON. Returns how many spans the collector did not take.
    ///
    /// # Errors
    /// The collector cannot be reached, redirects, or refuses the request; nothing is sent again by itself.
    pub async fn send(&self, body: Vec<u8>) -> Result<u64, CallError> {
        let reply = self.endpoint.post(self.endpoint.url("/v1/traces"), body, None, &|_| {}).await?;
        if (200..300).contains(&reply.status) { Ok(rejected(&reply)) } else { Err(refusal(&reply)) }
    }
}

/// Spans that were not taken; an answer that is no JSON says nothing of any.
fn rejected(reply: &RawReply) -> u64 {
    let told: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let count = told.as_ref().and_then(|told| told.pointer("/partialSuccess/rejectedSpans"));
    // 64-bit numbers are strings in OTLP's JSON.
    count.and_then(|count| count.as_u64().or_else(|| count.as_str()?.parse().ok())).unwrap_or_default()
}

fn refusal(reply: &RawReply) -> CallError {
    let (fault, hint) = match reply.status {
        401 | 403 => (Fault::Auth, "Look at the collector's key."),
        404 | 405 => (Fault::BadRequest, "Is this the collector's address? `/v1/traces` is added to it."),
        408 | 429 => (Fault::RateLimited, "Wait, and send again."),
        500.. => (Fault::Server, "Wait, and send again."),
        _ => (Fault::BadRequest, "It may not understand OTLP in JSON."),
    };
    let text: String = String::from_utf8_lossy(&reply.body).chars().filter(|letter| !letter.is_control()).collect();
    let said: String = redact(text.trim()).chars().take(TOLD).collect();
    let said = if said.is_empty() { String::new() } else { format!(" It said: {said}") };
    let message = format!("The collector refused the calls with status {}.{said} {hint}", reply.status);
    CallError { status: Some(reply.status), ..CallError::new(fault, message) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use secrecy::SecretString;

    use super::super::keys::KeyError;
    use super::*;
    use crate::domain::SecretRef;

    /// Nobody may ask it for a key.
    struct NoKeys;

    impl KeyStore for NoKeys {
        fn read(&self, key: &SecretRef) -> Result<SecretString, KeyError> {
            panic!("the {key} was read")
        }
    }

    fn spec(endpoint: &str, key: Option<&str>) -> OtlpSpec {
        OtlpSpec { endpoint: endpoint.to_owned(), key: key.map(|name| SecretRef::Env(name.to_owned())), header: None }
    }

    fn refusal(spec: &OtlpSpec, allowed: &BTreeSet<Capability>) -> Option<String> {
        let error = Collector::connect(spec, allowed, Arc::new(NoKeys)).err()?;
        assert_eq!(error.fault, Fault::Refused, "{}", error.message);
        Some(error.message)
    }

    #[test]
    fn only_the_origin_and_key_that_were_agreed_to_are_connected() {
        let local = spec("http://127.0.0.1:4318", Some("TEAM_KEY"));
        let agreed: BTreeSet<_> = report_capability(&local).into_iter().collect();
        assert_eq!(refusal(&local, &agreed), None);
        assert!(refusal(&local, &BTreeSet::new()).unwrap().contains("not trusted to send the call log"));
        let (origin, key) = ("http://127.0.0.1:4318".to_owned(), local.key.clone());
        let prompts = Capability::Send { origin, key, request: None };
        for (other, allowed) in [
            (spec("http://127.0.0.1:4319", Some("TEAM_KEY")), &agreed),
            (spec("http://127.0.0.1:4318", Some("OTHER_KEY")), &agreed),
            (spec("http://127.0.0.1:4318", None), &agreed),
            (local, &BTreeSet::from([prompts])),
        ] {
            assert!(refusal(&other, allowed).unwrap().contains("not trusted"), "{other:?}");
        }
    }

    #[test]
    fn addresses_and_headers_follow_the_rules() {
        let check = |spec: &OtlpSpec, why: &str| {
            let refused = refusal(spec, &report_capability(spec).into_iter().collect()).unwrap();
            assert!(refused.contains(why), "{refused}");
        };
        check(&spec("http://169.254.169.254", None), "link-local");
        check(&spec("http://192.168.1.5:4318", Some("TEAM_KEY")), "unencrypted");
        check(
            &OtlpSpec { header: Some("a header".to_owned()), ..spec("https://a.example", None) },
            "no name of a header",
        );
    }

    #[test]
    fn spans_that_were_not_taken_are_counted() {
        let check = |body: &str, expect| {
            let reply = RawReply { status: 200, body: body.as_bytes().to_vec(), ..RawReply::default() };
            assert_eq!(rejected(&reply), expect, "{body}");
        };
        check("{}", 0);
        check("", 0);
        check(r#"{"partialSuccess": {"rejectedSpans": "3", "errorMessage": "full"}}"#, 3);
        check(r#"{"partialSuccess": {"rejectedSpans": 2}}"#, 2);
    }
}
