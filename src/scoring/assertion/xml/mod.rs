//! `is-xml` and `contains-xml`: well-formed XML, the whole output or a part of it, with the elements that are required.

mod checks;
mod fragments;
mod lenient;
mod names;
mod strict;

pub use checks::{contains_xml, is_xml};
