//! The way back: an id and a config that promptfoo understands.

use serde_json::{Map, Value, json};

use super::http::expression;
use super::ids::{LOCALAI, VENDORS, ollama_text, openai_text};
use super::params::{Dialect, written};
use crate::domain::{Api, HttpAnswer, HttpBody, HttpSpec, ModelSpec, Params, ProviderSpec, SecretRef};

/// The id and the config of a provider entry for this model, without its transform; `None` for a scripted model, which
/// promptfoo has nothing like. A key of the keyring is left to the usual variable, since promptfoo reads no keyring.
#[must_use]
pub fn config_for(model: &ModelSpec, provider: &ProviderSpec) -> Option<(String, Value)> {
    let name = model.model.as_str();
    let base_url = provider.base_url.as_deref();
    let (id, mut config) = match &provider.api {
        Api::Echo => ("echo".to_owned(), model.params.extra.clone()),
        // An id that nothing here knows goes back as it came.
        Api::Unmapped => (name.to_owned(), Map::new()),
        Api::Scripted(_) => return None,
        Api::OpenAi => compatible(name, provider, &model.params),
        Api::Anthropic => {
            let id = format!("anthropic:messages:{name}");
            (id, addressed(written(&model.params, Dialect::Anthropic, name), base_url, provider, "ANTHROPIC_API_KEY"))
        }
        Api::Gemini => {
            let id = format!("google:{name}");
            (id, addressed(written(&model.params, Dialect::Gemini, name), base_url, provider, "GOOGLE_API_KEY"))
        }
        Api::Ollama => {
            let config = written(&model.params, Dialect::Ollama, name);
            (format!("ollama:chat:{name}"), addressed(config, base_url, provider, "OLLAMA_API_KEY"))
        }
        Api::HuggingFace => {
            let mut config = addressed(Map::new(), None, provider, "HF_TOKEN");
            if let Some(base_url) = base_url {
                let endpoint = format!("{}/models/{name}", base_url.trim_end_matches('/'));
                config.insert("apiEndpoint".to_owned(), endpoint.into());
            }
            (format!("huggingface:text-classification:{name}"), config)
        }
        Api::Http(http) if **http == openai_text() => {
            let config = written(&model.params, Dialect::OpenAiText, name);
            let base_url = base_url.map(|url| url.trim_end_matches(Dialect::OpenAiText.path()));
            let base_url = base_url.filter(|url| *url != super::ids::OPENAI);
            (format!("openai:completion:{name}"), addressed(config, base_url, provider, "OPENAI_API_KEY"))
        }
        Api::Http(http) if **http == ollama_text() => {
            let config = written(&model.params, Dialect::OllamaText, name);
            let base_url = base_url.map(|url| url.trim_end_matches(Dialect::OllamaText.path()));
            let base_url = base_url.filter(|url| *url != super::ids::OLLAMA);
            (format!("ollama:completion:{name}"), addressed(config, base_url, provider, "OLLAMA_API_KEY"))
        }
        Api::Http(http) => described(http, name, &model.params, provider)?,
    };
    if let Some(price) = &model.price {
        const MILLION: f64 = 1e6;
        if price.input.nanos() > 0 || price.output.nanos() > 0 {
            config.insert("inputCost".to_owned(), json!(price.input.dollars() / MILLION));
            config.insert("outputCost".to_owned(), json!(price.output.dollars() / MILLION));
        }
    }
    Some((id, Value::Object(config)))
}

fn compatible(name: &str, provider: &ProviderSpec, params: &Params) -> (String, Map<String, Value>) {
    let base_url = provider.base_url.as_deref().filter(|url| url.trim_end_matches('/') != super::ids::OPENAI);
    let known = base_url.and_then(|url| VENDORS.iter().find(|vendor| vendor.base_url == url.trim_end_matches('/')));
    if let Some(vendor) = known {
        let dialect = if vendor.prefix == "mistral" { Dialect::Mistral } else { Dialect::OpenAi };
        let config = addressed(written(params, dialect, name), None, provider, vendor.variable);
        return (format!("{}:{name}", vendor.prefix), config);
    }
    if base_url == Some(LOCALAI) && provider.key.is_none() {
        return (format!("localai:chat:{name}"), written(params, Dialect::LocalAi, name));
    }
    let mut config = addressed(written(params, Dialect::OpenAi, name), base_url, provider, "OPENAI_API_KEY");
    if base_url.is_some() && provider.key.is_none() {
        config.insert("apiKeyRequired".to_owned(), Value::Bool(false));
    }
    (format!("openai:chat:{name}"), config)
}

fn addressed(
    mut config: Map<String, Value>,
    base_url: Option<&str>,
    provider: &ProviderSpec,
    usual: &str,
) -> Map<String, Value> {
    if let Some(base_url) = base_url {
        config.insert("apiBaseUrl".to_owned(), base_url.into());
    }
    if let Some(SecretRef::Env(name)) = provider.key.as_ref().filter(|key| **key != SecretRef::Env(usual.to_owned())) {
        config.insert("apiKeyEnvar".to_owned(), name.as_str().into());
    }
    config
}

fn described(
    http: &HttpSpec,
    model: &str,
    params: &Params,
    provider: &ProviderSpec,
) -> Option<(String, Map<String, Value>)> {
    let url = provider.base_url.clone()?;
    let known = known(model, params);
    let mut config = Map::new();
    config.insert("method".to_owned(), http.method.word().into());
    let mut headers: Map<String, Value> =
        http.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    if let Some(SecretRef::Env(variable)) = &provider.key {
        let (name, before) = match &http.key_header {
            Some(place) => (place.header.as_str(), place.before.as_str()),
            None => ("authorization", "Bearer "),
        };
        headers.insert(name.to_owned(), format!("{before}{{{{env.{variable}}}}}").into());
    }
    let is_json = matches!(http.body, HttpBody::Json(_) | HttpBody::UnpackedJson(_));
    if is_json && !headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
        headers.insert("content-type".to_owned(), "application/json".into());
    }
    if !headers.is_empty() {
        config.insert("headers".to_owned(), Value::Object(headers));
    }
    if !http.query.is_empty() {
        let query = http.query.iter().map(|(name, value)| (name.clone(), filled(value, &known).into()));
        config.insert("queryParams".to_owned(), Value::Object(query.collect()));
    }
    match &http.body {
        HttpBody::Empty => {}
        HttpBody::Text(text) => {
            config.insert("body".to_owned(), filled(text, &known).into());
        }
        HttpBody::Json(body) | HttpBody::UnpackedJson(body) => {
            let mut body = in_json(body, &known).unwrap_or_default();
            if let Value::Object(fields) = &mut body {
                fields.extend(params.extra.clone());
            }
            config.insert("body".to_owned(), body);
        }
    }
    let response = match &http.answer {
        HttpAnswer::Text => Some("text".to_owned()),
        HttpAnswer::Json => None,
        HttpAnswer::Pointer(pointer) => Some(expression(pointer)),
    };
    if let Some(response) = response {
        config.insert("transformResponse".to_owned(), response.into());
    }
    Some((url, config))
}

/// What promptfoo has no variables for. Messages are the prompt there, which unpacks itself.
fn known(model: &str, params: &Params) -> Vec<(&'static str, Option<Value>)> {
    vec![
        ("messages", Some("{{prompt}}".into())),
        ("model", Some(model.into())),
        ("temperature", params.temperature.map(Value::from)),
        ("top_p", params.top_p.map(Value::from)),
        ("max_tokens", params.max_tokens.map(Value::from)),
        ("stop", (!params.stop.is_empty()).then(|| json!(params.stop))),
        ("seed", params.seed.map(Value::from)),
    ]
}

/// `None` where the field is left out.
fn in_json(value: &Value, known: &[(&str, Option<Value>)]) -> Option<Value> {
    match value {
        Value::String(text) => {
            let alone = text.trim().strip_prefix("{{").and_then(|text| text.strip_suffix("}}")).map(str::trim);
            match known.iter().find(|(name, _)| Some(*name) == alone) {
                Some((_, value)) => value.clone(),
                None => Some(filled(text, known).into()),
            }
        }
        Value::Array(items) => Some(items.iter().map(|item| in_json(item, known).unwrap_or_default()).collect()),
        Value::Object(fields) => {
            let there = fields.iter().filter_map(|(name, value)| Some((name.clone(), in_json(value, known)?)));
            Some(Value::Object(there.collect()))
        }
        other => Some(other.clone()),
    }
}

fn filled(text: &str, known: &[(&str, Option<Value>)]) -> String {
    let mut text = text.to_owned();
    for (name, value) in known {
        let value = match value {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        };
        for written in [format!("{{{{{name}}}}}"), format!("{{{{ {name} }}}}")] {
            text = text.replace(&written, &value);
        }
    }
    text
}
