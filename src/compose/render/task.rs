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
