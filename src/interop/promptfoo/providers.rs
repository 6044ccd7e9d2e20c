//! From a provider entry of a config to a provider and a model of Strata's, and back.
//!
//! Where promptfoo sends a default of its own (temperature 0, 1024 tokens), the model gets it as a parameter, so that the
//! same request goes out. What cannot be carried over is told, key by key. A key that stands in the config is handed
//! over in memory and is no part of any definition.

mod back;
mod http;
mod ids;
mod key;
mod params;
mod secrets;

use std::path::Path;

use serde_json::{Map, Value};

use super::suite::{Code, ProviderEntry};
use crate::domain::{self, Api, ModelSpec, Params, Price, ProviderId, ProviderSpec, ResponseFormat, ScriptFile};
use crate::interop::Fidelity;
use crate::interop::names::plain;
use crate::provider::origin;

pub use back::config_for;
pub(super) use http::{has_key_in_query, response_code, without_keys};
pub(super) use ids::{Gives, gives};
pub use key::Inline;
pub(super) use key::environment_name;
pub(super) use secrets::{in_field as key_in_field, in_text as key_in_text};

/// What an entry becomes.
#[derive(Debug, Clone)]
pub struct Mapped {
    /// The vendor's name, or the server's. Entries that differ in more than the model may have the same.
    pub provider_id: ProviderId,
    pub provider: ProviderSpec,
    /// Its `provider` is [`Mapped::provider_id`].
    pub model: ModelSpec,
    /// Of the whole; single keys are in [`Mapped::parts`].
    pub fidelity: Fidelity,
    /// What it became, in a sentence.
    pub note: String,
    pub parts: Vec<Part>,
    /// A key that the config itself holds. The provider's `key` then names the variable in which a written project
    /// looks for it; a run in memory lends this one to the provider instead. The name is no vendor's.
    pub inline_key: Option<Inline>,
}

/// A key of the entry's config that is not carried over as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `config.headers`.
    pub key: String,
    pub fidelity: Fidelity,
    /// A sentence.
    pub note: String,
}

/// An entry that becomes no provider: the user binds a model in its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unmapped {
    /// Why, and what to do.
    pub why: String,
}

impl Unmapped {
    fn new(why: impl Into<String>) -> Self {
        Self { why: format!("{} Bind a model to it.", why.into()) }
    }
}

/// Maps an entry. Nothing is read beside it: no file, no environment.
///
/// # Errors
/// [`Unmapped`]: what the entry names cannot be called from here, or its address is refused.
pub fn provider(entry: &ProviderEntry) -> Result<Mapped, Unmapped> {
    let id = entry.id.trim();
    if asks_for_environment(id) {
        return Err(Unmapped::new(format!(
            "Its id `{id}` asks for a variable of the environment that has no value here. Set it and grant it with \
             --trust, or write the value itself."
        )));
    }
    if http::is_address(id) { http::map(entry) } else { called(entry, &ids::target(id, &entry.config)?) }
}

/// Whether a template in the text is left that the environment was to fill in.
fn asks_for_environment(text: &str) -> bool {
    super::read::asks_for_environment(text)
}

/// Whether one is left in a text of the value, or in a field's name. What stands between two texts is no template.
fn value_asks_for_environment(value: &Value) -> bool {
    match value {
        Value::String(text) => asks_for_environment(text),
        Value::Array(items) => items.iter().any(value_asks_for_environment),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| asks_for_environment(name) || value_asks_for_environment(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A setting that would be sent with a template in the place of a value of the environment: keys alone are filled in later.
fn refuse_templates(params: &Params) -> Result<(), Unmapped> {
    let named = params.extra.iter().find(|(_, value)| value_asks_for_environment(value));
    let name = if let Some((name, _)) = named {
        name
    } else if params.stop.iter().any(|text| asks_for_environment(text)) {
        "stop"
    } else if matches!(&params.response, ResponseFormat::Schema(schema) if value_asks_for_environment(schema)) {
        "response_format"
    } else {
        return Ok(());
    };
    Err(Unmapped::new(format!(
        "Its setting `{name}` asks for a variable of the environment, of which only keys are sent. Write the value \
         itself."
    )))
}

/// How an entry's model is called.
#[derive(Debug, Clone, PartialEq)]
struct Target {
    /// For the provider's id where its address is the vendor's own.
    vendor: &'static str,
    api: Api,
    /// The vendor's address; `None` where it is the API's own default.
    base_url: Option<String>,
    /// The variable in which the vendor's key usually is.
    variable: Option<&'static str>,
    dialect: params::Dialect,
    model: String,
    /// What differs, where something does.
    approximated: Option<&'static str>,
}

fn called(entry: &ProviderEntry, target: &Target) -> Result<Mapped, Unmapped> {
    let base_url = address(&entry.config, target)?;
    let origin = match base_url.as_deref().or(target.api.default_base_url()) {
        Some(base_url) => Some(origin(base_url).map_err(Unmapped::new)?),
        None => None,
    };
    let mut parts = Vec::new();
    let key = key::find(entry, target.variable, origin.as_deref(), &mut parts);
    let mut config = entry.config.clone();
    if target.api == Api::HuggingFace {
        // Its address stands in it.
        config.shift_remove("apiEndpoint");
    }
    let read = params::read(&config, target.dialect, &target.model);
    refuse_templates(&read.params)?;
    parts.extend(read.parts);
    parts.extend(unread_environment(entry, target.variable));
    let usual = target.base_url.as_deref().or(target.api.default_base_url());
    let own = origin == usual.and_then(|usual| self::origin(usual).ok());
    let provider_id = if own { target.vendor.to_owned() } else { place_id(origin.as_deref().unwrap_or(target.vendor)) };
    let free = target.vendor == "ollama" && origin.as_deref().is_none_or(is_loopback);
    let price = read.price.or_else(|| free.then_some(Price::FREE));
    let mut mapped = Mapped {
        model: model(&provider_id, &target.model, read.params, price),
        provider: spec(target.api.clone(), base_url, key.named),
        provider_id: provider_id.into(),
        fidelity: target.approximated.map_or(Fidelity::Exact, |_| Fidelity::Approximated),
        note: target.approximated.map_or_else(|| "A provider and a model.".to_owned(), str::to_owned),
        parts,
        inline_key: key.inline,
    };
    mapped.transform(entry);
    Ok(mapped)
}

impl Mapped {
    /// The entry's own transform, which sees what the provider answered. One that is not run makes its trials errors.
    fn transform(&mut self, entry: &ProviderEntry) {
        use domain::Code::{File, Inline, Unrun};
        let Some(code) = &entry.transform else { return };
        let made = match (self.model.transform.take(), translated(code)) {
            (Some(Inline(first)), Inline(own)) => Inline(http::one_after_the_other(&first, &own)),
            (Some(_), own @ (File(_) | Unrun { .. })) => {
                // Both are kept as they are written, so that an export has them.
                let note = "It is not run, since the entry's own transform is not. An export writes it again.";
                let name = http::transform_of(&entry.config).map(|(name, _)| format!("config.{name}"));
                self.parts.extend(name.map(|name| Part::unsupported(&name, note)));
                match own {
                    File(own) => {
                        let name = reference(Path::new(&own.name), own.export.as_deref());
                        Unrun { name, why: NO_FILE_AFTER_ANOTHER.to_owned() }
                    }
                    own => own,
                }
            }
            (_, own) => own,
        };
        if let Some(why) = made.unrun() {
            self.parts.push(Part::unsupported("transform", format!("{why} Its trials are errors.")));
        }
        self.model.transform = Some(made);
    }
}

const NO_FILE_AFTER_ANOTHER: &str =
    "A transform in a file cannot follow the response's own transform. Write it into the config.";

/// A file of code as a config names it, beside the config: where it lies on a machine is nobody's matter.
pub(super) fn reference(path: &Path, export: Option<&str>) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let export = export.map_or(String::new(), |export| format!(":{export}"));
    format!("file://{name}{export}")
}

fn translated(code: &Code) -> domain::Code {
    let unrun = |reference: &str, why: String| domain::Code::Unrun { name: reference.to_owned(), why };
    match code {
        Code::Inline(code) => domain::Code::Inline(code.clone()),
        Code::File { path, export, source } => domain::Code::File(ScriptFile {
            // Its name alone: where it lies on a machine is nobody's matter.
            name: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            export: export.clone(),
            source: source.to_string(),
        }),
        Code::Foreign { language, reference } => {
            unrun(reference, format!("`{reference}` is {language}, which is never run. Write it as JavaScript."))
        }
        Code::Unreadable { reference, why } => unrun(reference, why.clone()),
    }
}

impl Part {
    fn new(key: &str, fidelity: Fidelity, note: impl Into<String>) -> Self {
        Self { key: key.to_owned(), fidelity, note: note.into() }
    }

    pub(super) fn unsupported(key: &str, note: impl Into<String>) -> Self {
        Self::new(key, Fidelity::Unsupported, note)
    }

    pub(super) fn approximated(key: &str, note: impl Into<String>) -> Self {
        Self::new(key, Fidelity::Approximated, note)
    }
}

/// The address that the entry gives, or the vendor's.
fn address(config: &Map<String, Value>, target: &Target) -> Result<Option<String>, Unmapped> {
    let text = |name: &str| config.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let given = match (text("apiHost"), text("apiBaseUrl")) {
        _ if target.api == Api::Echo => return Ok(None),
        _ if target.api == Api::HuggingFace => match text("apiEndpoint") {
            None => return Ok(None),
            Some(endpoint) => above_its_model(endpoint, &target.model)?,
        },
        (Some(host), _) => {
            let host = host.trim_start_matches("https://").trim_end_matches('/');
            match target.dialect {
                params::Dialect::Anthropic | params::Dialect::Gemini => format!("https://{host}"),
                params::Dialect::Ollama | params::Dialect::OllamaText => format!("http://{host}"),
                _ if target.vendor == "azure" => format!("https://{host}/openai/v1"),
                _ => format!("https://{host}/v1"),
            }
        }
        (None, Some(base_url)) if target.vendor == "azure" => azure_address(base_url),
        (None, Some(base_url)) => base_url.trim_end_matches('/').to_owned(),
        (None, None) if target.vendor == "azure" => {
            return Err(Unmapped::new(
                "It names no `apiHost`: which Azure resource is meant stands in the environment.",
            ));
        }
        (None, None) => match (&target.api, text("apiVersion"), target.api.default_base_url()) {
            (Api::Gemini, Some(_), Some(usual)) => usual.to_owned(),
            _ => return Ok(target.base_url.clone()),
        },
    };
    if given.contains("{{") {
        return Err(Unmapped::new(format!("Its address `{given}` is a template. Write the address itself.")));
    }
    if secrets::looks_like_key(&given) {
        return Err(Unmapped::new(KEY_IN_ADDRESS));
    }
    Ok(Some(match (&target.api, text("apiVersion")) {
        (Api::Http(_), _) => given + target.dialect.path(),
        (Api::Gemini, Some(version)) => format!("{given}/{version}"),
        _ => given,
    }))
}

const KEY_IN_ADDRESS: &str = "A key stands in its address, where it would be written to files. Name it by `apiKey`.";

/// The address of an inference API, where the model's own below it is given.
fn above_its_model(endpoint: &str, model: &str) -> Result<String, Unmapped> {
    let base_url = endpoint.trim_end_matches('/').strip_suffix(model).and_then(|rest| rest.strip_suffix("/models/"));
    base_url.map(str::to_owned).ok_or_else(|| {
        Unmapped::new(format!("Its `apiEndpoint` does not end in `/models/{model}`, so it is asked in another way."))
    })
}

/// Azure's address that speaks as `OpenAI` does.
fn azure_address(base_url: &str) -> String {
    let base_url = base_url.trim_end_matches('/');
    if base_url.contains("/openai") { base_url.to_owned() } else { format!("{base_url}/openai/v1") }
}

fn unread_environment(entry: &ProviderEntry, variable: Option<&str>) -> Option<Part> {
    let others: Vec<&str> = entry.env.keys().map(String::as_str).filter(|name| Some(*name) != variable).collect();
    let note = format!("{} of the entry's own environment are not looked at.", others.join(", "));
    (!others.is_empty()).then(|| Part::unsupported("env", note))
}

fn spec(api: Api, base_url: Option<String>, key: Option<domain::SecretRef>) -> ProviderSpec {
    const CALLS: u32 = 8;
    ProviderSpec { api, base_url, key, concurrency: CALLS, note: String::new() }
}

fn model(provider: &str, model: &str, params: Params, price: Option<Price>) -> ModelSpec {
    ModelSpec {
        provider: provider.into(),
        model: model.to_owned(),
        price,
        context: None,
        max_output: None,
        params,
        transform: None,
        note: String::new(),
        kept: Map::new(),
    }
}

/// `http://127.0.0.1:8000` as an id: `127-0-0-1-8000`.
fn place_id(origin: &str) -> String {
    plain(origin.split_once("://").map_or(origin, |(_, place)| place))
}

fn is_loopback(origin: &str) -> bool {
    let host = origin.split_once("://").map_or(origin, |(_, place)| place);
    let host = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(host, _)| host);
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
