//! Templates of Nunjucks 3, so that an imported prompt is sent as it was before, to the byte.
//!
//! Nunjucks turns a template into JavaScript; what it prints follows from JavaScript's rules. They are kept here: text is
//! UTF-16 ([`text`]), numbers print as there ([`number`]), operators bind as in the JavaScript that Nunjucks writes
//! ([`parser`]), and values have their methods ([`methods`]). Nothing reads a file, a clock or a source of randomness, and
//! every render is bounded in steps, size and depth.
//!
//! Way of a template: [`lexer`] → [`parser`] → [`ast`] → [`run`], which uses [`filters`], [`is`] (tests), [`globals`] and
//! [`methods`] over the values of a [`value::Heap`]. [`prompt`] is how promptfoo puts variables into prompts.
//!
//! Source: the documentation of Nunjucks (<https://mozilla.github.io/nunjucks/templating.html>) and ECMA-262.

mod ast;
mod convert;
mod error;
mod filters;
mod globals;
mod is;
pub mod js;
mod json;
mod lexer;
mod methods;
mod needs;
mod number;
mod parser;
pub mod prompt;
mod references;
mod regex;
mod run;
mod template;
mod text;
mod value;

#[cfg(test)]
mod tests;

pub use error::TemplateError;
pub use number::{leading_float, leading_integer, number_of, number_text, round_half_up};
pub use prompt::{PromptTemplate, render_prompt, render_value, resolved_vars};
pub use template::{Template, render};
