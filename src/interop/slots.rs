//! A prompt as messages whose variables are still slots: `{{ message }}` stays `{{ message }}`.

use crate::compose::layer_text;
use crate::domain::{Content, Context, Layer, Message, Prompt, ResponseFormat, Role, Task, Tool, Turns};

/// What goes into the provider-ready bodies.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Slots {
    /// Neighbours of one role are one message.
    pub messages: Vec<Message>,
    pub tools: Vec<Tool>,
    /// A form of the answer that a layer asks of the provider itself.
    pub response: ResponseFormat,
    /// The last message is a layer's text, which the next layer may join.
    open: bool,
}

impl Slots {
    pub fn of(prompt: &Prompt) -> Self {
        let mut slots = Self::default();
        for layer in prompt.layers.iter().filter(|layer| layer.on) {
            slots.add(layer);
        }
        slots
    }

    fn add(&mut self, layer: &Layer) {
        match &layer.content {
            Content::Tools(tools) => self.tools.extend(tools.tools.iter().cloned()),
            Content::History(history) => self.turn(Role::User, &slot(&history.variable)),
            Content::Task(task) => self.task(layer, task),
            Content::Context(context) => self.context(layer, context),
            Content::Foundation(_) | Content::Text(_) | Content::Examples(_) | Content::Snippet(_) => {
                self.say(layer.role(), &layer_text(layer));
            }
        }
    }

    fn task(&mut self, layer: &Layer, task: &Task) {
        if let (true, Some(schema)) = (task.structured_output, &task.output_schema) {
            self.response = ResponseFormat::Schema(schema.clone());
        }
        let mut rest = task.clone();
        if task.example_form == Turns::Messages {
            for example in rest.examples.drain(..) {
                self.turn(Role::User, &example.input);
                self.turn(Role::Assistant, &example.output);
            }
        }
        self.say(layer.role(), &layer_text(&with(layer, Content::Task(Box::new(rest)))));
    }

    fn context(&mut self, layer: &Layer, context: &Context) {
        let mut rest = context.clone();
        let after = rest.history.take_if(|window| window.form == Turns::Messages);
        let text = layer_text(&with(layer, Content::Context(Box::new(rest.clone()))));
        let only = |context: Context| layer_text(&with(layer, Content::Context(Box::new(context))));
        let holes = [
            rest.history.map(|history| {
                (slot(&history.variable), only(Context { history: Some(history), ..Context::default() }))
            }),
            rest.retrieved.map(|retrieved| {
                (slot(&retrieved.variable), only(Context { retrieved: Some(retrieved), ..Context::default() }))
            }),
        ];
        // Alone, such a part is a heading over the line that names its variable.
        let filled = holes.into_iter().flatten().fold(text, |text, (slot, part)| match part.lines().last() {
            Some(line) => text.replace(line, &slot),
            None => text,
        });
        self.say(layer.role(), &filled);
        if let Some(history) = after {
            self.turn(Role::User, &slot(&history.variable));
        }
    }

    /// Text that joins the message before it where both have one role.
    fn say(&mut self, role: Role, text: &str) {
        let text = text.trim_end().trim_start_matches(['\r', '\n']);
        if text.is_empty() {
            return;
        }
        match self.messages.last_mut().filter(|last| self.open && last.role == role) {
            Some(last) => {
                last.content.push_str("\n\n");
                last.content.push_str(text);
            }
            None => self.messages.push(Message { role, content: text.to_owned() }),
        }
        self.open = true;
    }

    /// A message of its own.
    fn turn(&mut self, role: Role, text: &str) {
        self.messages.push(Message { role, content: text.trim().to_owned() });
        self.open = false;
    }
}

fn with(layer: &Layer, content: Content) -> Layer {
    Layer { content, ..layer.clone() }
}

fn slot(variable: &str) -> String {
    format!("{{{{ {variable} }}}}")
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{layer, prompt};
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::compose::{Composer, Library};
    use crate::domain::{Case, Example, History, HistoryWindow, Retrieved, Variant};

    /// What a release ships has the words that were tested: all but the values is as the composer renders it.
    #[test]
    fn the_words_are_those_of_the_composer() {
        let task = Task {
            action: "Sort {{ message }}.".to_owned(),
            inputs: [("tone".to_owned(), "{{ tone }}".to_owned())].into(),
            examples: vec![Example { input: "Where is my parcel?".to_owned(), output: "delivery".to_owned() }],
            example_form: Turns::Messages,
            constraints: vec!["One word.".to_owned()],
            ..Task::default()
        };
        let mut prompt = prompt();
        prompt.variables.values_mut().for_each(|variable| variable.untrusted = false);
        prompt.layers.push(with(&layer("task", ""), Content::Task(Box::new(task))));
        prompt.layers.push(layer("last", "\n  Now.\n"));
        let shelf = BTreeMap::new();
        let library = Library { dialect: crate::domain::Dialect::Jinja, prompts: &shelf, examples: &|_| None };
        let composer = Composer::new(&prompt, &Variant::of("p".into()), &library).unwrap();
        let vars = ["message", "tone"].map(|name| (name.to_owned(), slot(name).into()));
        let case = Case { vars: vars.into_iter().collect(), ..Case::default() };
        let rendered = composer.render(&case, &BTreeSet::new(), 1).unwrap();
        assert_eq!(Slots::of(&prompt).messages, rendered.messages);
    }

    #[test]
    fn documents_and_turns_are_slots_under_their_headings() {
        let context = Context {
            retrieved: Some(Retrieved { variable: "docs".to_owned(), max_tokens: Some(100), min_relevance: None }),
            history: Some(HistoryWindow { variable: "talk".to_owned(), last: 5, max_tokens: None, form: Turns::Block }),
            ..Context::default()
        };
        let mut prompt = prompt();
        prompt.layers = vec![with(&layer("context", ""), Content::Context(Box::new(context)))];
        let messages = Slots::of(&prompt).messages;
        assert_eq!(messages[0].content, "## Conversation so far\n\n{{ talk }}\n\n## Documents\n\n{{ docs }}");
    }

    #[test]
    fn slots_stay_and_roles_become_messages() {
        let slots = Slots::of(&prompt());
        let said: Vec<_> = slots.messages.iter().map(|message| (message.role, message.content.as_str())).collect();
        assert_eq!(
            said,
            [
                (Role::System, "## Identity\n\n- Role: You sort support messages."),
                (Role::User, "Sort this: {{ message }}")
            ]
        );
    }

    #[test]
    fn neighbours_of_one_role_are_one_message_and_layers_that_are_off_are_left_out() {
        let mut prompt = prompt();
        prompt.layers.push(Layer { on: false, ..layer("off", "never") });
        prompt.layers.push(layer("more", "Be brief."));
        let slots = Slots::of(&prompt);
        assert_eq!(slots.messages.len(), 2);
        assert_eq!(slots.messages[1].content, "Sort this: {{ message }}\n\nBe brief.");
    }

    #[test]
    fn a_conversation_is_a_message_of_its_own() {
        let mut prompt = prompt();
        let history = History { variable: "turns".to_owned(), last: 5, max_tokens: None };
        prompt.layers.insert(2, Layer { content: Content::History(history), ..layer("turns", "") });
        prompt.layers.push(layer("more", "Go on."));
        let texts: Vec<_> = Slots::of(&prompt).messages.into_iter().map(|message| message.content).collect();
        assert_eq!(texts[1..], ["Sort this: {{ message }}", "{{ turns }}", "Go on."]);
    }
}
