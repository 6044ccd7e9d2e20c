//! `is-html` and `contains-html`.

mod checks;
mod hints;
mod tree;

pub use checks::{contains_html, is_html};
