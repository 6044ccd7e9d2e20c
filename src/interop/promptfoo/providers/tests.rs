//! Ids and configs, and what they become.

use std::path::Path;

use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use super::*;
use crate::domain::{HttpAnswer, HttpBody, HttpMethod, HttpSpec, SecretRef};
use crate::interop::promptfoo::report::Location;

fn entry(id: &str, config: Value) -> ProviderEntry {
    let Value::Object(config) = config else { panic!("{config} is no config") };
    ProviderEntry {
        id: id.to_owned(),
        label: None,
        config,
        prompts: None,
        transform: None,
        delay_ms: None,
        env: Map::new(),
        path: String::new(),
        at: Location::whole(Path::new("promptfooconfig.yaml")),
        others: Map::new(),
    }
}

fn mapped(id: &str, config: Value) -> Mapped {
    provider(&entry(id, config)).unwrap_or_else(|unmapped| panic!("{id}: {unmapped}"))
}

/// API, address, key and model, with `-` for what is not there.
fn line(mapped: &Mapped) -> String {
    let provider = &mapped.provider;
    let key = match &provider.key {
        Some(SecretRef::Env(name)) => name,
        _ => "-",
    };
    let base_url = provider.base_url.as_deref().unwrap_or("-");
    format!("{} {} {base_url} {key} {}", mapped.provider_id, provider.api.word(), mapped.model.model)
}

/// Parameters as they would be written.
fn params(mapped: &Mapped) -> Value {
    serde_json::to_value(&mapped.model.params).unwrap()
}

fn part<'m>(mapped: &'m Mapped, key: &str) -> &'m Part {
    mapped.parts.iter().find(|part| part.key == key).unwrap_or_else(|| panic!("{key} is not among {:?}", mapped.parts))
}

#[test]
fn ids_name_apis_addresses_and_keys() {
    let check = |id: &str, config: Value, expect: &str| {
        assert_eq!(line(&mapped(id, config)), expect, "{id}");
    };
    let none = || json!({});
    check("echo", none(), "echo echo - - echo");
    check("openai:chat:gpt-4.1-mini", none(), "openai openai - OPENAI_API_KEY gpt-4.1-mini");
    check("openai:gpt-4.1-mini", none(), "openai openai - OPENAI_API_KEY gpt-4.1-mini");
    check("openai:chat:ft:gpt-4o:acme::abc", none(), "openai openai - OPENAI_API_KEY ft:gpt-4o:acme::abc");
    check("openai:responses:gpt-5", none(), "openai openai - OPENAI_API_KEY gpt-5");
    check("openai:chat", none(), "openai openai - OPENAI_API_KEY gpt-4.1-2025-04-14");
    check("openai:chat", json!({"model": "gpt-x"}), "openai openai - OPENAI_API_KEY gpt-x");
    for kind in ["embedding", "embeddings"] {
        let id = format!("openai:{kind}:text-embedding-3-small");
        check(&id, none(), "openai openai - OPENAI_API_KEY text-embedding-3-small");
    }
    check("openai:moderation", none(), "openai openai - OPENAI_API_KEY omni-moderation-latest");
    let finbert = "huggingface:text-classification:ProsusAI/finbert";
    check(finbert, none(), "huggingface huggingface - HF_TOKEN ProsusAI/finbert");
    let own = json!({"apiEndpoint": "https://gate.example/v2/models/ProsusAI/finbert"});
    check(finbert, own, "gate-example huggingface https://gate.example/v2 - ProsusAI/finbert");
    let completion = "openai http https://api.openai.com/v1/completions OPENAI_API_KEY gpt-3.5-turbo-instruct";
    check("openai:completion:gpt-3.5-turbo-instruct", none(), completion);
    check("anthropic:messages:claude-sonnet-4-6", none(), "anthropic anthropic - ANTHROPIC_API_KEY claude-sonnet-4-6");
    check("anthropic:claude-sonnet-4-6", none(), "anthropic anthropic - ANTHROPIC_API_KEY claude-sonnet-4-6");
    check("google:gemini-2.5-flash", none(), "google gemini - GOOGLE_API_KEY gemini-2.5-flash");
    let older = "google gemini https://generativelanguage.googleapis.com/v1alpha GOOGLE_API_KEY gemini-x";
    check("google:gemini-x", json!({"apiVersion": "v1alpha"}), older);
    check("google:embedding:gemini-embedding-001", none(), "google gemini - GOOGLE_API_KEY gemini-embedding-001");
    check("ollama:chat:llama3.2:3b", none(), "ollama ollama - - llama3.2:3b");
    check("ollama:embeddings:nomic", none(), "ollama ollama - - nomic");
    for id in ["ollama:completion:llama3.2:3b", "ollama:llama3.2:3b"] {
        check(id, none(), "ollama http http://127.0.0.1:11434/api/generate - llama3.2:3b");
    }
    let router = "openrouter openai https://openrouter.ai/api/v1 OPENROUTER_API_KEY meta/llama:free";
    check("openrouter:meta/llama:free", none(), router);
    check("groq:llama-3", none(), "groq openai https://api.groq.com/openai/v1 GROQ_API_KEY llama-3");
    check("mistral:mistral-large", none(), "mistral openai https://api.mistral.ai/v1 MISTRAL_API_KEY mistral-large");
    check(
        "deepseek:deepseek-chat",
        none(),
        "deepseek openai https://api.deepseek.com/v1 DEEPSEEK_API_KEY deepseek-chat",
    );
    check("xai:grok-4", none(), "xai openai https://api.x.ai/v1 XAI_API_KEY grok-4");
    check("togetherai:chat:m", none(), "togetherai openai https://api.together.xyz/v1 TOGETHER_API_KEY m");
    check("fireworks:a/b", none(), "fireworks openai https://api.fireworks.ai/inference/v1 FIREWORKS_API_KEY a/b");
    check("perplexity:sonar", none(), "perplexity openai https://api.perplexity.ai PERPLEXITY_API_KEY sonar");
    check("cerebras:llama", none(), "cerebras openai https://api.cerebras.ai/v1 CEREBRAS_API_KEY llama");
    check("localai:chat:m", none(), "localai openai http://localhost:8080/v1 - m");
    check("localai:m", none(), "localai openai http://localhost:8080/v1 - m");
    let azure = "team-openai-azure-com openai https://team.openai.azure.com/openai/v1 AZURE_API_KEY gpt";
    check("azure:chat:gpt", json!({"apiHost": "team.openai.azure.com"}), azure);
    check("azureopenai:chat:gpt", json!({"apiBaseUrl": "https://team.openai.azure.com/"}), azure);
    let local = json!({"apiBaseUrl": "http://127.0.0.1:8000/v1/"});
    check("openai:chat:qwen", local.clone(), "127-0-0-1-8000 openai http://127.0.0.1:8000/v1 - qwen");
    check("openai:completion:qwen", local, "127-0-0-1-8000 http http://127.0.0.1:8000/v1/completions - qwen");
    check(
        "anthropic:claude-x",
        json!({"apiBaseUrl": "https://gate.example"}),
        "gate-example anthropic https://gate.example - claude-x",
    );
}

#[test]
fn what_cannot_be_called_says_why() {
    let check = |id: &str, config: Value, why: &str| {
        let unmapped = provider(&entry(id, config)).expect_err(id).why;
        assert!(unmapped.contains(why) && unmapped.ends_with("Bind a model to it."), "{id}: {unmapped}");
    };
    let none = || json!({});
    check("python:provider.py", none(), "runs a program");
    check("exec:./call.sh", none(), "runs a program");
    check("file://provider.js", none(), "its code is never run");
    check("provider.mjs", none(), "its code is never run");
    check("bedrock:anthropic.claude", none(), "cloud account");
    check("vertex:gemini-2.5-pro", none(), "cloud account");
    check("huggingface:text-generation:gpt2", none(), "`huggingface` is a provider that is not spoken here");
    check("replicate:meta/llama", none(), "`replicate`");
    check("openai:image:dall-e-3", none(), "`openai:image`");
    check("mistral:moderation:m", none(), "`mistral` moderates in a way");
    check("huggingface:text-classification:a/b", json!({"apiEndpoint": "https://x.example"}), "`apiEndpoint`");
    check("anthropic:completion:claude-2", none(), "not the Messages API");
    check("google:video:veo", none(), "does not answer with text");
    check("groq:", none(), "names no model");
    check("azure:chat:gpt", none(), "`apiHost`");
    check("openai:chat:m", json!({"apiBaseUrl": "{{ env.GATEWAY }}"}), "is a template");
    check("openai:chat:m", json!({"apiBaseUrl": "http://api.example.com/v1"}), "plain http");
    check("openai:chat:m", json!({"apiBaseUrl": "http://169.254.169.254/v1"}), "link-local");
    check("http", none(), "names no `url`");
    check("https://a.example/ask", none(), "no `body`");
    check("https://a.example/{{path}}", json!({"body": {}}), "is a template");
    check("https://a.example", json!({"body": {"q": "{{country}}"}}), "{{country}}");
    check("https://a.example", json!({"body": {}, "transformRequest": "x"}), "`transformRequest`");
    check("https://a.example", json!({"body": {}, "auth": {"type": "oauth"}}), "`auth.type: oauth`");
    check("https://a.example", json!({"body": {}, "transformResponse": "file://t.js"}), "in a file");
    check("https://a.example", json!({"body": {}, "method": "DELETE"}), "DELETE");
}

#[test]
fn keys_are_named_and_never_written() {
    let check = |config: Value, named: Option<&str>, inline: Option<&str>| {
        let mapped = mapped("openai:chat:m", config.clone());
        assert_eq!(mapped.provider.key, named.map(|name| SecretRef::Env(name.to_owned())), "{config}");
        assert_eq!(
            mapped.inline_key.as_ref().map(|key| key.secret.expose_secret().to_owned()).as_deref(),
            inline,
            "{config}"
        );
        let written = format!("{:?} {:?} {:?}", mapped.provider, mapped.model, mapped.parts);
        assert!(!written.contains("sk-canary"), "{written}");
    };
    check(json!({}), Some("OPENAI_API_KEY"), None);
    check(json!({"apiKeyEnvar": "TEAM_KEY"}), Some("TEAM_KEY"), None);
    check(json!({"apiKey": "{{ env.OTHER_KEY }}"}), Some("OTHER_KEY"), None);
    check(json!({"apiKey": "{{env['OTHER_KEY']}}"}), Some("OTHER_KEY"), None);
    // A key of the config never goes under a name by which the user's own is found.
    let own = Some("API_OPENAI_COM_API_KEY");
    check(json!({"apiKey": "sk-canary"}), own, Some("sk-canary"));
    check(json!({"apiKey": "sk-canary", "apiKeyEnvar": "TEAM_KEY"}), own, Some("sk-canary"));
    check(json!({"apiKey": "{{ env.A }}{{ env.B }}"}), Some("OPENAI_API_KEY"), None);
    check(json!({"apiKeyRequired": false}), None, None);
    let gate = json!({"apiBaseUrl": "https://gate.example/v1"});
    check(gate, None, None);
    let gate = json!({"apiBaseUrl": "https://gate.example/v1", "apiKey": "sk-canary"});
    check(gate, Some("GATE_EXAMPLE_API_KEY"), Some("sk-canary"));
    let gate = json!({"apiBaseUrl": "https://gate.example/v1", "apiKeyEnvar": "OPENAI_API_KEY"});
    check(gate, Some("OPENAI_API_KEY"), None);
    let local = json!({"apiBaseUrl": "http://localhost:9/v1", "apiKey": "sk-canary"});
    check(local, Some("LOCALHOST_9_API_KEY"), Some("sk-canary"));

    let mut own = entry("groq:m", json!({}));
    own.env.insert("GROQ_API_KEY".to_owned(), "{{ env.MINE }}".into());
    own.env.insert("OTHER".to_owned(), "1".into());
    let mapped = provider(&own).unwrap();
    assert_eq!(mapped.provider.key, Some(SecretRef::Env("MINE".to_owned())));
    assert!(part(&mapped, "env").note.starts_with("OTHER of the entry's"));
}

#[test]
fn parameters_are_those_that_promptfoo_sends() {
    let check = |id: &str, config: Value, expect: Value| {
        let mapped = mapped(id, config.clone());
        assert_eq!(params(&mapped), expect, "{id} {config}");
    };
    check("openai:chat:gpt-4.1", json!({}), json!({"temperature": 0.0, "max_tokens": 1024}));
    check("openai:chat:gpt-4.1", json!({"omitDefaults": true}), json!({}));
    check(
        "openai:chat:gpt-4.1",
        json!({"temperature": 0.5, "max_tokens": 9, "top_p": 0.9, "stop": ["a"], "seed": 3, "presence_penalty": 1,
            "tool_choice": "auto", "passthrough": {"top_k": 5, "tool_choice": "none"}}),
        json!({"temperature": 0.5, "top_p": 0.9, "max_tokens": 9, "stop": ["a"], "seed": 3,
            "extra": {"top_k": 5, "tool_choice": "none", "presence_penalty": 1}}),
    );
    check(
        "openai:chat:gpt-5-mini",
        json!({"temperature": 0.5, "max_tokens": 9, "max_completion_tokens": 90, "reasoning_effort": "low"}),
        json!({"max_tokens": 90, "reasoning_effort": "Low"}),
    );
    check("openai:chat:o3", json!({"reasoning_effort": "xhigh"}), json!({"extra": {"reasoning_effort": "xhigh"}}));
    check("openai:chat:gpt-4o", json!({"omitDefaults": true, "reasoning_effort": "low"}), json!({}));
    check(
        "openai:responses:gpt-5",
        json!({"max_output_tokens": 50, "reasoning": {"effort": "high"}}),
        json!({"max_tokens": 50, "reasoning_effort": "High"}),
    );
    check(
        "groq:m",
        json!({"response_format": {"type": "json_object"}}),
        json!({"temperature": 0.0, "max_tokens": 1024, "response": "Json"}),
    );
    let schema = json!({"type": "object"});
    check(
        "groq:m",
        json!({"omitDefaults": true, "response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": schema}}}),
        json!({"response": {"Schema": schema}, "extra": {"response_format": {"json_schema": {"name": "x", "strict": true}}}}),
    );
    check(
        "mistral:m",
        json!({"random_seed": 7}),
        json!({"top_p": 1.0, "max_tokens": 1024, "extra": {"random_seed": 7}}),
    );
    check("localai:chat:m", json!({}), json!({"temperature": 0.7}));
    check("anthropic:claude-sonnet-4-5", json!({}), json!({"temperature": 0.0, "max_tokens": 1024}));
    check("anthropic:claude-opus-4-7", json!({"temperature": 1, "top_k": 4}), json!({"max_tokens": 1024}));
    let thinking = json!({"type": "enabled", "budget_tokens": 1024});
    check(
        "anthropic:claude-sonnet-4-5",
        json!({"temperature": 1, "thinking": thinking, "extra_body": {"a": 1}}),
        json!({"max_tokens": 2048, "extra": {"a": 1, "thinking": thinking}}),
    );
    check("anthropic:claude-sonnet-4-5", json!({"top_p": 0.5}), json!({"top_p": 0.5, "max_tokens": 1024}));
    check(
        "google:gemini-2.5-flash",
        json!({"temperature": 0.1, "topK": 3, "generationConfig": {"temperature": 0.9, "maxOutputTokens": 7},
            "safetySettings": []}),
        json!({"temperature": 0.9, "max_tokens": 7, "extra": {"generationConfig": {"topK": 3}, "safetySettings": []}}),
    );
    check("ollama:chat:m", json!({}), json!({}));
    check(
        "ollama:chat:m",
        json!({"num_predict": 5, "num_ctx": 100, "format": "json", "think": false, "passthrough": {"options": {"a": 1}}}),
        json!({"max_tokens": 5, "response": "Json", "extra": {"options": {"num_ctx": 100, "a": 1}, "think": false}}),
    );
    check("openai:embedding:m", json!({}), json!({}));
    check("echo", json!({}), json!({}));
}

#[test]
fn what_is_not_carried_over_is_told() {
    use Fidelity::{Approximated, Exact, Unsupported};
    let check = |id: &str, config: Value, key: &str, fidelity: Fidelity, note: &str| {
        let mapped = mapped(id, config);
        let part = part(&mapped, key);
        assert!(part.fidelity == fidelity && part.note.contains(note), "{part:?}");
    };
    let chat = "openai:chat:gpt-4.1";
    check(chat, json!({"headers": {"x": "y"}}), "config.headers", Unsupported, "not sent");
    check(chat, json!({"mcp": {"enabled": true}}), "config.mcp", Unsupported, "Tool servers");
    check(chat, json!({"functionToolCallbacks": {}}), "config.functionToolCallbacks", Unsupported, "never run");
    check(chat, json!({"tempurature": 1}), "config.tempurature", Unsupported, "not a field");
    check(chat, json!({"temperature": "warm"}), "config.temperature", Unsupported, "not a number");
    check(chat, json!({"tools": "file://tools.json"}), "config.tools", Unsupported, "not read");
    check(chat, json!({"tools": [{"x": "{{a}}"}]}), "config.tools", Approximated, "as they stand");
    check(chat, json!({"max_completion_tokens": 9}), "config.max_completion_tokens", Exact, "reasoning models");
    check(chat, json!({"response_format": "file://f.json"}), "config.response_format", Unsupported, "file");
    check("openai:chat:o3", json!({"temperature": 1}), "config.temperature", Exact, "takes none");
    check("google:gemini-x", json!({"responseSchema": "file://s"}), "config.responseSchema", Unsupported, "not read");
    check("echo", json!({"delay": 1}), "config.delay", Unsupported, "kept for the way back");
    assert!(mapped(chat, json!({"temperature": 1, "max_tokens": 2})).parts.is_empty());
    assert_eq!(mapped("openai:responses:gpt-5", json!({})).fidelity, Approximated);
    assert_eq!(mapped(chat, json!({})).fidelity, Exact);
}

#[test]
fn prices_are_those_of_the_config() {
    let price = |config: Value| {
        mapped("openai:chat:gpt-4.1", config).model.price.map(|p| (p.input.dollars(), p.output.dollars()))
    };
    assert_eq!(price(json!({})), None);
    assert_eq!(price(json!({"cost": 0.000_002})), Some((2.0, 2.0)));
    assert_eq!(price(json!({"inputCost": 0.000_001, "outputCost": 0.000_004})), Some((1.0, 4.0)));
    assert_eq!(price(json!({"inputCost": 0.000_001})), None);
    assert_eq!(mapped("ollama:llama", json!({})).model.price, Some(Price::FREE));
    assert_eq!(mapped("ollama:llama", json!({"apiBaseUrl": "https://gpu.example"})).model.price, None);
}

fn http(mapped: &Mapped) -> &HttpSpec {
    match &mapped.provider.api {
        Api::Http(http) => http,
        other => panic!("{other:?} is not described"),
    }
}

#[test]
fn an_address_becomes_a_described_api() {
    let config = json!({
        "url": "https://api.example.com/v2/ask?lang=en&q={{prompt}}",
        "method": "PUT",
        "headers": {"Content-Type": "application/json", "X-Api-Key": "{{env.ASK_KEY}}", "x-trace": "on", "cookie": "a=b"},
        "queryParams": {"version": 3},
        "body": {"messages": "{{prompt}}", "deep": [{"n": 1}]},
        "transformResponse": "json.answer.text",
    });
    let mapped = mapped("https", config);
    assert_eq!(line(&mapped), "api-example-com http https://api.example.com/v2/ask ASK_KEY default");
    let http = http(&mapped);
    assert_eq!(http.method, HttpMethod::Put);
    let query: Vec<(&str, &str)> = http.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(query, [("lang", "en"), ("q", "{{prompt}}"), ("version", "3")]);
    let headers: Vec<&str> = http.headers.keys().map(String::as_str).collect();
    assert_eq!(headers, ["Content-Type", "x-trace"]);
    let place = http.key_header.as_ref().map(|place| (place.header.as_str(), place.before.as_str()));
    assert_eq!(place, Some(("x-api-key", "")));
    assert_eq!(http.body, HttpBody::UnpackedJson(json!({"messages": "{{prompt}}", "deep": [{"n": 1}]})));
    assert_eq!(http.answer, HttpAnswer::Pointer("/answer/text".to_owned()));
    assert_eq!(mapped.model.transform, None);
    assert_eq!(part(&mapped, "config.headers.cookie").fidelity, Fidelity::Unsupported);
}

#[test]
fn keys_in_headers_are_taken_out() {
    let check = |name: &str, value: &str, named: &str, place: Option<(&str, &str)>, inline: Option<&str>| {
        let mapped = mapped("https://a.example/x", json!({"body": {}, "headers": {name: value}}));
        assert_eq!(mapped.provider.key, Some(SecretRef::Env(named.to_owned())), "{value}");
        let found = http(&mapped).key_header.as_ref().map(|place| (place.header.as_str(), place.before.as_str()));
        assert_eq!(found, place, "{value}");
        assert_eq!(
            mapped.inline_key.as_ref().map(|key| key.secret.expose_secret().to_owned()).as_deref(),
            inline,
            "{value}"
        );
        assert!(http(&mapped).headers.is_empty());
    };
    check("Authorization", "Bearer {{ env.A_KEY }}", "A_KEY", None, None);
    check("authorization", "Bearer sk-1", "A_EXAMPLE_API_KEY", None, Some("sk-1"));
    check("Authorization", "Token {{env.A_KEY}}", "A_KEY", Some(("authorization", "Token ")), None);
    check("X-API-Key", "sk-2", "A_EXAMPLE_API_KEY", Some(("x-api-key", "")), Some("sk-2"));
    for name in ["Ocp-Apim-Subscription-Key", "X-Functions-Key", "X-RapidAPI-Key", "X-Access-Key"] {
        let place = name.to_ascii_lowercase();
        check(name, "abc", "A_EXAMPLE_API_KEY", Some((&place, "")), Some("abc"));
    }
    check("X-Sub", "sk-canary-1234", "A_EXAMPLE_API_KEY", Some(("x-sub", "")), Some("sk-canary-1234"));
    let session = mapped("https://a.example/x", json!({"body": {}, "headers": {"X-Session": "abc"}}));
    assert_eq!(part(&session, "config.headers.X-Session").fidelity, Fidelity::Unsupported);
    assert!(!format!("{:?}", session.provider).contains("abc"));
    let auth = json!({"type": "bearer", "token": "{{env.B_KEY}}"});
    let signed = mapped("https://a.example/x", json!({"body": {}, "auth": auth}));
    assert_eq!(signed.provider.key, Some(SecretRef::Env("B_KEY".to_owned())));
}

#[test]
fn a_setting_that_asks_for_the_environment_is_refused_and_other_braces_are_sent() {
    let schema = |text: &str| {
        let schema = json!({"type": "object", "properties": {"a": {"type": "string", "description": text}}});
        json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}})
    };
    let refused = |id: &str, config: Value, name: &str| {
        let why = provider(&entry(id, config)).unwrap_err().why;
        assert!(why.contains(&format!("Its setting `{name}` asks for a variable of the environment")), "{why}");
    };
    refused("openai:chat:m", json!({"stop": ["END", "{{ env.STOP }}"]}), "stop");
    refused("anthropic:messages:m", json!({"stop_sequences": ["{{ env['STOP'] }}"]}), "stop");
    refused("openai:chat:m", schema("as {{ env.FORM }} says"), "response_format");
    refused("openai:chat:m", json!({"passthrough": {"tag": {"a": ["{{ env.TAG }}"]}}}), "tag");
    refused("openai:chat:m", json!({"passthrough": {"tag": {"{{ env.TAG }}": 1}}}), "tag");
    let sent = mapped("openai:chat:m", json!({"stop": ["{{", "env.STOP", "}}", "{{ name }}"]}));
    assert_eq!(sent.model.params.stop, ["{{", "env.STOP", "}}", "{{ name }}"]);
    mapped("openai:chat:m", schema("a template as {{ name }}, of myenv.x or {{ myenv.x }}"));
    mapped("openai:chat:m", json!({"passthrough": {"tag": {"a": {"b": "{{", "c": {"d": {"e": "env.X"}}}}}}));
}

#[test]
fn keys_that_would_be_written_in_clear_are_refused_or_left_out() {
    let check = |id: &str, config: Value, expect: &str| {
        let why = provider(&entry(id, config)).unwrap_err().why;
        assert!(why.contains(expect), "{why}");
    };
    check("https://a.example/x?api_key=abc", json!({"body": {}}), "its query (`api_key`)");
    check("https://a.example/x", json!({"body": {}, "queryParams": {"key": "abc"}}), "its query (`key`)");
    check("https://a.example/x", json!({"body": {"a": {"api_key": "abc"}}}), "its body (`a.api_key`)");
    check("https://a.example/x", json!({"body": "q={{prompt}}&api_key=abc"}), "its body (`api_key`)");
    check("https://a.example/sk-canary-1234", json!({"body": {}}), "in its address");
    check("openai:m", json!({"apiBaseUrl": "https://a.example/sk-canary-1234"}), "in its address");
    let sent = mapped("openai:m", json!({"passthrough": {"api_key": "abc", "x": {"secret": "abc", "n": 1}, "n": 2}}));
    assert_eq!(params(&sent)["extra"], json!({"n": 2}));
    assert_eq!(part(&sent, "config.api_key").fidelity, Fidelity::Unsupported);
    assert_eq!(part(&sent, "config.x.secret").fidelity, Fidelity::Unsupported);
}

#[test]
fn bodies_keep_the_form_that_they_have() {
    let body = |config: Value| http(&mapped("https://a.example/x", config)).body.clone();
    let json_kind = json!({"content-type": "application/json"});
    let text = "{\"q\": \"{{prompt}}\"}";
    assert_eq!(body(json!({"body": text, "headers": json_kind})), HttpBody::UnpackedJson(json!({"q": "{{prompt}}"})));
    let open = "{\"q\": {{prompt | dump}}}";
    assert_eq!(body(json!({"body": open, "headers": json_kind})), HttpBody::Text(open.to_owned()));
    let form = mapped("https://a.example/x", json!({"body": " q={{prompt}} "}));
    assert_eq!(http(&form).body, HttpBody::Text("q={{prompt}}".to_owned()));
    let kind = http(&form).headers.get("content-type").map(String::as_str);
    assert_eq!(kind, Some("application/x-www-form-urlencoded"));
    let get = mapped("https://a.example/x", json!({"method": "GET"}));
    assert_eq!((http(&get).body.clone(), http(&get).answer.clone()), (HttpBody::Empty, HttpAnswer::Json));
}

#[test]
fn a_raw_request_is_read() {
    let raw = "POST /ask?x=1 HTTP/1.1\nHost: 127.0.0.1:9000\nContent-Type: application/json\nContent-Length: 5\n\n{\"q\": \"{{prompt}}\"}\n";
    let mapped = mapped("http", json!({"request": raw, "transformResponse": "text"}));
    assert_eq!(line(&mapped), "127-0-0-1-9000 http http://127.0.0.1:9000/ask - default");
    assert_eq!(http(&mapped).body, HttpBody::Json(json!({"q": "{{prompt}}"})));
    assert_eq!(http(&mapped).query.get("x").map(String::as_str), Some("1"));
    assert_eq!(http(&mapped).headers.len(), 1);
    assert_eq!(http(&mapped).answer, HttpAnswer::Text);
}

#[test]
fn transforms_follow_each_other() {
    let config = json!({"body": {}, "transformResponse": "(json, text) => json.a + text"});
    let mut both = entry("https://a.example/x", config);
    both.transform = Some(Code::Inline("output.trim()".to_owned()));
    let mapped = provider(&both).unwrap();
    assert_eq!(http(&mapped).answer, HttpAnswer::Text);
    let Some(domain::Code::Inline(code)) = &mapped.model.transform else { panic!("no code") };
    let (first, second) =
        (code.find("((json, text) => json.a + text)(json, text, context)"), code.find("return output.trim()"));
    assert!(first.is_some() && first < second, "{code}");

    let mut own = entry("openai:chat:m", json!({}));
    own.transform = Some(Code::Inline("output.x".to_owned()));
    assert_eq!(provider(&own).unwrap().model.transform, Some(domain::Code::Inline("output.x".to_owned())));
    own.transform = Some(Code::Foreign { language: "Python".to_owned(), reference: "file://t.py".to_owned() });
    let mapped = provider(&own).unwrap();
    let unrun = mapped.model.transform.as_ref().and_then(domain::Code::unrun).unwrap();
    assert!(unrun.contains("never run") && part(&mapped, "transform").note.contains("Its trials are errors."));

    both.transform = Some(Code::File {
        path: Path::new("c/t.js").to_owned(),
        export: None,
        source: "module.exports = o => o".into(),
    });
    let mapped = provider(&both).unwrap();
    let unrun = mapped.model.transform.as_ref().and_then(domain::Code::unrun).unwrap();
    assert!(unrun.contains("cannot follow"), "{unrun}");
}

#[test]
fn the_way_back_leads_to_the_same_model() {
    let check = |id: &str, config: Value| {
        let first = mapped(id, config);
        let (id, config) = config_for(&first.model, &first.provider).unwrap();
        let again = mapped(&id, config.clone());
        assert_eq!(again.provider, first.provider, "{id} {config}");
        let mut model = again.model;
        model.transform.clone_from(&first.model.transform);
        assert_eq!(model, first.model, "{id} {config}");
    };
    check("echo", json!({}));
    check(
        "openai:chat:gpt-4.1",
        json!({"temperature": 0.5, "tools": [{"a": 1}], "passthrough": {"top_k": 1}, "cost": 0.000_001}),
    );
    check("openai:chat:gpt-4.1", json!({"omitDefaults": true, "apiKeyEnvar": "TEAM_KEY", "stop": "x", "seed": 4}));
    check("openai:chat:gpt-5", json!({"max_completion_tokens": 9, "reasoning_effort": "minimal"}));
    let schema =
        json!({"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": {"type": "object"}}});
    check("openai:chat:gpt-4.1", json!({"response_format": schema}));
    check("openai:chat:gpt-4.1", json!({"response_format": {"type": "json_object"}}));
    check("openai:chat:qwen", json!({"apiBaseUrl": "http://127.0.0.1:8000/v1"}));
    check("openai:chat:qwen", json!({"apiBaseUrl": "https://gate.example/v1", "apiKeyEnvar": "GATE"}));
    check("openai:completion:davinci-002", json!({"temperature": 1}));
    check("openai:completion:qwen", json!({"apiBaseUrl": "http://127.0.0.1:8000/v1"}));
    check("huggingface:text-classification:a/b", json!({}));
    check("huggingface:text-classification:a/b", json!({"apiEndpoint": "https://gate.example/v2/models/a/b"}));
    check("groq:llama", json!({}));
    check("mistral:mistral-large", json!({"random_seed": 3, "top_p": 0.5}));
    check("localai:chat:m", json!({"temperature": 0.3}));
    check(
        "anthropic:claude-sonnet-4-5",
        json!({"top_k": 3, "output_format": {"type": "json_schema", "schema": {"type": "object"}}}),
    );
    check(
        "google:gemini-2.5-flash",
        json!({"topK": 3, "maxOutputTokens": 5, "stopSequences": ["a"], "safetySettings": []}),
    );
    check("ollama:chat:m", json!({"num_ctx": 5, "num_predict": 3, "format": {"type": "object"}}));
    check("ollama:llama", json!({"temperature": 0.5, "raw": true}));
    let body = json!({"body": {"q": "{{prompt}}"}, "headers": {"content-type": "application/json", "x-key-token": "T {{env.K}}"},
        "transformResponse": "json.a[0]['b c']", "queryParams": {"v": "1"}});
    check("https://a.example/x", body);
    check(
        "http://127.0.0.1:9/x",
        json!({"method": "GET", "queryParams": {"q": "{{prompt}}"}, "transformResponse": "text"}),
    );
}
