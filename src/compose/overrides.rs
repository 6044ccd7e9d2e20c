//! A variant's changes, applied to its prompt.

use crate::domain::{LayerId, Override, Place, Problem, Prompt, PromptId, Variant};

use super::nearest::nearest;

/// The prompt as the variant has it: layers switched and replaced, values of variables as their defaults.
pub(super) fn applied(prompt: &Prompt, variant: &Variant, problems: &mut Vec<Problem>) -> Prompt {
    let mut prompt = prompt.clone();
    for (id, change) in &variant.layers {
        match prompt.layers.iter_mut().find(|layer| layer.id == *id) {
            None => problems.push(no_such_layer(&prompt, variant, id)),
            Some(layer) => match change {
                Override::On => layer.on = true,
                Override::Off => layer.on = false,
                Override::Replace(content) => layer.content = content.clone(),
            },
        }
    }
    for (name, value) in &variant.variables {
        if let Some(variable) = prompt.variables.get_mut(name) {
            variable.default = Some(value.clone());
        }
    }
    prompt
}

fn no_such_layer(prompt: &Prompt, variant: &Variant, id: &LayerId) -> Problem {
    let near = nearest(id.as_str(), prompt.layers.iter().map(|layer| layer.id.as_str()));
    let hint = near.map_or_else(
        || "Take the change out of the variant, or add the layer.".to_owned(),
        |near| format!("Did you mean `{near}`?"),
    );
    let message = format!("The variant changes the layer `{id}`, which the prompt `{}` does not have.", variant.prompt);
    Problem::error(prompt_place(&variant.prompt), message, hint)
}

pub(super) fn prompt_place(prompt: &PromptId) -> Place {
    Place::file(format!("prompts/{prompt}.ron"))
}

pub(super) fn layer_place(prompt: &PromptId, layer: &LayerId) -> Place {
    prompt_place(prompt).layer(layer.clone())
}
