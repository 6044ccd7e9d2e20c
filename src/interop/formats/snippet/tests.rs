//! Whole snippets.

use super::read;
use crate::domain::Content;
use crate::interop::formats::source::Source;
use crate::interop::imported::Imported;

fn imported(text: &str) -> Imported {
    read(Source::new("", text).unwrap()).unwrap()
}

/// Provider and model, parts of the prompt, parameters, and what was not kept.
fn shown(text: &str) -> String {
    let imported = imported(text);
    assert!(!format!("{imported:?}").contains("sk-"), "{imported:?}");
    let mut lines = Vec::new();
    for model in imported.models.values() {
        let provider = &imported.providers[&model.provider];
        let base = provider.base_url.as_deref().unwrap_or("-");
        let key = provider.key.as_ref().map_or_else(|| "no key".to_owned(), ToString::to_string);
        lines.push(format!("{} at {} {base} ({key})", model.model, model.provider));
    }
    for layer in imported.prompts.values().flat_map(|prompt| &prompt.layers) {
        lines.push(match &layer.content {
            Content::Text(text) => format!("{}: {}", layer.role().word(), text.text),
            Content::History(history) => format!("<{}>", history.variable),
            Content::Tools(tools) => {
                format!("tools: {}", tools.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>().join(", "))
            }
            other => other.kind().to_owned(),
        });
    }
    for variant in imported.variants.values() {
        lines.push(serde_json::to_string(&variant.params).unwrap());
    }
    for part in &imported.report.parts {
        lines.push(format!("[{}] {}: {}", part.fidelity, part.part, part.note));
    }
    lines.join("\n")
}

#[test]
fn curl_of_openai() {
    insta::assert_snapshot!(shown(
        "curl https://api.openai.com/v1/chat/completions \\\n  -H \"Content-Type: application/json\" \\\n  -H \"Authorization: Bearer \
         $OPENAI_API_KEY\" \\\n  -d '{\n    \"model\": \"gpt-5\",\n    \"messages\": [{\"role\": \"developer\", \"content\": \"It'\\''s \
         {{tone}}.\"}, {\"role\": \"user\", \"content\": \"Hi\"}],\n    \"temperature\": 0.2\n  }'\n"
    ));
}

#[test]
fn curl_of_others() {
    insta::assert_snapshot!(shown(
        "curl https://api.anthropic.com/v1/messages --header 'x-api-key: sk-ant-0123456789abcdef' --data '{\"model\": \
         \"claude-sonnet-4-5\", \"max_tokens\": 100, \"system\": \"Be kind.\", \"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}'"
    ));
    insta::assert_snapshot!(shown(
        "curl \"https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent?key=$GEMINI_KEY\" -X POST \
         -d '{\"contents\": [{\"parts\": [{\"text\": \"Hi\"}]}]}'"
    ));
    insta::assert_snapshot!(shown(
        "curl http://localhost:11434/api/generate -d '{\"model\": \"llama3\", \"prompt\": \"Hi\", \"stream\": false}'"
    ));
}

#[test]
fn python_of_openai() {
    insta::assert_snapshot!(shown(
        "from openai import OpenAI\n\nclient = OpenAI(api_key=\"sk-abcdefgh0123456789\", base_url=\"https://llm.example.org/v1\")\n\
         SYSTEM = \"\"\"You sort tickets.\nAnswer with {\"label\": …}.\"\"\"\n\ndef sort(ticket: str):\n    completion = \
         client.chat.completions.create(\n        model=\"gpt-5-mini\",\n        messages=[\n            {\"role\": \"system\", \
         \"content\": SYSTEM},\n            # the question\n            {\"role\": \"user\", \"content\": f\"Sort {ticket} as \
         {{json}} by {date.today():%Y}\"},\n        ],\n        temperature=0.2,\n        max_tokens=limit,\n        \
         response_format={\"type\": \"json_object\"},\n        tools=[{\"type\": \"function\", \"function\": {\"name\": \"find\", \
         \"parameters\": {\"type\": \"object\"}}}],\n    )\n    return completion.choices[0].message.content\n"
    ));
}

#[test]
fn python_of_others() {
    insta::assert_snapshot!(shown(
        "import anthropic\nclient = anthropic.Anthropic()\nmessage = client.messages.create(\n    model=\"claude-opus-4\",\n    \
         max_tokens=1024,\n    messages=[{\"role\": \"user\", \"content\": \"Hi \" + name}],\n)\nprint(message)\n"
    ));
    insta::assert_snapshot!(shown(
        "response = client.responses.create(model=\"gpt-5\", instructions=\"Be kind.\", input=question, reasoning={\"effort\": \
         \"low\"})"
    ));
    insta::assert_snapshot!(shown(
        "response = client.models.generate_content(\n    model=\"gemini-2.5-flash\",\n    contents=[types.Content(role=\"user\", \
         parts=[types.Part.from_text(text=\"Hi\")])],\n    config=types.GenerateContentConfig(system_instruction=\"Be kind.\", \
         temperature=0.1),\n)"
    ));
    insta::assert_snapshot!(shown(
        "model = genai.GenerativeModel('gemini-pro', system_instruction='Be kind.')\nr = model.generate_content('Why {x}?'.format(x=1))"
    ));
    insta::assert_snapshot!(shown(
        "requests.post(\"https://api.groq.com/openai/v1/chat/completions\", headers={\"Authorization\": f\"Bearer \
         {os.environ['GROQ_KEY']}\"}, json={\"model\": \"llama\", \"messages\": messages})"
    ));
}

#[test]
fn javascript() {
    insta::assert_snapshot!(shown(
        "import OpenAI from \"openai\";\nconst openai = new OpenAI({ apiKey: process.env.MY_KEY });\nconst completion = await \
         openai.chat.completions.create({\n  model: 'gpt-5', // the large one\n  messages: [\n    { role: 'system', content: `Sort \
         ${ticket.title} with {braces}.` },\n    { role: \"user\", content },\n    ...history,\n  ],\n  temperature: 0.5,\n  stream: \
         true,\n});\n"
    ));
    insta::assert_snapshot!(shown(
        "const msg = await anthropic.messages.create({ model: \"claude-x\", max_tokens: 10, system: \"Be kind.\", messages: [{ role: \
         \"user\", content: [{ type: \"text\", text: \"Hi\" }] }] });"
    ));
    insta::assert_snapshot!(shown(
        "await fetch('https://api.openai.com/v1/responses', { method: 'POST', headers, body: JSON.stringify({ model: 'gpt-5', \
         input: 'Hi' }) });"
    ));
}

#[test]
fn a_request_alone() {
    insta::assert_snapshot!(shown("[{\"role\": \"user\", \"content\": \"Hi {{ name }}\"}]"));
    insta::assert_snapshot!(shown(
        "{\"request\": {\"model\": \"gpt-5\", \"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}}"
    ));
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line() {
    let refused = |text: &str| read(Source::new("a.py", text).unwrap()).unwrap_err().to_string();
    assert!(refused("print('hello')").starts_with("a.py: No call of a model is found"));
    assert!(refused("\nclient.messages.create(\n  model=\"m\",\n  messages=[").starts_with("a.py:4: "));
    assert!(refused("curl https://x.org -d @body.json").contains("has no body"));
    assert!(refused("client.chat.completions.create(model=\"m\")").contains("There are no messages"));
}
