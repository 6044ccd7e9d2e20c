//! A prompt out of layers: the stack at the left, one layer in the middle, what the model gets at the right.
//!
//! `data` gathers, `draft` holds what a frame edits, `edits` are the changes to a stack as plain functions. `stack`,
//! `middle` (with `forms` for each kind of layer, `prompt_form` and `variant_form`) and `preview` with `try_it` draw.
//! `fields` and `highlight` are the parts that forms are made of.

mod data;
mod draft;
mod edits;
mod fields;
mod forms;
mod highlight;
mod kinds;
mod middle;
mod preview;
mod prompt_form;
mod screen;
mod stack;
mod tiers_form;
mod try_it;
mod values;
mod variant_form;

pub(super) use screen::{State, show};
