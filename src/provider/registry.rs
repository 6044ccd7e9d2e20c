//! From a provider's definition to something that answers: one line per API.

use std::sync::Arc;

use super::http::{Endpoint, KeyHeader};
use super::keys::KeyStore;
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
/// this origin with this key. [`Fault::BadRequest`]: the script is missing or wrong. [`Fault::Tls`]: the machine has no
/// root certificates.
pub fn connect(
    spec: &ProviderSpec,
    options: &ConnectOptions,
    keys: Arc<dyn KeyStore>,
) -> Result<Arc<dyn Provider>, CallError> {
    let endpoint = |header| endpoint(spec, options, keys, header);
    Ok(match &spec.api {
        Api::OpenAi => Arc::new(OpenAi::new(endpoint(KeyHeader::Bearer)?)),
        Api::Scripted(path) => Arc::new(Scripted::new(path, options.script.as_deref())?),
        Api::Anthropic | Api::Gemini | Api::Ollama => {
            return Err(CallError::new(Fault::Refused, format!("The API {} cannot be spoken yet.", spec.api.word())));
        }
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
    let origin = base.origin().ascii_serialization();
    if let Some(key) = spec.key.as_ref().filter(|_| !address::may_carry_a_key(&base)) {
        return Err(refused(format!("The key from {key} would travel to {origin} unencrypted. Use https.")));
    }
    let wanted = Capability::Send { origin, key: spec.key.clone() };
    if !options.allowed.contains(&wanted) {
        return Err(refused(format!("The workspace is not trusted to {wanted}. Agree to it first.")));
    }
    Endpoint::new(base, spec.key.clone().map(|key| (key, header)), keys, options.timeouts.clone())
}
