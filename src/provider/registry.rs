//! From a provider's definition to something that answers: one line per API.

use std::sync::Arc;

use reqwest::header::HeaderName;

use super::anthropic::Anthropic;
use super::custom::Custom;
use super::echo::Echo;
use super::gemini::Gemini;
use super::http::{Endpoint, KeyHeader};
use super::hugging_face::HuggingFace;
use super::keys::{KeyStore, capability};
use super::ollama::Ollama;
use super::openai::OpenAi;
use super::scripted::Scripted;
use super::{Provider, address};
use crate::domain::{Api, CallError, Capability, Fault, ProviderSpec, Script, Timeouts};

/// What a connection needs beside the provider's definition.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    pub timeouts: Timeouts,
    /// The script that `Api::Scripted` names.
    pub script: Option<Arc<Script>>,
    /// What the user has agreed to. Another origin, or another key to the same origin, is refused.
    pub allowed: Vec<Capability>,
}

/// Makes the provider that a definition describes. Nothing is sent and no key is read.
///
/// # Errors
/// [`Fault::Refused`]: the address breaks a rule, a key would travel unencrypted, or the user has not agreed to send to
/// this origin with this key; an API of one's own is described wrongly. [`Fault::BadRequest`]: the script is missing or wrong. [`Fault::Tls`]: the machine has no
/// root certificates.
pub fn connect(
    spec: &ProviderSpec,
    options: &ConnectOptions,
    keys: Arc<dyn KeyStore>,
) -> Result<Arc<dyn Provider>, CallError> {
    let endpoint = |header| endpoint(spec, options, keys, header);
    let named = |header| KeyHeader::Named(HeaderName::from_static(header));
    Ok(match &spec.api {
        Api::OpenAi => Arc::new(OpenAi::new(endpoint(KeyHeader::Bearer)?)),
        Api::Anthropic => Arc::new(Anthropic::new(endpoint(named("x-api-key"))?)),
        Api::Gemini => Arc::new(Gemini::new(endpoint(named("x-goog-api-key"))?)),
        Api::Ollama => Arc::new(Ollama::new(endpoint(KeyHeader::Bearer)?)),
        Api::HuggingFace => Arc::new(HuggingFace(endpoint(KeyHeader::Bearer)?)),
        Api::Echo => Arc::new(Echo),
        Api::Unmapped => {
            let message = "It was imported and is not known here. Give its models another provider.";
            return Err(CallError::new(Fault::Refused, message));
        }
        Api::Http(http) => Arc::new(Custom::new(http, endpoint)?),
        Api::Scripted(path) => Arc::new(Scripted::new(path, options.script.as_deref())?),
    })
}

fn endpoint(
    spec: &ProviderSpec,
    options: &ConnectOptions,
    keys: Arc<dyn KeyStore>,
    header: KeyHeader,
) -> Result<Endpoint, CallError> {
    let refused = |message: String| CallError::new(Fault::Refused, message);
    let Some(base_url) = spec.base_url.as_deref().or(spec.api.default_base_url()) else {
        return Err(refused("The provider has no address: give it a `base_url`.".to_owned()));
    };
    let base = address::parse(base_url).map_err(refused)?;
    if let Some(key) = spec.key.as_ref().filter(|_| !address::may_carry_a_key(&base)) {
        let origin = base.origin().ascii_serialization();
        return Err(refused(format!(
            "The key from {} would travel to {origin} unencrypted. Use https.",
            keys.place(key)
        )));
    }
    let wanted = capability(spec).ok_or_else(|| refused("Nothing is sent to this API.".to_owned()))?;
    if !options.allowed.contains(&wanted) {
        return Err(refused(format!("The workspace is not trusted to {wanted}. Agree to it first.")));
    }
    Endpoint::new(base, spec.key.clone().map(|key| (key, header)), keys, options.timeouts.clone())
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::super::keys::KeyError;
    use super::*;
    use crate::domain::{HttpBody, HttpSpec, SecretRef};

    /// Nobody may ask it for a key.
    struct NoKeys;

    impl KeyStore for NoKeys {
        fn read(&self, key: &SecretRef) -> Result<SecretString, KeyError> {
            panic!("the {key} was read")
        }
    }

    fn spec(api: Api, base_url: Option<&str>, key: Option<&str>) -> ProviderSpec {
        ProviderSpec {
            api,
            base_url: base_url.map(str::to_owned),
            key: key.map(|name| SecretRef::Env(name.to_owned())),
            concurrency: 8,
            note: String::new(),
        }
    }

    #[test]
    fn another_request_of_ones_own_is_another_agreement() {
        let own = |body: &str| {
            let http = HttpSpec { body: HttpBody::Text(body.to_owned()), ..HttpSpec::default() };
            spec(Api::Http(Box::new(http)), Some("http://127.0.0.1:9/ask"), Some("TEAM_KEY"))
        };
        let agreed = capability(&own("{{prompt}}")).unwrap();
        assert_eq!(refusal(&own("{{prompt}}"), vec![agreed.clone()]), None);
        let message = refusal(&own("{{prompt}} and more"), vec![agreed.clone()]).unwrap();
        assert!(message.contains("the workspace's own POST request"), "{message}");
        let elsewhere = ProviderSpec { base_url: Some("http://127.0.0.1:9/other".into()), ..own("{{prompt}}") };
        assert!(refusal(&elsewhere, vec![agreed.clone()]).is_some());
        let known = spec(Api::OpenAi, Some("http://127.0.0.1:9/ask"), Some("TEAM_KEY"));
        assert!(refusal(&known, vec![agreed]).is_some());
    }

    fn refusal(spec: &ProviderSpec, allowed: Vec<Capability>) -> Option<String> {
        let options = ConnectOptions { allowed, ..ConnectOptions::default() };
        let error = connect(spec, &options, Arc::new(NoKeys)).err()?;
        assert_eq!(error.fault, Fault::Refused, "{}", error.message);
        Some(error.message)
    }

    #[test]
    fn only_what_was_agreed_to_is_connected() {
        let local = spec(Api::OpenAi, Some("http://127.0.0.1:9/v1"), Some("TEAM_KEY"));
        let agreed = capability(&local).unwrap();
        assert_eq!(refusal(&local, vec![agreed.clone()]), None);
        assert!(
            refusal(&local, vec![]).unwrap().contains("not trusted to send prompts and cases to http://127.0.0.1:9")
        );
        for other in [
            spec(Api::OpenAi, Some("http://127.0.0.1:9/v1"), Some("OTHER_KEY")),
            spec(Api::OpenAi, Some("http://127.0.0.1:9/v1"), None),
            spec(Api::OpenAi, Some("http://127.0.0.1:10/v1"), Some("TEAM_KEY")),
            spec(Api::OpenAi, Some("https://127.0.0.1:9/v1"), Some("TEAM_KEY")),
            spec(Api::OpenAi, Some("http://localhost:9/v1"), Some("TEAM_KEY")),
            spec(Api::OpenAi, None, Some("TEAM_KEY")),
        ] {
            assert!(refusal(&other, vec![agreed.clone()]).unwrap().contains("not trusted"), "{other:?}");
        }
    }

    #[test]
    fn no_key_leaves_the_machine_unencrypted() {
        let lan = spec(Api::Ollama, Some("http://192.168.1.5:11434"), Some("TEAM_KEY"));
        assert!(refusal(&lan, vec![capability(&lan).unwrap()]).unwrap().contains("unencrypted"));
        let open = spec(Api::Ollama, Some("http://192.168.1.5:11434"), None);
        assert_eq!(refusal(&open, vec![capability(&open).unwrap()]), None);
    }
}
