//! What models cost: the workspace's own prices first, then the bundled table, never a guess.

use std::path::Path;
use std::sync::LazyLock;

use super::ron::read;
use crate::domain::{Api, Manifest, ModelId, ModelSpec, Price, PriceEntry, PriceTable, ProviderSpec};

/// Hosts of vendors that speak the `OpenAI` format, by the name that the table has for them.
const HOSTS: [(&str, &str); 10] = [
    ("api.openai.com", "openai"),
    ("api.anthropic.com", "anthropic"),
    ("generativelanguage.googleapis.com", "gemini"),
    ("api.mistral.ai", "mistral"),
    ("api.x.ai", "xai"),
    ("api.deepseek.com", "deepseek"),
    ("api.groq.com", "groq"),
    ("api.cohere.com", "cohere"),
    ("api.cohere.ai", "cohere"),
    ("eu.api.openai.com", "openai"),
];

/// How many tokens a model takes and gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TokenLimits {
    /// Input and output together.
    pub context: Option<u32>,
    pub max_output: Option<u32>,
}

/// The bundled price table.
pub fn pricing() -> &'static PriceTable {
    static TABLE: LazyLock<PriceTable> = LazyLock::new(|| {
        let bytes = include_bytes!("../../assets/pricing.ron");
        let empty = || PriceTable { dated: String::new(), models: Vec::new() };
        read(bytes, Path::new("pricing.ron")).value.unwrap_or_else(empty)
    });
    &TABLE
}

/// What a model costs; `None` where neither the workspace nor the table says it. A scripted model costs nothing, as do
/// one that Ollama runs on this machine and `OpenAI`'s moderation.
pub fn price_of(manifest: &Manifest, model: &ModelId) -> Option<Price> {
    let (spec, provider) = find(manifest, model)?;
    if let Some(price) = &spec.price {
        return Some(price.clone());
    }
    let is_ours = provider.api == Api::Ollama && is_loopback(base_url(provider));
    if provider.api.is_scripted() || is_ours || is_free_service(spec, provider) {
        return Some(Price::FREE);
    }
    entry(spec, provider).map(|entry| entry.price.clone())
}

/// `OpenAI`'s own moderation.
fn is_free_service(spec: &ModelSpec, provider: &ProviderSpec) -> bool {
    let moderates = ["omni-moderation-", "text-moderation-"].iter().any(|name| spec.model.starts_with(name));
    moderates && vendor(provider) == Some("openai")
}

/// How many tokens a model takes and gives, as far as the workspace or the table says it.
pub fn limits_of(manifest: &Manifest, model: &ModelId) -> TokenLimits {
    let Some((spec, provider)) = find(manifest, model) else { return TokenLimits::default() };
    let known = entry(spec, provider);
    TokenLimits {
        context: spec.context.or_else(|| known?.context),
        max_output: spec.max_output.or_else(|| known?.max_output),
    }
}

fn find<'m>(manifest: &'m Manifest, model: &ModelId) -> Option<(&'m ModelSpec, &'m ProviderSpec)> {
    let spec = manifest.models.get(model)?;
    Some((spec, manifest.providers.get(&spec.provider)?))
}

fn entry(spec: &ModelSpec, provider: &ProviderSpec) -> Option<&'static PriceEntry> {
    let vendor = vendor(provider)?;
    let mut entries = pricing().models.iter().filter(|entry| entry.provider == vendor);
    let tuned = |entry: &&PriceEntry| {
        entry.model.starts_with("ft:")
            && spec.model.strip_prefix(&entry.model).is_some_and(|rest| rest.starts_with(':'))
    };
    entries.clone().find(|entry| entry.model == spec.model).or_else(|| entries.find(tuned))
}

/// The vendor whose prices hold: the one whose server it is. A proxy or a server of one's own has no known prices.
fn vendor(provider: &ProviderSpec) -> Option<&'static str> {
    let host = host(base_url(provider)?)?;
    HOSTS.iter().find(|(known, _)| *known == host).map(|(_, vendor)| *vendor)
}

fn base_url(provider: &ProviderSpec) -> Option<&str> {
    provider.base_url.as_deref().or_else(|| provider.api.default_base_url())
}

/// The host without its port, in lower case; `None` for what is not a plain HTTP address.
fn host(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    if authority.contains('@') {
        return None;
    }
    let host = match authority.strip_prefix('[') {
        Some(six) => six.split(']').next()?,
        None => authority.split(':').next()?,
    };
    Some(host.to_lowercase())
}

fn is_loopback(url: Option<&str>) -> bool {
    let Some(host) = url.and_then(host) else { return false };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::domain::{AlertRules, Params, Policy, Usd};

    fn manifest(api: Api, base_url: Option<&str>, model: &str, price: Option<Price>) -> Manifest {
        let provider =
            ProviderSpec { api, base_url: base_url.map(str::to_owned), key: None, concurrency: 1, note: String::new() };
        let model = ModelSpec {
            provider: "p".into(),
            model: model.to_owned(),
            price,
            context: None,
            max_output: Some(7),
            params: Params::default(),
            transform: None,
            note: String::new(),
            kept: serde_json::Map::new(),
        };
        Manifest {
            format: 1,
            name: String::new(),
            note: String::new(),
            providers: BTreeMap::from([("p".into(), provider)]),
            models: BTreeMap::from([("m".into(), model)]),
            policy: Policy::default(),
            alerts: AlertRules::default(),
            otlp: None,
        }
    }

    #[test]
    fn the_bundled_table_is_read_and_holds_no_doubtful_entry() {
        let table = pricing();
        assert_eq!(table.dated, "2026-11-23");
        assert!(table.models.len() > 150);
        let mut seen = BTreeSet::new();
        for entry in &table.models {
            assert!(seen.insert((&entry.provider, &entry.model)), "{} stands twice", entry.model);
            assert!(entry.price.input > Usd::ZERO && entry.price.output > Usd::ZERO, "{}", entry.model);
        }
    }

    #[test]
    fn a_price_comes_from_the_workspace_then_from_the_vendors_table_and_is_else_unknown() {
        let dollars = |amount| Usd::from_dollars(amount).unwrap();
        let own = Price { input: dollars(9.0), output: dollars(9.0), ..Price::FREE };
        let check = |api, base: Option<&str>, model: &str, expect: Option<f64>| {
            let found = price_of(&manifest(api, base, model, None), &"m".into());
            assert_eq!(found.map(|price| price.input), expect.map(dollars), "{base:?} {model}");
        };
        check(Api::OpenAi, None, "gpt-4o", Some(2.5));
        check(Api::OpenAi, Some("https://api.openai.com/v1"), "gpt-4o", Some(2.5));
        check(Api::OpenAi, Some("https://proxy.example/v1"), "gpt-4o", None);
        check(Api::OpenAi, Some("https://api.openai.com@evil.example/v1"), "gpt-4o", None);
        check(Api::OpenAi, Some("https://api.mistral.ai/v1"), "gpt-4o", None);
        check(Api::OpenAi, None, "gpt-of-tomorrow", None);
        check(Api::OpenAi, None, "omni-moderation-latest", Some(0.0));
        check(Api::OpenAi, Some("https://proxy.example/v1"), "omni-moderation-latest", None);
        check(Api::HuggingFace, None, "ProsusAI/finbert", None);
        check(Api::OpenAi, None, "ft:gpt-4o-2024-08-06:acme::abc", Some(3.75));
        check(Api::Ollama, None, "llama", Some(0.0));
        check(Api::Ollama, Some("http://[::1]:11434"), "llama", Some(0.0));
        check(Api::Ollama, Some("http://gpu.example:11434"), "llama", None);
        check(Api::OpenAi, Some("http://127.0.0.1:8000/v1"), "llama", None);
        check(Api::Scripted("s.ron".to_owned()), None, "x", Some(0.0));
        let manifest = manifest(Api::OpenAi, None, "gpt-4o", Some(own.clone()));
        assert_eq!(price_of(&manifest, &"m".into()), Some(own));
        assert_eq!(price_of(&manifest, &"none".into()), None);
        assert_eq!(limits_of(&manifest, &"m".into()), TokenLimits { context: Some(128_000), max_output: Some(7) });
    }
}
