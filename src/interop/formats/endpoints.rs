//! Which provider a name, an address or a model's name means.

use crate::domain::{Api, SecretRef};

/// How a provider is reached.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Endpoint {
    /// The provider's id in the workspace.
    pub id: String,
    pub api: Api,
    pub base_url: Option<String>,
    pub key: Option<SecretRef>,
    /// What the user must look at, as a sentence.
    pub note: Option<String>,
}

/// Where Azure's resources are reached by the wire format of Chat Completions.
const AZURE: &str = "https://RESOURCE.openai.azure.com/openai/v1";

/// Vendors whose servers are compatible: words in their names or hosts, address, variable of the key.
const COMPATIBLE: [(&str, &str, &str); 8] = [
    ("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    ("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    ("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    ("deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    ("together", "https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    ("fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    ("xai", "https://api.x.ai/v1", "XAI_API_KEY"),
    ("api.x.ai", "https://api.x.ai/v1", "XAI_API_KEY"),
];

impl Endpoint {
    fn new(id: &str, api: Api, base_url: Option<&str>, key: Option<&str>) -> Self {
        let key = key.map(|name| SecretRef::Env(name.to_owned()));
        Self { id: id.to_owned(), api, base_url: base_url.map(str::to_owned), key, note: None }
    }

    /// A provider that nothing here can call; its user binds another one to the model.
    pub fn unmapped(id: &str) -> Self {
        Self::new(id, Api::Unmapped, None, None)
    }

    /// The vendor's own address of a wire format.
    pub fn of_api(api: &Api) -> Self {
        match api {
            Api::Anthropic => Self::new("anthropic", Api::Anthropic, None, Some("ANTHROPIC_API_KEY")),
            Api::Gemini => Self::new("gemini", Api::Gemini, None, Some("GEMINI_API_KEY")),
            Api::Ollama => Self::new("ollama", Api::Ollama, None, None),
            Api::OpenAi | Api::HuggingFace | Api::Scripted(_) | Api::Echo | Api::Unmapped | Api::Http(_) => {
                Self::new("openai", Api::OpenAi, None, Some("OPENAI_API_KEY"))
            }
        }
    }

    /// The provider of this name, as `.prompty`, `ChainForge` and others call it.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let has = |word: &str| name.contains(word);
        if has("azure") || has("foundry") {
            let endpoint = Self::new("azure", Api::OpenAi, Some(AZURE), Some("AZURE_OPENAI_API_KEY"));
            let note = "Put the resource's own address in the place of RESOURCE.".to_owned();
            return Some(Self { note: Some(note), ..endpoint });
        }
        if let Some((id, base, key)) = COMPATIBLE.iter().find(|(word, ..)| has(word)) {
            let id = if *id == "api.x.ai" { "xai" } else { id };
            return Some(Self::new(id, Api::OpenAi, Some(base), Some(key)));
        }
        let api = match () {
            () if has("openai") || has("gpt") => Api::OpenAi,
            () if has("anthropic") || has("claude") => Api::Anthropic,
            () if has("google") || has("gemini") || has("palm") || has("generativelanguage") => Api::Gemini,
            () if has("ollama") || has(":11434") => Api::Ollama,
            () => return None,
        };
        Some(Self::of_api(&api))
    }

    /// The provider of a model that stands alone.
    pub fn of_model(model: &str) -> Self {
        let model = model.to_ascii_lowercase();
        let api = match () {
            () if model.starts_with("claude") => Api::Anthropic,
            () if model.starts_with("gemini") || model.starts_with("models/gemini") => Api::Gemini,
            () => Api::OpenAi,
        };
        Self::of_api(&api)
    }

    /// The provider at an address; `api` is the wire format that is spoken there.
    pub fn at(url: &str, api: &Api) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
        let own = Self::of_api(api);
        let default = own.api.default_base_url().unwrap_or_default();
        if host.is_empty()
            || default.contains(&format!("://{host}"))
            || local(&host) && default.contains("127.0.0.1:11434") && host.ends_with(":11434")
        {
            return own;
        }
        let base = format!("{scheme}://{host}/{}", base_path(path));
        let base = base.trim_end_matches('/');
        match Self::named(&host).filter(|known| known.api == *api) {
            Some(known) => Self { base_url: Some(base.to_owned()), note: None, ..known },
            None => Self { id: host_id(&host), base_url: Some(base.to_owned()), ..own },
        }
    }
}

fn local(host: &str) -> bool {
    ["localhost", "127.0.0.1"].iter().any(|name| host.starts_with(name))
}

/// A path without the call at its end.
fn base_path(path: &str) -> &str {
    const CALLS: [&str; 8] = [
        "/chat/completions",
        "/completions",
        "/responses",
        "/v1/messages",
        "/v1beta/models",
        "/v1/models",
        "/api/chat",
        "/api/generate",
    ];
    let slashed = ["chat/completions", "completions", "responses", "v1/messages", "api/chat", "api/generate"];
    if slashed.contains(&path.trim_end_matches('/')) || path.starts_with("v1beta/") {
        return "";
    }
    CALLS.iter().find_map(|call| path.find(call)).map_or(path, |at| &path[..at])
}

fn host_id(host: &str) -> String {
    crate::interop::names::slug(host.split(':').next().unwrap_or(host), "server")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_the_provider() {
        let check = |url: &str, api: Api, id: &str, base: Option<&str>| {
            let endpoint = Endpoint::at(url, &api);
            assert_eq!((endpoint.id.as_str(), endpoint.base_url.as_deref()), (id, base), "{url}");
        };
        check("https://api.openai.com/v1/chat/completions", Api::OpenAi, "openai", None);
        check("https://api.anthropic.com/v1/messages", Api::Anthropic, "anthropic", None);
        check(
            "https://generativelanguage.googleapis.com/v1beta/models/g:generateContent?key=AIza",
            Api::Gemini,
            "gemini",
            None,
        );
        check("http://localhost:11434/api/chat", Api::Ollama, "ollama", None);
        check("http://localhost:8080/v1/chat/completions", Api::OpenAi, "localhost", Some("http://localhost:8080/v1"));
        check(
            "https://me:secret@api.groq.com/openai/v1/chat/completions",
            Api::OpenAi,
            "groq",
            Some("https://api.groq.com/openai/v1"),
        );
    }

    #[test]
    fn a_name_tells_the_provider() {
        let check = |name: &str, id: Option<&str>| {
            assert_eq!(Endpoint::named(name).map(|endpoint| endpoint.id).as_deref(), id, "{name}");
        };
        check("azure_openai", Some("azure"));
        check("OpenAI", Some("openai"));
        check("openrouter", Some("openrouter"));
        check("my_provider", None);
        assert_eq!(Endpoint::of_model("claude-sonnet-4-5").api, Api::Anthropic);
        assert_eq!(Endpoint::of_model("gpt-5").api, Api::OpenAi);
    }
}
