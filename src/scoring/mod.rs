//! Output and case become a verdict. Pure: no clock, no network, no files.
//!
//! [`Checks`] is compiled once for an experiment, so that what is wrong with a check is told before anything is paid.
//! Then [`Checks::score`] gives the outcome of each answer. A judge is a call, so it is cut in two: [`judge::prepare`]
//! writes the request, the engine sends it as it sends every other, and [`judge::finish`] reads the reply.
//!
//! What could not be told (a pattern that gave up, an unknown price, an unusable judge) is *unscored*, never a failure.

mod checks;
mod combine;
mod confidence;
mod facts;
mod found;
pub mod guardrails;
mod guards;
mod json;
pub mod judge;
mod length;
mod lexical;
mod limits;
mod number;
mod pattern;
mod sameness;
mod schema;
mod subject;
mod template;
mod text;
mod validation;

#[cfg(test)]
mod tests;

pub use checks::Checks;
pub use confidence::{Filtered, confidence_of, filter_by_confidence};
pub use facts::Facts;
pub use judge::JudgeCheck;
pub use lexical::{LEXICAL_DIMENSIONS, lexical_vector, normalised};
pub use sameness::same_answer;
pub use subject::Answer;
pub use validation::{Validation, field_value, schema_of_field};
