//! Which variants meet which models on which cases, and what that costs.

mod cases;
mod check_form;
mod checks;
mod data;
mod dry;
mod guards;
mod kinds;
mod matrix;
mod policy;
mod rules;
mod saving;
mod schema;
mod screen;
mod side;

pub(super) use screen::{State, show};
