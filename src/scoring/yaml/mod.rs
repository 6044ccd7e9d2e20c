//! YAML 1.2 text into JSON values, as js-yaml 5 reads it: the core schema, merge keys, timestamps, and the old standard
//! tags (`!!binary`, `!!set`, `!!omap`, `!!pairs`).
//!
//! JSON has less than JavaScript, so three things are written differently. Infinities and "not a number" become the
//! strings `Infinity`, `-Infinity` and `NaN`, which print the same. A date becomes `{}`, as a copied `Date` does. Whole
//! floats become integers (`5.0` is `5`), since JavaScript knows no other numbers; beyond 2^53 they stay floats, with
//! the digits that a double keeps.
//!
//! Bounds: text up to 64 MB, collections 100 deep, and what aliases copy at most 1,000,000 nodes and 64 MB. Text beyond
//! them is refused, with the place.

mod build;
mod error;
mod order;
mod places;
mod scalar;
mod tags;
mod timestamp;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub use error::YamlError;
pub use order::in_js_order;
pub use places::{Place, Places, Step};

use build::{Built, Reading, documents};

/// The one document of a text. A text without any (empty, or comments only) is `null`.
pub fn read(text: &str) -> Result<Value, YamlError> {
    Ok(one(text, Reading::default())?.value)
}

/// Like [`read`], but a key that is there twice takes its last value, as in `JSON.parse`.
pub fn read_json_mode(text: &str) -> Result<Value, YamlError> {
    Ok(one(text, Reading { repeated_keys: true, ..Reading::default() })?.value)
}

/// All documents of a text, in order.
pub fn read_all(text: &str) -> Result<Vec<Value>, YamlError> {
    Ok(documents(text, Reading::default())?.into_iter().map(|document| document.value).collect())
}

/// Like [`read`], for a value that is written as JSON next, as `JSON.stringify` would write it: dates as ISO 8601 text,
/// infinities and "not a number" as `null`.
pub fn read_for_json(text: &str) -> Result<Value, YamlError> {
    Ok(one(text, Reading { for_json: true, ..Reading::default() })?.value)
}

/// Like [`read`], and where each part stands in the text.
pub fn read_with_places(text: &str) -> Result<(Value, Places), YamlError> {
    let built = one(text, Reading { places: true, ..Reading::default() })?;
    Ok((built.value, Places::new(built.place)))
}

fn one(text: &str, reading: Reading) -> Result<Built, YamlError> {
    let mut documents = documents(text, reading)?;
    match documents.len() {
        0 | 1 => Ok(documents.pop().unwrap_or_default()),
        _ => {
            let second = documents[1].place.place();
            Err(YamlError::new("A second document begins here; one is expected.", second.line, second.column))
        }
    }
}
