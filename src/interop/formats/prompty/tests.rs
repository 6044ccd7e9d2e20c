//! Whole files, in and out.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::{
    Api, History, Layer, LayerId, ModelSpec, Params, Prompt, ProviderSpec, ResponseFormat, Role, SecretRef, Text, Tool,
    Tools,
};
use crate::interop::formats::outgoing::Outgoing;
use crate::interop::formats::shown::shown;

const NONE: Read = &|_| Err("There is no file.".to_owned());

fn imported(text: &str) -> Imported {
    read(Source::new("chat.prompty", text).unwrap(), NONE).unwrap()
}

/// Layers as `role: text`, turns as `<variable>`.
fn layers(prompt: &Prompt) -> Vec<String> {
    let layer = |layer: &Layer| match &layer.content {
        Content::Text(text) => format!("{}: {}", layer.role().word(), text.text),
        Content::History(history) => format!("<{}>", history.variable),
        other => other.kind().to_owned(),
    };
    prompt.layers.iter().map(layer).collect()
}

fn prompt_of(text: &str) -> Prompt {
    imported(text).prompts.into_values().next().unwrap()
}

#[test]
fn version_1() {
    let text = "---\nname: Basic Prompt\ndescription: Answers questions.\nauthors:\n  - ann\nversion: \"1.0\"\nmodel:\n  api: chat\n  \
                configuration:\n    type: azure_openai\n    azure_endpoint: ${env:AZURE_OPENAI_ENDPOINT}\n    azure_deployment: \
                gpt-35-turbo\n    api_key: ${env:AZURE_OPENAI_API_KEY}\n  parameters:\n    temperature: 0.7\n    max_tokens: \
                500\n    frequency_penalty: 0.5\n    tools:\n      - type: function\n        function:\n          name: find\n          \
                parameters:\n            type: object\nsample:\n  firstName: Jane\n  question: Why?\ninputs:\n  firstName:\n    \
                type: string\n    description: Who asks.\n  lastName: Doe\nunheard: of\n---\nsystem:\nYou help {{firstName}} \
                {{lastName}}.\n\n{% for item in chat_history %}\n{{item.role}}:\n{{item.content}}\n{% endfor %}\n\n# user:\n{% if \
                question %}{{question}}{% endif %}\n";
    insta::assert_snapshot!(shown(&imported(text)));
}

#[test]
fn version_2() {
    let text = "---\nname: anthropic-tools\nmodel:\n  id: claude-sonnet-4-5\n  provider: anthropic\n  apiType: chat\n  \
                connection:\n    kind: key\n    apiKey: sk-ant-secret\n  options:\n    maxOutputTokens: 1024\n    topP: 0.5\n    \
                additionalProperties:\n      top_k: 5\ntools:\n  - name: get_weather\n    kind: function\n    description: The \
                weather.\n    parameters:\n      - name: location\n        kind: string\n        required: true\n  - name: web\n    \
                kind: mcp\ninputs:\n  - name: question\n    kind: string\n    default: What is the weather?\n  - name: talk\n    \
                kind: thread\noutputs:\n  - name: answer\n    kind: string\n    required: true\ntemplate:\n  format:\n    kind: \
                mustache\n---\nsystem:\nBe kind.\n\n{{talk}}\n\nuser:\n{{question}}\n";
    let imported = imported(text);
    assert!(!format!("{imported:?}").contains("sk-ant-secret"));
    insta::assert_snapshot!(shown(&imported));
}

#[test]
fn a_body_alone_is_a_prompt() {
    let check = |text: &str, expect: &[&str]| assert_eq!(layers(&prompt_of(text)), expect, "{text}");
    check("Just text.", &["system: Just text."]);
    check("---\n---\nuser:\nHi\nassistant:\nYes?\nUSER :\nBye", &["user: Hi", "assistant: Yes?", "user: Bye"]);
    check("user[name=\"Ann\"]:\nHi\nthe user:\nsays", &["user: Hi\nthe user:\nsays"]);
    check("tool:\nx", &["user: x"]);
}

#[test]
fn the_shorthand_of_a_model_is_enough() {
    let imported = imported("---\nmodel: gpt-4o\n---\nuser:\nHi");
    let model = imported.models.values().next().unwrap();
    assert_eq!((model.model.as_str(), model.provider.as_str()), ("gpt-4o", "openai"));
}

#[test]
fn a_provider_that_is_not_known_is_left_to_the_user() {
    let check = |connection: &str, api: Api, base_url: Option<&str>| {
        let text = format!("---\nmodel:\n  id: m\n  provider: acme\n{connection}---\nuser:\nHi");
        let imported = imported(&text);
        let provider = &imported.providers[&"acme".into()];
        assert_eq!((&provider.api, provider.base_url.as_deref()), (&api, base_url));
    };
    check("", Api::Unmapped, None);
    check("  connection:\n    endpoint: https://llm.acme.org/v1\n", Api::OpenAi, Some("https://llm.acme.org/v1"));
}

#[test]
fn what_is_wrong_has_its_line() {
    let refused = |text: &str| read(Source::new("f.prompty", text).unwrap(), NONE).unwrap_err().to_string();
    assert_eq!(refused("---\nname: a\n"), "f.prompty:1: The front matter has no end. Close it with a line `---`.");
    assert!(refused("---\nname: a\nb: [\n---\nx").starts_with("f.prompty:"));
    assert!(refused("---\n- a\n---\nx").contains("no mapping"));
}

#[test]
fn a_role_inside_a_condition_is_told() {
    let imported = imported("---\nname: a\n---\n{% if x %}\nsystem:\nHi\n{% endif %}\nuser:\nBye");
    let told: Vec<&str> = imported.report.parts.iter().map(|part| part.note.as_str()).collect();
    assert!(told.iter().any(|note| note.starts_with("Its template cannot be read here")), "{told:?}");
}

#[test]
fn a_sample_can_be_a_file() {
    let text = "---\nsample: ${file:s.json}\n---\nuser:\n{{q}}";
    let source = Source::new("f.prompty", text).unwrap();
    let imported =
        read(source, &|path| if path == "s.json" { Ok("{\"q\": 1}".to_owned()) } else { Err(String::new()) });
    assert_eq!(imported.unwrap().datasets.len(), 1);
}

fn full() -> (Prompt, Params, ModelSpec, ProviderSpec) {
    let layer = |id: &str, role: Option<Role>, content: Content| Layer {
        id: LayerId::from(id),
        title: String::new(),
        note: String::new(),
        on: true,
        role,
        content,
    };
    let text = |text: &str| Content::Text(Text { text: text.to_owned() });
    let tool = Tool {
        name: "find".to_owned(),
        description: "Finds: things.".to_owned(),
        parameters: json!({"type": "object", "properties": {}}).as_object().unwrap().clone(),
    };
    let prompt = Prompt {
        title: "Sort: \"tickets\"".to_owned(),
        note: "Two\nlines.".to_owned(),
        variables: BTreeMap::from([
            ("ticket".to_owned(), Variable { note: "What they wrote.".to_owned(), ..Variable::default() }),
            ("tone".to_owned(), Variable { default: Some(json!({"a": [1, "x"]})), ..Variable::default() }),
            ("turns".to_owned(), Variable { default: Some(json!([])), ..Variable::default() }),
        ]),
        layers: vec![
            layer("system", Some(Role::System), text("You sort.\n\n{% raw %}{{ }}{% endraw %} # é {{ tone }}")),
            layer(
                "history",
                None,
                Content::History(History { variable: "turns".to_owned(), last: 1_000, max_tokens: None }),
            ),
            layer("user", Some(Role::User), text("---\n{{ ticket | upper }}")),
            layer("tools", None, Content::Tools(Tools { tools: vec![tool] })),
        ],
        ..Prompt::default()
    };
    let params = Params {
        temperature: Some(0.25),
        max_tokens: Some(300),
        stop: vec!["END".to_owned()],
        response: ResponseFormat::Schema(json!({"type": "object"})),
        extra: json!({"top_k": 4}).as_object().unwrap().clone(),
        ..Params::default()
    };
    let model = ModelSpec {
        provider: "anthropic".into(),
        model: "claude-x".to_owned(),
        price: None,
        context: None,
        max_output: None,
        params: Params::default(),
        transform: None,
        note: String::new(),
        kept: Map::new(),
    };
    let key = Some(SecretRef::Env("ANTHROPIC_API_KEY".to_owned()));
    let provider = ProviderSpec { api: Api::Anthropic, base_url: None, key, concurrency: 8, note: String::new() };
    (prompt, params, model, provider)
}

#[test]
fn what_goes_out_comes_back() {
    let (prompt, params, model, provider) = full();
    let outgoing = Outgoing { name: &prompt.title, prompt: &prompt, params: &params, model: Some((&model, &provider)) };
    let written = write(&outgoing);
    insta::assert_snapshot!(written.text);
    assert_eq!(written.notes, Vec::<String>::new());
    let back = imported(&written.text);
    assert_eq!(back.prompts.values().next(), Some(&prompt));
    assert_eq!(back.variants.values().next().map(|variant| &variant.params), Some(&params));
    assert_eq!(back.models.values().next(), Some(&model));
    assert_eq!(back.providers.values().next(), Some(&provider));
}

proptest! {
    #[test]
    fn any_messages_go_out_and_come_back(texts in prop::collection::vec("[a-z{}:#\"\n é-]{1,30}", 1..5)) {
        let said = |text: &String| Words::literal(text.trim());
        let texts: Vec<String> = texts.iter().filter(|text| !text.trim().is_empty()).map(|text| said(text).template()).collect();
        prop_assume!(!texts.is_empty() && texts.iter().all(|text| text.lines().all(|line| body::role_line(line).is_none())));
        let roles = [Role::System, Role::User, Role::Assistant].into_iter().cycle();
        let stack = texts.iter().zip(roles).map(|(text, role)| Layer {
            id: LayerId::from(role.word()),
            title: String::new(),
            note: String::new(),
            on: true,
            role: Some(role),
            content: Content::Text(Text { text: text.clone() }),
        });
        let prompt = Prompt { layers: stack.collect(), ..Prompt::default() };
        let params = Params::default();
        let written = write(&Outgoing { name: "p", prompt: &prompt, params: &params, model: None });
        prop_assert_eq!(layers(&prompt_of(&written.text)), layers(&prompt));
    }
}
