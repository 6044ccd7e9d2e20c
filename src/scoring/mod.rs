//! Output and case become a verdict. Pure: no clock, no network, no files.
//!
//! [`Checks`] is compiled once for an experiment, so that what is wrong with a check is told before anything is paid.
//! Then [`Checks::score`] gives the outcome of each answer. A check that a model does is a [`Grader`]: it says step by step
//! what is asked, the engine sends it as it sends every other request, and the last reply becomes the check's result.
//!
//! What could not be told (a pattern that gave up, an unknown price, an unusable judge) is *unscored*, never a failure.

pub mod assertion;
mod checks;
mod combine;
mod confidence;
mod facts;
pub mod formula;
mod found;
mod graded;
mod graders;
pub mod guardrails;
mod guards;
mod json;
mod judge;
mod length;
mod lexical;
mod limits;
mod number;
mod pattern;
mod positions;
mod right_items;
mod sameness;
mod schema;
pub mod script;
mod subject;
mod template;
mod text;
mod validation;
pub mod yaml;

#[cfg(test)]
mod tests;

pub use checks::Checks;
pub use confidence::{Filtered, confidence_of, filter_by_confidence};
pub use facts::Facts;
pub use graders::select_best::{Choice, Chosen};
pub use graders::{Grader, Grading, Next, Reply, Service, models_asked, services_asked};
pub use lexical::{LEXICAL_DIMENSIONS, lexical_vector, normalised};
pub use right_items::{FoundItem, RightItems, expected_items, right_items};
pub use sameness::same_answer;
pub use subject::Answer;
pub use validation::{Validation, field_value, schema_of_field};
