//! A prompt for tests.

use std::collections::BTreeMap;

use serde_json::json;

use crate::domain::{Content, Foundation, Identity, Layer, LayerId, Prompt, Text, Variable};

pub fn layer(id: &str, text: &str) -> Layer {
    let content = Content::Text(Text { text: text.to_owned() });
    Layer { id: LayerId::from(id), title: String::new(), note: String::new(), on: true, role: None, content }
}

pub fn prompt() -> Prompt {
    let foundation = Foundation {
        identity: Identity { role: "You sort support messages.".to_owned(), ..Identity::default() },
        ..Foundation::default()
    };
    let who = Layer { content: Content::Foundation(Box::new(foundation)), ..layer("who", "") };
    Prompt {
        title: "Support triage".to_owned(),
        variables: BTreeMap::from([
            ("message".to_owned(), Variable { untrusted: true, ..Variable::default() }),
            ("tone".to_owned(), Variable { default: Some(json!("calm")), ..Variable::default() }),
        ]),
        layers: vec![who, layer("ask", "Sort this: {{ message }}")],
        ..Prompt::default()
    }
}
