//! What differs between two answers: word by word, or field by field where all are JSON.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

/// Longer answers are shown side by side without marks: looking for them would hold the window up.
const LONGEST: usize = 100_000;
/// Answers that share less than this are two texts, and marks between their words would only hide both.
const LITTLE: f32 = 0.4;

/// A piece of an answer, seen against another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Same(String),
    /// Only in this one.
    Added(String),
    /// Only in the other one.
    Missing(String),
}

/// `other` seen against `first`, word by word.
pub(super) fn words(first: &str, other: &str) -> Vec<Piece> {
    if first.len().max(other.len()) > LONGEST {
        return vec![Piece::Same(other.to_owned())];
    }
    let diff = TextDiff::from_words(first, other);
    if diff.ratio() < LITTLE {
        return vec![Piece::Added(other.to_owned())];
    }
    let mut pieces: Vec<Piece> = Vec::new();
    for change in diff.iter_all_changes() {
        let text = change.value();
        match (change.tag(), pieces.last_mut()) {
            (ChangeTag::Equal, Some(Piece::Same(piece)))
            | (ChangeTag::Insert, Some(Piece::Added(piece)))
            | (ChangeTag::Delete, Some(Piece::Missing(piece))) => piece.push_str(text),
            (ChangeTag::Equal, _) => pieces.push(Piece::Same(text.to_owned())),
            (ChangeTag::Insert, _) => pieces.push(Piece::Added(text.to_owned())),
            (ChangeTag::Delete, _) => pieces.push(Piece::Missing(text.to_owned())),
        }
    }
    pieces
}

/// Long stretches that are the same become `…` between their first and last words.
pub(super) fn only_differences(pieces: Vec<Piece>) -> Vec<Piece> {
    const AROUND: usize = 3;
    let last = pieces.len().saturating_sub(1);
    let shorten = |(at, piece): (usize, Piece)| match piece {
        Piece::Same(text) => {
            let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
            let head = if at == 0 { 0 } else { AROUND };
            let tail = if at == last { 0 } else { AROUND };
            if words.len() <= head + tail + 1 {
                return Piece::Same(text);
            }
            let (head, tail) = (words[..head].concat(), words[words.len() - tail..].concat());
            Piece::Same(format!("{head}… {tail}"))
        }
        other => other,
    };
    pieces.into_iter().enumerate().map(shorten).collect()
}

/// One field of several JSON answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// `category`, `address.city`, `tags[0]`.
    pub name: String,
    /// One for each answer; `None` where it does not have the field.
    pub values: Vec<Option<String>>,
}

impl Field {
    pub fn differs(&self, at: usize) -> bool {
        self.values.get(at) != self.values.first()
    }

    pub fn is_same(&self) -> bool {
        (1..self.values.len()).all(|at| !self.differs(at))
    }
}

/// The fields of JSON answers, in the order in which they first stand; `None` where one is no JSON object or list.
pub(super) fn fields(answers: &[&str]) -> Option<Vec<Field>> {
    let mut fields: Vec<Field> = Vec::new();
    for (at, answer) in answers.iter().enumerate() {
        let value: Value =
            serde_json::from_str(answer.trim()).ok().filter(|value: &Value| value.is_object() || value.is_array())?;
        let mut leaves = Vec::new();
        flatten(String::new(), &value, &mut leaves);
        for (name, text) in leaves {
            let known = fields.iter().position(|field| field.name == name);
            let place = known.unwrap_or_else(|| {
                fields.push(Field { name, values: vec![None; answers.len()] });
                fields.len() - 1
            });
            fields[place].values[at] = Some(text);
        }
    }
    (!fields.is_empty()).then_some(fields)
}

fn flatten(name: String, value: &Value, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                flatten(if name.is_empty() { key.clone() } else { format!("{name}.{key}") }, value, leaves);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (at, value) in list.iter().enumerate() {
                flatten(format!("{name}[{at}]"), value, leaves);
            }
        }
        Value::String(text) => leaves.push((name, text.clone())),
        other => leaves.push((name, other.to_string())),
    }
}

/// An answer laid out as JSON; `None` where it is none.
pub(super) fn pretty(answer: &str) -> Option<String> {
    let value: Value = serde_json::from_str(answer.trim()).ok()?;
    (value.is_object() || value.is_array()).then(|| serde_json::to_string_pretty(&value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_added_or_missing() {
        let same = |text: &str| Piece::Same(text.into());
        let pieces = words("the parcel is late", "the parcel was lost and late");
        let added: String = pieces
            .iter()
            .filter_map(|piece| if let Piece::Added(text) = piece { Some(text.as_str()) } else { None })
            .collect();
        let missing: Vec<&Piece> = pieces.iter().filter(|piece| matches!(piece, Piece::Missing(_))).collect();
        assert_eq!(pieces[0], same("the parcel "));
        assert!(added.contains("was") && added.contains("lost"), "{pieces:?}");
        assert_eq!(missing, [&Piece::Missing("is".into())]);
        assert_eq!(words("a b", "a b"), [same("a b")]);
        assert_eq!(words("This is a ticket", "{\"json\": 1}"), [Piece::Added("{\"json\": 1}".into())]);
    }

    #[test]
    fn what_is_the_same_is_left_out() {
        let long = "one two three four five six seven eight nine ten ";
        let pieces = vec![Piece::Same(long.into()), Piece::Added("x ".into()), Piece::Same("end".into())];
        let expect = [Piece::Same("… eight nine ten ".into()), Piece::Added("x ".into()), Piece::Same("end".into())];
        assert_eq!(only_differences(pieces), expect);
    }

    #[test]
    fn json_is_compared_field_by_field_whatever_its_order() {
        let answers =
            [r#"{"category": "billing", "tags": ["a"], "n": 1}"#, r#"{"n": 1, "category": "other", "extra": null}"#];
        let fields = fields(&answers).unwrap();
        let rows: Vec<(&str, bool)> = fields.iter().map(|field| (field.name.as_str(), field.is_same())).collect();
        assert_eq!(rows, [("category", false), ("tags[0]", false), ("n", true), ("extra", false)]);
        assert_eq!(fields[3].values, [None, Some("null".into())]);
        assert_eq!(super::fields(&["{}", "no json"]), None);
    }
}
