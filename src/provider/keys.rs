//! Keys: where they are found, read when they are used, and where they may be sent.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};

use super::address;
use crate::domain::{Api, Capability, OwnRequest, ProviderSpec, SecretRef};
use crate::plan::definition_fingerprint;

/// Why a key is not there; a sentence with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(pub String);

/// Finds keys.
pub trait KeyStore: Send + Sync {
    /// Reads a key. It may wait for the operating system, which may ask the user.
    ///
    /// # Errors
    /// There is no such key, or nowhere to look for it.
    fn read(&self, key: &SecretRef) -> Result<SecretString, KeyError>;

    /// Where a key is found, in words.
    fn place(&self, key: &SecretRef) -> String {
        key.to_string()
    }
}

/// The environment, and the operating system's keyring. An entry of the keyring is asked for once.
#[derive(Default)]
pub struct SystemKeys {
    entries: Mutex<HashMap<String, SecretString>>,
}

impl KeyStore for SystemKeys {
    fn read(&self, key: &SecretRef) -> Result<SecretString, KeyError> {
        match key {
            SecretRef::Env(name) => from_environment(name),
            SecretRef::Keyring(name) => {
                let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(found) = entries.get(name) {
                    return Ok(found.clone());
                }
                let found = from_keyring(name)?;
                entries.insert(name.clone(), found.clone());
                Ok(found)
            }
        }
    }
}

/// Keys that a config holds itself, under names that nothing else has, and the system's for all others.
#[derive(Default)]
pub struct GivenKeys {
    given: BTreeMap<SecretRef, SecretString>,
    system: SystemKeys,
}

impl GivenKeys {
    #[must_use]
    pub fn new(given: impl IntoIterator<Item = (SecretRef, SecretString)>) -> Self {
        Self { given: given.into_iter().collect(), system: SystemKeys::default() }
    }

    /// Whether the config holds it.
    #[must_use]
    pub fn holds(&self, key: &SecretRef) -> bool {
        self.given.contains_key(key)
    }
}

impl KeyStore for GivenKeys {
    fn read(&self, key: &SecretRef) -> Result<SecretString, KeyError> {
        self.given.get(key).map_or_else(|| self.system.read(key), |given| Ok(given.clone()))
    }

    fn place(&self, key: &SecretRef) -> String {
        if self.holds(key) { "the config itself".to_owned() } else { self.system.place(key) }
    }
}

/// Whether the key is there, without keeping it.
///
/// # Errors
/// The keyring cannot be asked.
pub fn key_present(key: &SecretRef) -> Result<bool, KeyError> {
    match key {
        SecretRef::Env(name) => Ok(from_environment(name).is_ok()),
        SecretRef::Keyring(name) => match entry(name)?.get_password() {
            Ok(_) => Ok(true),
            Err(keyring::Error::NoEntry) => Ok(false),
            Err(error) => Err(keyring_error(name, &error)),
        },
    }
}

/// Puts a key into the keyring.
///
/// # Errors
/// The reference is an environment variable, which cannot be set from here; the machine has no keyring, or it refuses.
pub fn store_key(key: &SecretRef, secret: &SecretString) -> Result<(), KeyError> {
    let SecretRef::Keyring(name) = key else { return Err(only_keyring(key)) };
    entry(name)?.set_password(secret.expose_secret().trim()).map_err(|error| keyring_error(name, &error))
}

/// Takes a key out of the keyring; one that is not there is no error.
///
/// # Errors
/// As for [`store_key`].
pub fn delete_key(key: &SecretRef) -> Result<(), KeyError> {
    let SecretRef::Keyring(name) = key else { return Err(only_keyring(key)) };
    match entry(name)?.delete_credential() {
        Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
        Err(error) => Err(keyring_error(name, &error)),
    }
}

/// What a provider asks for before it may be used: its origin, its key if it has one, and what it sends where the workspace
/// describes that. `None` for scripts and
/// echoes, which send nothing, and for an address that is refused anyway.
#[must_use]
pub fn capability(spec: &ProviderSpec) -> Option<Capability> {
    let base_url = spec.base_url.as_deref().or(spec.api.default_base_url())?;
    let request = match &spec.api {
        Api::Scripted(_) | Api::Echo | Api::Unmapped => return None,
        Api::OpenAi | Api::Anthropic | Api::Gemini | Api::Ollama | Api::HuggingFace => None,
        Api::Http(http) => Some(OwnRequest {
            method: http.method.word().to_owned(),
            definition: definition_fingerprint(&(base_url, http)),
        }),
    };
    Some(Capability::Send { origin: address::origin(base_url).ok()?, key: spec.key.clone(), request })
}

/// Whether a key that is known by its name goes to its own vendor: `Some(false)` is a vendor's key on its way to a
/// stranger, for which a user should type the host. `None` for a name that no vendor uses.
#[must_use]
pub fn vendor_bound(key: &SecretRef, origin: &str) -> Option<bool> {
    let (SecretRef::Env(name) | SecretRef::Keyring(name)) = key;
    let name = name.to_ascii_uppercase().replace('-', "_");
    let whole = |vendor: &&Vendor| vendor.variables.contains(&name.as_str());
    let vendor = VENDORS.iter().find(whole).or_else(|| {
        let short = matches!(key, SecretRef::Keyring(_)).then_some(name.as_str())?;
        VENDORS.iter().find(|vendor| vendor.entries.contains(&short))
    })?;
    let host = origin.strip_prefix("https://").unwrap_or_default();
    Some(vendor.hosts.iter().any(|known| match known.strip_prefix('*') {
        Some(end) => host.ends_with(end),
        None => host == *known,
    }))
}

/// A vendor's keys by name, and the hosts that they belong to.
struct Vendor {
    variables: &'static [&'static str],
    /// Names of keyring entries, in capitals.
    entries: &'static [&'static str],
    hosts: &'static [&'static str],
}

const VENDORS: [Vendor; 18] = [
    vendor(
        &["OPENAI_API_KEY", "OPENAI_KEY"],
        &["OPENAI"],
        &["api.openai.com", "eu.api.openai.com", "us.api.openai.com"],
    ),
    vendor(&["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_API_KEY"], &["ANTHROPIC"], &["api.anthropic.com"]),
    vendor(
        &["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"],
        &["GEMINI", "GOOGLE"],
        &["generativelanguage.googleapis.com"],
    ),
    vendor(&["AZURE_OPENAI_API_KEY", "AZURE_API_KEY"], &["AZURE"], &["*.openai.azure.com", "*.services.ai.azure.com"]),
    vendor(&["OPENROUTER_API_KEY"], &["OPENROUTER"], &["openrouter.ai"]),
    vendor(&["MISTRAL_API_KEY"], &["MISTRAL"], &["api.mistral.ai"]),
    vendor(&["GROQ_API_KEY"], &["GROQ"], &["api.groq.com"]),
    vendor(&["XAI_API_KEY"], &["XAI"], &["api.x.ai"]),
    vendor(&["DEEPSEEK_API_KEY"], &["DEEPSEEK"], &["api.deepseek.com"]),
    vendor(&["TOGETHER_API_KEY"], &["TOGETHER"], &["api.together.xyz", "api.together.ai"]),
    vendor(&["FIREWORKS_API_KEY"], &["FIREWORKS"], &["api.fireworks.ai"]),
    vendor(&["COHERE_API_KEY", "CO_API_KEY"], &["COHERE"], &["api.cohere.com", "api.cohere.ai"]),
    vendor(&["PERPLEXITY_API_KEY"], &["PERPLEXITY"], &["api.perplexity.ai"]),
    vendor(&["CEREBRAS_API_KEY"], &["CEREBRAS"], &["api.cerebras.ai"]),
    vendor(&["NVIDIA_API_KEY"], &["NVIDIA"], &["integrate.api.nvidia.com"]),
    vendor(&["HF_TOKEN", "HF_API_TOKEN", "HUGGINGFACE_API_KEY"], &["HUGGINGFACE"], &["router.huggingface.co"]),
    vendor(&["OLLAMA_API_KEY"], &["OLLAMA"], &["ollama.com"]),
    // Keys of other trades: no model provider is their own.
    vendor(
        &[
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_ACCESS_KEY_ID",
            "GITHUB_TOKEN",
            "GH_TOKEN",
            "GITLAB_TOKEN",
            "NPM_TOKEN",
            "CARGO_REGISTRY_TOKEN",
            "SLACK_TOKEN",
            "STRIPE_SECRET_KEY",
            "DATABASE_URL",
        ],
        &[],
        &[],
    ),
];

const fn vendor(
    variables: &'static [&'static str],
    entries: &'static [&'static str],
    hosts: &'static [&'static str],
) -> Vendor {
    Vendor { variables, entries, hosts }
}

/// A variable of the environment that a user's file names, where it is set and is text.
#[must_use]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn from_environment(name: &str) -> Result<SecretString, KeyError> {
    match std::env::var(name) {
        Ok(value) if !value.trim().is_empty() => Ok(SecretString::from(value.trim())),
        Ok(_) => Err(KeyError(format!("The environment variable {name} is empty. Set it to the key and start again."))),
        Err(std::env::VarError::NotPresent) => {
            Err(KeyError(format!("The environment variable {name} is not set. Set it to the key and start again.")))
        }
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(KeyError(format!("The environment variable {name} is not text, so it is no key.")))
        }
    }
}

fn from_keyring(name: &str) -> Result<SecretString, KeyError> {
    match entry(name)?.get_password() {
        Ok(value) => Ok(SecretString::from(value)),
        Err(error) => Err(keyring_error(name, &error)),
    }
}

fn entry(name: &str) -> Result<keyring::Entry, KeyError> {
    const SERVICE: &str = "strata";
    keyring::Entry::new(SERVICE, name).map_err(|error| keyring_error(name, &error))
}

/// The error's own text is left out: some of its kinds carry what was read.
fn keyring_error(name: &str, error: &keyring::Error) -> KeyError {
    KeyError(match error {
        keyring::Error::NoEntry => {
            format!("The keyring has no entry `{name}`. Add the key in the settings.")
        }
        keyring::Error::NoDefaultStore | keyring::Error::PlatformFailure(_) => format!(
            "This machine has no keyring that answers, so the entry `{name}` cannot be used. Name an environment \
             variable for the key instead."
        ),
        keyring::Error::NoStorageAccess(_) => {
            format!("The keyring is locked or refuses access to the entry `{name}`. Unlock it and start again.")
        }
        _ => format!("The keyring's entry `{name}` cannot be used. Delete it and add the key again."),
    })
}

fn only_keyring(key: &SecretRef) -> KeyError {
    KeyError(format!("The {key} cannot be changed from here, only entries of the keyring can."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> SecretRef {
        SecretRef::Env(name.to_owned())
    }

    #[test]
    fn a_vendors_key_belongs_to_its_own_hosts() {
        let check =
            |key: SecretRef, origin: &str, expect| assert_eq!(vendor_bound(&key, origin), expect, "{key} {origin}");
        check(env("OPENAI_API_KEY"), "https://api.openai.com", Some(true));
        check(env("OPENAI_API_KEY"), "https://api.openai.com.evil.example", Some(false));
        check(env("OPENAI_API_KEY"), "http://api.openai.com", Some(false));
        check(env("OPENAI_API_KEY"), "https://api.openai.com:8443", Some(false));
        check(env("openai_api_key"), "https://evil.example", Some(false));
        check(SecretRef::Keyring("openai".into()), "https://evil.example", Some(false));
        check(env("ANTHROPIC_API_KEY"), "https://api.openai.com", Some(false));
        check(env("GOOGLE_API_KEY"), "https://generativelanguage.googleapis.com", Some(true));
        check(env("AZURE_OPENAI_API_KEY"), "https://team.openai.azure.com", Some(true));
        check(env("AZURE_OPENAI_API_KEY"), "https://openai.azure.com.evil.example", Some(false));
        check(env("GITHUB_TOKEN"), "https://api.openai.com", Some(false));
        check(env("TEAM_GATEWAY_KEY"), "https://llm.example", None);
    }

    #[test]
    fn a_key_of_a_config_is_not_said_to_be_in_the_environment() {
        let keys = GivenKeys::new([(env("HOST_API_KEY"), SecretString::from("inline-1"))]);
        assert_eq!(keys.place(&env("HOST_API_KEY")), "the config itself");
        assert_eq!(keys.place(&env("OPENAI_API_KEY")), "environment variable OPENAI_API_KEY");
    }

    #[test]
    fn a_missing_variable_is_named() {
        let Err(KeyError(message)) = SystemKeys::default().read(&env("STRATA_TEST_KEY_THAT_NOBODY_SETS")) else {
            panic!("a key was found")
        };
        assert!(message.contains("STRATA_TEST_KEY_THAT_NOBODY_SETS is not set"), "{message}");
    }

    #[test]
    fn environment_variables_are_not_written() {
        assert!(store_key(&env("X"), &SecretString::from("y")).is_err());
        assert!(delete_key(&env("X")).is_err());
    }

    #[test]
    fn a_provider_asks_for_its_origin_and_its_key() {
        let spec = |api, base_url: Option<&str>, key| ProviderSpec {
            api,
            base_url: base_url.map(str::to_owned),
            key,
            concurrency: 8,
            note: String::new(),
        };
        let send = |origin: &str, key| Some(Capability::Send { origin: origin.to_owned(), key, request: None });
        let key = Some(env("OPENAI_API_KEY"));
        assert_eq!(capability(&spec(Api::OpenAi, None, key.clone())), send("https://api.openai.com", key));
        assert_eq!(capability(&spec(Api::Ollama, None, None)), send("http://127.0.0.1:11434", None));
        assert_eq!(capability(&spec(Api::Scripted("a.ron".into()), None, None)), None);
        assert_eq!(capability(&spec(Api::OpenAi, Some("http://0.0.0.0"), None)), None);
    }
}
