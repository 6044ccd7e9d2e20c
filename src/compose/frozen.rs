//! A prompt that needs no other file: what a release keeps.

use crate::domain::{Case, Content, Layer, LayerId, Prompt, Role, Text, Turns};

use super::composer::{Body, Composer};
use super::outline::{Part, Slot, trimmed};
use super::pass::constant;
use super::render::ExamplesBody;

impl Composer {
    /// The prompt with overrides applied, values of the variant as defaults, snippets and examples written out.
    ///
    /// A snippet becomes the content that it stood for, under the same id and role. A layer of examples becomes the text,
    /// or the turns, of the examples that a case outside their dataset sees. Layers that are off are kept, unless they
    /// point into other files.
    #[must_use]
    pub fn frozen(&self) -> Prompt {
        let mut prompt = self.prompt.clone();
        prompt.layers = prompt.layers.into_iter().flat_map(|layer| self.written_out(layer)).collect();
        prompt
    }

    /// As [`Composer::frozen`], for who does not know the project: a task that is sent as its one text, without a heading,
    /// as in imported projects, is that text.
    #[must_use]
    pub fn standalone(&self) -> Prompt {
        let mut prompt = self.frozen();
        for layer in prompt.layers.iter_mut().filter(|layer| layer.on && self.is_one_text()) {
            if let Content::Task(task) = &layer.content {
                layer.content = Content::Text(Text { text: task.action.clone() });
                layer.role = Some(Role::User);
            }
        }
        prompt
    }

    fn written_out(&self, layer: Layer) -> Vec<Layer> {
        match &layer.content {
            Content::Snippet(_) => Vec::new(),
            Content::Examples(_) => self.examples_of(&layer.id).map_or_else(Vec::new, |body| body.written_out(&layer)),
            _ => vec![layer],
        }
    }

    fn examples_of(&self, id: &LayerId) -> Option<&ExamplesBody> {
        self.layers.iter().find(|layer| layer.id == *id).and_then(|layer| match &layer.body {
            Body::Examples(examples) => Some(examples),
            _ => None,
        })
    }
}

impl ExamplesBody {
    fn written_out(&self, layer: &Layer) -> Vec<Layer> {
        let nobody = Case::default();
        let texts = self.for_case(&nobody).filter_map(|(_, ready)| ready);
        match self.form {
            Turns::Block => {
                let examples = texts.map(|(input, output)| (Slot::Plain(input.clone()), Slot::Plain(output.clone())));
                let section = Part::Section { heading: "Examples", parts: vec![Part::Examples(examples.collect())] };
                vec![text_layer(layer, layer.id.clone(), layer.role(), &constant(&[section]))]
            }
            Turns::Messages => texts
                .enumerate()
                .flat_map(|(index, (input, output))| {
                    let id = |side: &str| LayerId(format!("{}-{}-{side}", layer.id, index + 1));
                    [
                        text_layer(layer, id("input"), Role::User, input),
                        text_layer(layer, id("output"), Role::Assistant, output),
                    ]
                })
                .collect(),
        }
    }
}

fn text_layer(layer: &Layer, id: LayerId, role: Role, text: &str) -> Layer {
    let content = Content::Text(Text { text: as_literal(trimmed(text)) });
    Layer { id, role: Some(role), content, ..layer.clone() }
}

/// The template that renders to `text`, whatever tags stand in it.
fn as_literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = ["{{", "{%", "{#"].iter().filter_map(|open| rest.find(open)).min() {
        out.push_str(&rest[..at]);
        out.push_str("{{ '");
        out.push_str(&rest[at..at + 2]);
        out.push_str("' }}");
        rest = &rest[at + 2..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::json;

    use super::*;
    use crate::compose::Library;
    use crate::compose::fixtures::{Shelf, compose, declaring, layer, prompt, text};
    use crate::compose::render_template;
    use crate::domain::{Dialect, Override, Task, Variable, Variant};

    #[test]
    fn a_literal_renders_to_itself() {
        for text in ["plain", "{{ a }}", "{% raw %}{{{{", "{# x #}{{%", "{{'}}", "}} {", "{{{"] {
            assert_eq!(render_template(&as_literal(text), &Case::default()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_task_that_is_sent_as_one_text_stands_alone_as_that() {
        let task = Task { action: "Say hello to {{ q }}".to_owned(), ..Task::default() };
        let stack = declaring(&["q"], prompt([layer("t", Content::Task(Box::new(task)))]));
        let alone = |dialect| {
            let library = Library { dialect, prompts: &BTreeMap::new(), examples: &|_| None };
            Composer::new(&stack, &Variant::of("p".into()), &library).unwrap().standalone().layers[0].content.clone()
        };
        let text = Content::Text(Text { text: "Say hello to {{ q }}".to_owned() });
        assert_eq!(alone(Dialect::Nunjucks), text);
        assert_eq!(alone(Dialect::Jinja), stack.layers[0].content);
    }

    #[test]
    fn overrides_and_values_are_part_of_what_is_frozen() {
        let mut stack = declaring(&["q"], prompt([text("a", "{{ tone }}"), text("b", "Old."), text("c", "{{ q }}")]));
        stack.variables.insert("tone".to_owned(), Variable { default: Some(json!("dry")), ..Variable::default() });
        let replaced = Override::Replace(Content::Text(Text { text: "New.".to_owned() }));
        let variant = Variant {
            layers: [("b".into(), replaced), ("c".into(), Override::Off)].into(),
            variables: [("tone".to_owned(), json!("kind"))].into(),
            ..Variant::of("p".into())
        };
        let composer = Shelf::default().compose(&stack, &variant).expect("a composer");
        let frozen = composer.frozen();
        assert!(!frozen.layers[2].on);
        let alone = compose(&frozen).render(&Case::default(), &BTreeSet::new(), 0).expect("messages");
        assert_eq!(alone.messages[0].content, "kind\n\nNew.");
        assert_eq!(composer.render(&Case::default(), &BTreeSet::new(), 0), Ok(alone));
    }
}
