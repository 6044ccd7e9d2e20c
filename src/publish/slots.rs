//! A frozen prompt as messages whose variables are still slots: `{{ message }}` stays `{{ message }}`.

use crate::domain::{
    Content, Context, Example, Foundation, Layer, Message, OutputFormat, Prompt, ResponseFormat, Role, Task, Tool,
    Turns,
};

/// What goes into the provider-ready bodies.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Slots {
    /// Neighbours of one role are one message.
    pub messages: Vec<Message>,
    pub tools: Vec<Tool>,
    /// A form of the answer that a layer asks of the provider itself.
    pub response: ResponseFormat,
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
        if let Content::Tools(tools) = &layer.content {
            self.tools.extend(tools.tools.iter().cloned());
            return;
        }
        if let Content::Task(task) = &layer.content {
            if let (true, Some(schema)) = (task.structured_output, &task.output_schema) {
                self.response = ResponseFormat::Schema(schema.clone());
            }
            if task.example_form == Turns::Messages {
                for example in &task.examples {
                    self.say(Role::User, &example.input, false);
                    self.say(Role::Assistant, &example.output, false);
                }
            }
        }
        let alone = matches!(layer.content, Content::History(_));
        self.say(layer.role(), &text_of(layer), alone);
    }

    fn say(&mut self, role: Role, text: &str, alone: bool) {
        if text.trim().is_empty() {
            return;
        }
        match self.messages.last_mut() {
            Some(last) if last.role == role && !alone && !is_slot(&last.content) => {
                last.content.push_str("\n\n");
                last.content.push_str(text);
            }
            _ => self.messages.push(Message { role, content: text.to_owned() }),
        }
    }
}

/// A layer's words, slots and other template marks left in.
pub(super) fn text_of(layer: &Layer) -> String {
    match &layer.content {
        Content::Foundation(foundation) => foundation_text(foundation),
        Content::Context(context) => context_text(context),
        Content::Task(task) => task_text(task),
        Content::Text(text) => text.text.clone(),
        Content::Examples(examples) => {
            format!("Input: {}\nOutput: {}", examples.input, examples.output)
        }
        Content::Snippet(snippet) => format!("(layer {} of prompt {})", snippet.layer, snippet.prompt),
        Content::Tools(tools) => {
            let lines = tools.tools.iter().map(|tool| format!("- {}: {}", tool.name, tool.description));
            lines.collect::<Vec<_>>().join("\n")
        }
        Content::History(history) => slot(&history.variable),
    }
}

fn foundation_text(foundation: &Foundation) -> String {
    let Foundation { version: _, identity, capabilities, output_rules, safety } = foundation;
    let format = output_rules.format.map(|format| match format {
        OutputFormat::Markdown => "Answer in Markdown.",
        OutputFormat::Json => "Answer in JSON.",
        OutputFormat::Plain => "Answer in plain text.",
    });
    let length = output_rules.max_length.map(|most| format!("Write at most {most} characters."));
    let mut parts = Parts::default();
    parts.text("", &identity.role);
    parts.text("Manner", &identity.personality);
    parts.list("Expertise", &identity.expertise);
    parts.list("You may", &capabilities.allowed);
    parts.list("You must not", &capabilities.forbidden);
    parts.list("Ask for approval before", &capabilities.requires_approval);
    parts.text("", format.unwrap_or_default());
    parts.text("", length.as_deref().unwrap_or_default());
    parts.list("Required sections", &output_rules.required_sections);
    parts.list("Content filters", &safety.content_filters);
    parts.list("Escalate when", &safety.escalation_triggers);
    parts.text("When uncertain", &safety.uncertainty_handling);
    parts.join()
}

fn context_text(context: &Context) -> String {
    let mut parts = Parts::default();
    if let Some(user) = &context.user {
        let mut lines = vec![format!("id: {}", user.id), format!("tier: {}", user.tier)];
        lines.extend(user.preferences.iter().map(|(name, value)| format!("{name}: {value}")));
        parts.list("User", &lines);
    }
    if let Some(session) = &context.session {
        let lines = [
            ("id", &session.id),
            ("started at", &session.started_at),
            ("turn", &session.turn_count),
            ("current task", &session.current_task),
        ];
        let said = lines.iter().filter(|(_, value)| !value.is_empty());
        parts.list("Session", &said.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>());
    }
    if let Some(history) = &context.history {
        parts.text("Earlier turns", &slot(&history.variable));
    }
    if let Some(retrieved) = &context.retrieved {
        parts.text("Documents", &slot(&retrieved.variable));
    }
    if let Some(limits) = &context.constraints {
        let lines = [
            limits.max_tokens.map(|most| format!("at most {most} tokens")),
            limits.timeout_ms.map(|most| format!("at most {most} ms")),
            limits.cost_budget.map(|most| format!("at most {most}")),
        ];
        parts.list("Limits", &lines.into_iter().flatten().collect::<Vec<_>>());
    }
    parts.join()
}

fn task_text(task: &Task) -> String {
    let mut parts = Parts::default();
    parts.text("", &task.action);
    for (name, value) in &task.inputs {
        parts.text(name, value);
    }
    if let (false, Some(schema)) = (task.structured_output, &task.output_schema) {
        let schema = serde_json::to_string_pretty(schema).unwrap_or_default();
        parts.text("Answer with JSON that obeys this JSON Schema", &format!("{{% raw %}}{schema}{{% endraw %}}"));
    }
    if task.example_form == Turns::Block {
        parts.list("Examples", &task.examples.iter().map(example_text).collect::<Vec<_>>());
    }
    parts.list("Constraints", &task.constraints);
    parts.join()
}

fn example_text(example: &Example) -> String {
    format!("Input: {}\n  Output: {}", example.input, example.output)
}

fn slot(variable: &str) -> String {
    format!("{{{{ {variable} }}}}")
}

/// Nothing but one slot: a place where whole turns go in.
fn is_slot(text: &str) -> bool {
    text.strip_prefix("{{ ").and_then(|rest| rest.strip_suffix(" }}")).is_some_and(|name| !name.contains(['{', '}']))
}

/// Paragraphs of a layer; those that say nothing are left out.
#[derive(Default)]
struct Parts(Vec<String>);

impl Parts {
    fn text(&mut self, heading: &str, text: &str) {
        match (heading.is_empty(), text.trim().is_empty()) {
            (_, true) => {}
            (true, false) => self.0.push(text.to_owned()),
            (false, false) => self.0.push(format!("{heading}:\n{text}")),
        }
    }

    fn list(&mut self, heading: &str, items: &[String]) {
        let lines: Vec<String> = items.iter().map(|item| format!("- {item}")).collect();
        self.text(heading, &lines.join("\n"));
    }

    fn join(self) -> String {
        self.0.join("\n\n")
    }
}

#[cfg(test)]
mod tests {
    use super::super::freeze::tests::{layer, prompt};
    use super::*;
    use crate::domain::History;

    #[test]
    fn slots_stay_and_roles_become_messages() {
        let slots = Slots::of(&prompt());
        let said: Vec<_> = slots.messages.iter().map(|message| (message.role, message.content.as_str())).collect();
        assert_eq!(said, [(Role::System, "You sort support messages."), (Role::User, "Sort this: {{ message }}")]);
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
