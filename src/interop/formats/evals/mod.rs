//! Evals of `OpenAI`: the registry of the open-source repository, results of the dashboard, definitions of the API.

mod criteria;
mod definition;
mod grading;
mod registry;
mod results;
mod samples;

#[cfg(test)]
mod tests;

pub(super) use definition::read as definition;
pub(super) use registry::read as registry;
pub(super) use results::read as results;
pub(super) use samples::read as samples;
