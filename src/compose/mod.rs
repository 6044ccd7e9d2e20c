//! Layers and variables become messages.
//!
//! A [`Composer`] is a variant made ready once: overrides applied ([`overrides`]), snippets fetched ([`snippets`]),
//! every template parsed ([`template`]). It then renders a case in microseconds, on any thread. Each kind of layer says
//! in one file of [`render`] which parts it has; [`outline`] turns parts into headed Markdown, leaving out what is empty.
//!
//! Imported projects render as they did where they come from: [`nunjucks`].
//!
//! Invariant: nothing here reads a file, a clock, the environment or a source of randomness. The same prompt, variant,
//! case and seed give the same messages.

mod compile;
mod composer;
mod compress;
mod condense;
mod diff;
mod fence;
mod foreign;
mod frozen;
mod lint;
mod nearest;
pub mod nunjucks;
mod outline;
mod overrides;
mod pass;
mod reformulate;
mod render;
mod sampling;
mod scan;
mod snippets;
mod template;
mod tokens;
mod values;

#[cfg(test)]
mod fixtures;

pub use composer::{Composer, Library, Rendered, RenderedLayer};
pub use compress::{Compressed, compress};
pub use condense::{condense_request, condensed};
pub use diff::{Change, DiffLine, DiffPart, LayerDiff, LineTag, diff_prompts};
pub use foreign::render_assertion_value;
pub use nearest::nearest;
pub use reformulate::{Wrong, asked_without, field_request, reformulated};
pub use render::layer_text;
pub use template::{TemplateSet, render_template};
pub use tokens::{Exactness, Tokenizer, count_tokens, tokenizer_for};
