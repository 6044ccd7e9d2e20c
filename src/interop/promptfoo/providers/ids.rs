//! What an entry's id names.

use serde_json::{Map, Value, json};

use super::params::Dialect;
use super::{Target, Unmapped};
use crate::domain::{Api, HttpAnswer, HttpBody, HttpSpec};

/// A vendor whose API is `OpenAI`'s.
pub(super) struct Vendor {
    /// Before the colon.
    pub prefix: &'static str,
    pub base_url: &'static str,
    pub variable: &'static str,
}

pub(super) const VENDORS: [Vendor; 9] = [
    vendor("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    vendor("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    vendor("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    vendor("deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    vendor("xai", "https://api.x.ai/v1", "XAI_API_KEY"),
    vendor("togetherai", "https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    vendor("fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    vendor("perplexity", "https://api.perplexity.ai", "PERPLEXITY_API_KEY"),
    vendor("cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
];

const fn vendor(prefix: &'static str, base_url: &'static str, variable: &'static str) -> Vendor {
    Vendor { prefix, base_url, variable }
}

pub(super) const OPENAI: &str = "https://api.openai.com/v1";
pub(super) const LOCALAI: &str = "http://localhost:8080/v1";
pub(super) const OLLAMA: &str = "http://127.0.0.1:11434";

const RESPONSES: &str =
    "Asked through Chat Completions in place of the Responses API; its built-in tools are not there.";
const AZURE: &str =
    "Asked through the resource's address that speaks as OpenAI does (`/openai/v1`), which has no `api-version`.";

const LABELS: &str =
    "It gives labels, for `moderation` and `classifier`, and answers no prompt: its trials are errors.";

const HUGGING_FACE: &str = "huggingface";
const CLASSIFICATION: &str = "text-classification:";

/// What is asked of a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind<'i> {
    Chat,
    Responses,
    Completion,
    Embedding,
    Moderation,
    /// Pictures, speech, agents and the like.
    Other(&'i str),
}

const OTHERS: [&str; 19] = [
    "realtime",
    "transcription",
    "agents",
    "chatkit",
    "assistant",
    "image",
    "video",
    "speech",
    "tts",
    "audio",
    "voice",
    "live",
    "codex",
    "codex-sdk",
    "codex-app-server",
    "codex-desktop",
    "foundry-agent",
    "claude-agent-sdk",
    "claude-code",
];

/// `chat:M` as a kind and a model; without a kind, all of it is the model's name.
fn parted(rest: &str) -> (Kind<'_>, &str) {
    let (first, model) = rest.split_once(':').unwrap_or((rest, ""));
    let kind = match first {
        "chat" | "messages" => Kind::Chat,
        "responses" => Kind::Responses,
        "completion" => Kind::Completion,
        "embedding" | "embeddings" => Kind::Embedding,
        "moderation" => Kind::Moderation,
        other if OTHERS.contains(&other) => Kind::Other(other),
        _ => return (Kind::Chat, rest),
    };
    (kind, model)
}

/// What a grader can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::interop::promptfoo) enum Gives {
    Words,
    Vectors,
    /// Categories, each with a flag.
    Flags,
    /// Labels, each with a score.
    Classes,
}

/// What a provider of this id gives.
pub(in crate::interop::promptfoo) fn gives(id: &str) -> Gives {
    let (prefix, rest) = id.split_once(':').unwrap_or((id, ""));
    match parted(rest).0 {
        _ if prefix == HUGGING_FACE && rest.starts_with(CLASSIFICATION) => Gives::Classes,
        _ if prefix == HUGGING_FACE => Gives::Words,
        Kind::Embedding => Gives::Vectors,
        Kind::Moderation => Gives::Flags,
        _ => Gives::Words,
    }
}

pub(super) fn target(id: &str, config: &Map<String, Value>) -> Result<Target, Unmapped> {
    let (prefix, rest) = id.split_once(':').unwrap_or((id, ""));
    match prefix {
        "echo" => Ok(Target {
            vendor: "echo",
            api: Api::Echo,
            base_url: None,
            variable: None,
            dialect: Dialect::Echo,
            model: "echo".to_owned(),
            approximated: None,
        }),
        "openai" => openai(rest, config),
        "azure" | "azureopenai" => azure(rest, config),
        "anthropic" => anthropic(rest),
        "google" | "palm" => google(rest),
        "ollama" => ollama(rest),
        HUGGING_FACE if rest.starts_with(CLASSIFICATION) => classifier(&rest[CLASSIFICATION.len()..]),
        "localai" => compatible("localai", LOCALAI, None, rest, Dialect::LocalAi),
        other => match VENDORS.iter().find(|vendor| vendor.prefix == other) {
            Some(vendor) => {
                let dialect = if vendor.prefix == "mistral" { Dialect::Mistral } else { Dialect::OpenAi };
                compatible(vendor.prefix, vendor.base_url, Some(vendor.variable), rest, dialect)
            }
            None => Err(unknown(id, prefix)),
        },
    }
}

fn classifier(model: &str) -> Result<Target, Unmapped> {
    Ok(Target {
        vendor: HUGGING_FACE,
        api: Api::HuggingFace,
        base_url: None,
        variable: Some("HF_TOKEN"),
        dialect: Dialect::Vectors,
        model: required(HUGGING_FACE, model)?,
        approximated: Some(LABELS),
    })
}

fn openai(rest: &str, config: &Map<String, Value>) -> Result<Target, Unmapped> {
    let (kind, named) = parted(rest);
    let configured = config.get("model").and_then(Value::as_str).filter(|model| !model.trim().is_empty());
    let usual = match kind {
        Kind::Embedding => "text-embedding-3-large",
        Kind::Completion => "gpt-3.5-turbo-instruct",
        Kind::Moderation => "omni-moderation-latest",
        _ => "gpt-4.1-2025-04-14",
    };
    let model = if named.is_empty() { configured.unwrap_or(usual) } else { named };
    let target = compatible_model("openai", OPENAI, Some("OPENAI_API_KEY"), kind, model, Dialect::OpenAi)?;
    // The API's own default, so that a file need not say it.
    let is_default = target.api == Api::OpenAi;
    Ok(Target { base_url: target.base_url.filter(|_| !is_default), ..target })
}

fn azure(rest: &str, config: &Map<String, Value>) -> Result<Target, Unmapped> {
    let (kind, named) = parted(rest);
    let configured = config.get("deploymentName").and_then(Value::as_str).unwrap_or_default();
    let model = if named.is_empty() { configured } else { named };
    let mut target = compatible_model("azure", OPENAI, Some("AZURE_API_KEY"), kind, model, Dialect::OpenAi)?;
    target.base_url = None;
    Ok(Target { approximated: target.approximated.or(Some(AZURE)), ..target })
}

fn anthropic(rest: &str) -> Result<Target, Unmapped> {
    let (kind, model) = parted(rest);
    if kind != Kind::Chat || model.starts_with("claude-agent-sdk") || model.starts_with("claude-code") {
        return Err(Unmapped::new(format!("`anthropic:{rest}` is not the Messages API, and only that one is spoken.")));
    }
    Ok(Target {
        vendor: "anthropic",
        api: Api::Anthropic,
        base_url: None,
        variable: Some("ANTHROPIC_API_KEY"),
        dialect: Dialect::Anthropic,
        model: required("anthropic", model)?,
        approximated: None,
    })
}

fn google(rest: &str) -> Result<Target, Unmapped> {
    let (kind, model) = parted(rest);
    if !matches!(kind, Kind::Chat | Kind::Embedding) || model.contains("-image") {
        return Err(Unmapped::new(format!("`google:{rest}` does not answer with text.")));
    }
    Ok(Target {
        vendor: "google",
        api: Api::Gemini,
        base_url: None,
        variable: Some("GOOGLE_API_KEY"),
        dialect: if kind == Kind::Embedding { Dialect::Vectors } else { Dialect::Gemini },
        model: required("google", model)?,
        approximated: None,
    })
}

fn ollama(rest: &str) -> Result<Target, Unmapped> {
    let (kind, model) = match parted(rest) {
        // Without a kind it is a completion.
        (Kind::Chat, _) if !rest.starts_with("chat:") => (Kind::Completion, rest),
        parted => parted,
    };
    let dialect = match kind {
        Kind::Chat => Dialect::Ollama,
        Kind::Embedding => Dialect::Vectors,
        Kind::Completion => Dialect::OllamaText,
        Kind::Responses | Kind::Moderation | Kind::Other(_) => {
            return Err(Unmapped::new(format!("`ollama:{rest}` is none of chat, completion and embedding.")));
        }
    };
    let text = dialect == Dialect::OllamaText;
    Ok(Target {
        vendor: "ollama",
        api: if text { Api::Http(Box::new(ollama_text())) } else { Api::Ollama },
        base_url: text.then(|| format!("{OLLAMA}{}", dialect.path())),
        variable: None,
        dialect,
        model: required("ollama", model)?,
        approximated: None,
    })
}

fn compatible(
    vendor: &'static str,
    base_url: &str,
    variable: Option<&'static str>,
    rest: &str,
    dialect: Dialect,
) -> Result<Target, Unmapped> {
    let (kind, model) = parted(rest);
    compatible_model(vendor, base_url, variable, kind, model, dialect)
}

fn compatible_model(
    vendor: &'static str,
    base_url: &str,
    variable: Option<&'static str>,
    kind: Kind<'_>,
    model: &str,
    dialect: Dialect,
) -> Result<Target, Unmapped> {
    let chat = Target {
        vendor,
        api: Api::OpenAi,
        base_url: Some(base_url.to_owned()),
        variable,
        dialect,
        model: required(vendor, model)?,
        approximated: None,
    };
    match kind {
        Kind::Chat => Ok(chat),
        Kind::Responses => Ok(Target { dialect: Dialect::Responses, approximated: Some(RESPONSES), ..chat }),
        Kind::Embedding => Ok(Target { dialect: Dialect::Vectors, ..chat }),
        Kind::Moderation if vendor == "openai" => {
            Ok(Target { dialect: Dialect::Vectors, approximated: Some(LABELS), ..chat })
        }
        Kind::Moderation => Err(Unmapped::new(format!("`{vendor}` moderates in a way that is not spoken here."))),
        Kind::Completion => {
            let dialect = Dialect::OpenAiText;
            let base_url = Some(format!("{base_url}{}", dialect.path()));
            Ok(Target { api: Api::Http(Box::new(openai_text())), base_url, dialect, ..chat })
        }
        Kind::Other(kind) => {
            Err(Unmapped::new(format!("`{vendor}:{kind}` is not a model that answers a prompt with text.")))
        }
    }
}

fn required(vendor: &str, model: &str) -> Result<String, Unmapped> {
    let named = (!model.is_empty()).then(|| model.to_owned());
    named.ok_or_else(|| Unmapped::new(format!("`{vendor}` names no model.")))
}

/// The older API of `OpenAI` and of servers like it, which takes a text and goes on with it.
pub(super) fn openai_text() -> HttpSpec {
    let body = json!({
        "model": "{{model}}", "prompt": "{{prompt}}", "temperature": "{{temperature}}", "top_p": "{{top_p}}",
        "max_tokens": "{{max_tokens}}", "stop": "{{stop}}", "seed": "{{seed}}",
    });
    let answer = HttpAnswer::Pointer("/choices/0/text".to_owned());
    HttpSpec { body: HttpBody::Json(body), answer, ..HttpSpec::default() }
}

/// Ollama's `/api/generate`.
pub(super) fn ollama_text() -> HttpSpec {
    let options = json!({
        "temperature": "{{temperature}}", "top_p": "{{top_p}}", "num_predict": "{{max_tokens}}", "stop": "{{stop}}",
        "seed": "{{seed}}",
    });
    let body = json!({"model": "{{model}}", "prompt": "{{prompt}}", "stream": false, "options": options});
    let answer = HttpAnswer::Pointer("/response".to_owned());
    HttpSpec { body: HttpBody::Json(body), answer, ..HttpSpec::default() }
}

fn unknown(id: &str, prefix: &str) -> Unmapped {
    let why = match prefix {
        "file" => format!("`{id}` is a provider in a file of its own; its code is never run."),
        "python" | "exec" | "ruby" | "golang" | "package" => format!("`{id}` runs a program, which is never done."),
        "webhook" | "ws" | "wss" | "websocket" => format!("`{id}` is reached in a way that is not spoken here."),
        "bedrock" | "sagemaker" | "vertex" | "watsonx" | "snowflake" => {
            format!("`{prefix}` signs its requests with a cloud account, which is not spoken here.")
        }
        "promptfoo" | "mcp" | "browser" | "sequence" => format!("`{id}` is a part of promptfoo itself."),
        _ if std::path::Path::new(id)
            .extension()
            .is_some_and(|end| ["js", "mjs", "cjs", "ts", "py"].iter().any(|one| end == *one)) =>
        {
            format!("`{id}` is a provider in a file of its own; its code is never run.")
        }
        _ => format!("`{prefix}` is a provider that is not spoken here."),
    };
    Unmapped::new(why)
}
