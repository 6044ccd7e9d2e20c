//! Which variants meet which models on which cases, and what that costs.

mod add_menu;
mod assertion_form;
mod assertions;
mod cases;
mod check_form;
mod checks;
mod data;
mod dry;
mod guards;
mod json_field;
mod kinds;
mod lead;
mod matrix;
mod measured;
mod policy;
mod rules;
mod saving;
mod screen;
mod side;
mod user_limits;

pub(super) use kinds::line;
pub(super) use lead::lead_to_guard;
pub(super) use screen::{State, show};
