//! YAML of a file, with the lines on which its parts stand.

use serde_json::Value;

use crate::scoring::yaml::{Places, Step, read_with_places};

use super::error::ImportError;
use super::source::Source;

pub(super) struct Yaml {
    pub value: Value,
    places: Places,
    lines_before: u32,
}

impl Yaml {
    /// Reads a part of a file that stands after so many lines.
    pub fn read(source: &Source, text: &str, lines_before: u32) -> Result<Self, ImportError> {
        let (value, places) = read_with_places(text).map_err(|error| {
            let line = number(error.line).saturating_add(lines_before);
            let mut told = source.error(Some(line), format!("This is not YAML: {}", error.message), "");
            told.place.column = Some(number(error.column));
            told
        })?;
        Ok(Self { value, places, lines_before })
    }

    /// The line of the part that the keys lead to.
    pub fn line(&self, keys: &[&str]) -> Option<u32> {
        let steps: Vec<Step> = keys.iter().map(|key| step(key)).collect();
        u32::try_from(self.places.of(&steps).line).ok()?.checked_add(self.lines_before)
    }
}

/// `#3` is the fourth of a list.
fn step(key: &str) -> Step {
    match key.strip_prefix('#').and_then(|index| index.parse::<usize>().ok()) {
        Some(index) => index.into(),
        None => key.into(),
    }
}

fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
