//! The task: what is to be done now, with which inputs, and in which form.

use crate::compose::outline::{Part, Slot, Slots};
use crate::domain::{Task, Turns};

pub(in crate::compose) fn task(layer: &Task, slots: &mut dyn Slots) -> Vec<Part> {
    let inputs = layer.inputs.iter().map(|(name, value)| {
        let slot = slots.slot(value, &format!("inputs.{name}"));
        (name.clone(), slot)
    });
    let inputs: Vec<(String, Slot)> = inputs.collect();
    let mut parts = vec![
        Part::Section { heading: "Task", parts: vec![Part::Paragraph(slots.slot(&layer.action, "action"))] },
        Part::Section { heading: "Inputs", parts: vec![Part::Inputs(inputs)] },
        Part::Section { heading: "Output format", parts: vec![Part::Paragraph(Slot::Plain(schema(layer)))] },
    ];
    if layer.example_form == Turns::Block {
        parts.push(Part::Section { heading: "Examples", parts: vec![Part::Examples(examples(layer, slots))] });
    }
    let constraints = slots.slots(&layer.constraints, "constraints");
    parts.push(Part::Section { heading: "Constraints", parts: vec![Part::List { lead: "", items: constraints }] });
    parts
}

/// The examples that go in as real turns before the task.
pub(in crate::compose) fn task_turns(layer: &Task, slots: &mut dyn Slots) -> Vec<(Slot, Slot)> {
    match layer.example_form {
        Turns::Block => Vec::new(),
        Turns::Messages => examples(layer, slots),
    }
}

fn examples(layer: &Task, slots: &mut dyn Slots) -> Vec<(Slot, Slot)> {
    let mut slot = |index: usize, text: &str, side: &str| slots.slot(text, &format!("examples.{}.{side}", index + 1));
    layer
        .examples
        .iter()
        .enumerate()
        .map(|(index, example)| (slot(index, &example.input, "input"), slot(index, &example.output, "output")))
        .collect()
}

fn schema(layer: &Task) -> String {
    layer.output_schema.as_ref().map_or_else(String::new, |schema| {
        format!("Answer with JSON that obeys this JSON Schema.\n\n```json\n{schema:#}\n```")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::compose::fixtures::{layer, messages, prompt, render};
    use crate::domain::{Content, Example, Layer, ResponseFormat, Task, Turns};

    fn full() -> Task {
        let example = |input: &str, output: &str| Example { input: input.to_owned(), output: output.to_owned() };
        Task {
            action: "Sort the ticket into a category.".to_owned(),
            inputs: [
                ("ticket".to_owned(), "{{ ticket }}".to_owned()),
                ("language".to_owned(), "{{ lang }}".to_owned()),
            ]
            .into(),
            output_schema: Some(json!({"type": "object", "properties": {"category": {"type": "string"}}})),
            structured_output: true,
            examples: vec![
                example("It broke.", "{\"category\": \"defect\"}"),
                example("Where is it?", "{\"category\": \"{{ c }}\"}"),
            ],
            example_form: Turns::Block,
            constraints: vec!["One category only".to_owned(), String::new()],
        }
    }

    fn as_layer(task: Task) -> Layer {
        layer("t", Content::Task(Box::new(task)))
    }

    #[test]
    fn every_part_has_its_place_under_a_heading() {
        let vars = json!({"ticket": "Two\nlines.", "lang": "en", "c": "shipping"});
        let rendered = render(&prompt([as_layer(full())]), &vars);
        insta::assert_snapshot!(messages(&rendered), @r#"
        [user]
        ## Task

        Sort the ticket into a category.

        ## Inputs

        - language: en

        ### ticket

        Two
        lines.

        ## Output format

        Answer with JSON that obeys this JSON Schema.

        ```json
        {
          "type": "object",
          "properties": {
            "category": {
              "type": "string"
            }
          }
        }
        ```

        ## Examples

        ### Example 1

        Input:
        It broke.

        Output:
        {"category": "defect"}

        ### Example 2

        Input:
        Where is it?

        Output:
        {"category": "shipping"}

        ## Constraints

        - One category only
        "#);
        assert_eq!(rendered.response, full().output_schema.map(ResponseFormat::Schema));
    }

    #[test]
    fn examples_go_in_as_real_turns_before_the_task() {
        let task = Task {
            action: "Sort.".to_owned(),
            examples: full().examples,
            example_form: Turns::Messages,
            ..Task::default()
        };
        let rendered = render(&prompt([as_layer(task)]), &json!({"c": "x"}));
        insta::assert_snapshot!(messages(&rendered), @r#"
        [user]
        It broke.

        [assistant]
        {"category": "defect"}

        [user]
        Where is it?

        [assistant]
        {"category": "x"}

        [user]
        ## Task

        Sort.
        "#);
        assert_eq!(rendered.response, None);
    }
}
