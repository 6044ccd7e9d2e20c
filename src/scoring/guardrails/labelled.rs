//! Labelled texts: what the guards are measured on.
//!
//! They were written for this project: attacks and harmless look-alikes for the sanitiser, answers for the validator.
//! Patterns are tuned on the *development* half alone; the *held-out* half shows what that is worth. Who wrote the
//! patterns had written all the texts before, so that attacks of other people will fare worse than either half.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::injection::Sanitiser;
use super::inspect::{Context, Inspector};
use crate::domain::{
    FindingKind, HarmPolicy, LeakPolicy, OutputPolicy, PhrasePolicy, PiiKind, PiiPolicy, SanitisePolicy,
};

const ATTACKS: &str = include_str!("../../../assets/guardrails/attacks.jsonl");
const HARMLESS: &str = include_str!("../../../assets/guardrails/harmless.jsonl");
const OUTPUTS: &str = include_str!("../../../assets/guardrails/outputs.jsonl");

/// The canary that labelled system texts have.
const CANARY: &str = "quiet-otter-4417";

/// The phrases that are forbidden in labelled answers.
const FORBIDDEN: [&str; 2] = ["guaranteed returns", "not my problem"];

/// Which half a text is in, by a hash of its id: adding texts moves none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Half {
    Development,
    HeldOut,
}

impl Half {
    #[must_use]
    pub fn of(id: &str) -> Self {
        if Sha256::digest(id.as_bytes())[0].is_multiple_of(2) { Self::Development } else { Self::HeldOut }
    }
}

/// A text and what is known of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labelled {
    pub id: String,
    pub text: String,
    /// What sort of text it is; results are told by kind too.
    pub kind: String,
    /// Of an input: whether it is an attack.
    #[serde(default)]
    pub attack: Option<bool>,
    /// Of an answer: the names of what stands in it, one for each place (`email`, `email`, `card`); `leak`, `harm` and
    /// `phrase` count once.
    #[serde(default)]
    pub expect: Option<Vec<String>>,
    /// Of an answer: the system text that it was given under.
    #[serde(default)]
    pub system: String,
    /// Of an answer: what it answers.
    #[serde(default)]
    pub input: String,
}

impl Labelled {
    #[must_use]
    pub fn half(&self) -> Half {
        Half::of(&self.id)
    }
}

/// Labelled texts from lines of JSON; blank lines are skipped.
///
/// # Errors
/// A sentence with the number of the first line that is no labelled text.
pub fn read(lines: &str) -> Result<Vec<Labelled>, String> {
    let mut texts = Vec::new();
    for (index, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |why: String| format!("Line {} is no labelled text: {why}.", index + 1);
        let text: Labelled = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        if text.attack.is_some() == text.expect.is_some() {
            return Err(wrong(
                "it needs `attack` (true or false) for an input, or `expect` (a list) for an answer".into(),
            ));
        }
        texts.push(text);
    }
    Ok(texts)
}

/// The bundled texts: attacks, harmless look-alikes, answers.
#[must_use]
pub fn bundled() -> Vec<Labelled> {
    let rows = |lines: &str, attack: Option<bool>| -> Vec<Labelled> {
        let rows = lines.lines().filter_map(|line| serde_json::from_str::<Labelled>(line).ok());
        rows.map(|row| Labelled { attack, ..row }).collect()
    };
    [rows(ATTACKS, Some(true)), rows(HARMLESS, Some(false)), rows(OUTPUTS, None)].concat()
}

/// The guards as they are measured: everything on, at its defaults.
#[derive(Debug)]
pub struct Measured {
    sanitiser: Sanitiser,
    inspector: Inspector,
}

impl Measured {
    /// `None` where the defaults are wrong, which a test rules out.
    #[must_use]
    pub fn new() -> Option<Self> {
        let sanitiser = Sanitiser::new(&SanitisePolicy { on: true, ..SanitisePolicy::default() }).ok()?;
        let inspector = Inspector::new(&OutputPolicy {
            leak: LeakPolicy { on: true, canary: CANARY.to_owned(), ..LeakPolicy::default() },
            pii: PiiPolicy { kinds: PiiKind::ALL.into_iter().collect(), ..PiiPolicy::default() },
            harm: HarmPolicy { on: true, ..HarmPolicy::default() },
            phrases: PhrasePolicy { forbidden: FORBIDDEN.map(str::to_owned).to_vec(), ..PhrasePolicy::default() },
            ..OutputPolicy::default()
        })
        .ok()?;
        Some(Self { sanitiser, inspector })
    }

    /// What the guards name in a text: `injection` for an input that is taken for an attack; for an answer the names as
    /// `expect` has them, in order.
    #[must_use]
    pub fn names(&self, text: &Labelled) -> Vec<String> {
        if text.attack.is_some() {
            let attack = !self.sanitiser.sanitise(&text.text).findings.is_empty();
            return attack.then(|| FindingKind::Injection.word().to_owned()).into_iter().collect();
        }
        let context = Context { system: &text.system, input: &text.input };
        let findings = self.inspector.inspect(&text.text, context);
        let mut names: Vec<String> = findings
            .into_iter()
            .map(|finding| match finding.kind {
                FindingKind::Pii => finding.name,
                FindingKind::Leak if finding.name == "canary" => finding.name,
                kind => kind.word().to_owned(),
            })
            .collect();
        names.sort();
        once(&mut names);
        names
    }

    /// What a labelled text should give, in the same words.
    #[must_use]
    pub fn expected(text: &Labelled) -> Vec<String> {
        let mut names = match (text.attack, &text.expect) {
            (Some(true), _) => vec![FindingKind::Injection.word().to_owned()],
            (_, Some(expect)) => expect.clone(),
            _ => Vec::new(),
        };
        names.sort();
        once(&mut names);
        names
    }
}

/// A text leaks, harms and speaks out of turn once, in however many places.
fn once(names: &mut Vec<String>) {
    names.dedup_by(|a, b| a == b && matches!(a.as_str(), "leak" | "canary" | "harm" | "phrase"));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_bundled_texts_are_whole_and_differ() {
        let texts = bundled();
        let count = |of: &dyn Fn(&Labelled) -> bool| texts.iter().filter(|text| of(text)).count();
        assert_eq!(count(&|text| text.attack == Some(true)), ATTACKS.lines().count());
        assert!(count(&|text| text.attack == Some(true)) >= 220);
        assert!(count(&|text| text.attack == Some(false)) >= 220);
        assert!(count(&|text| text.expect.is_some()) >= 150);
        assert_eq!(texts.len(), texts.iter().map(|text| &text.id).collect::<BTreeSet<_>>().len());
        let inputs: Vec<_> = texts.iter().filter(|text| text.attack.is_some()).map(|text| &text.text).collect();
        assert_eq!(inputs.len(), inputs.iter().collect::<BTreeSet<_>>().len());
        let held_out = count(&|text| text.half() == Half::HeldOut);
        assert!((texts.len() * 2 / 5..texts.len() * 3 / 5).contains(&held_out), "{held_out} of {}", texts.len());
    }

    #[test]
    fn lines_are_read_and_wrong_ones_are_told() {
        let line = r#"{"id": "1", "text": "t", "kind": "k", "attack": true}"#;
        assert_eq!(read(&format!("\n{line}\n")).unwrap().len(), 1);
        assert!(read("{}").unwrap_err().starts_with("Line 1 is no labelled text: missing field"));
        assert!(read(r#"{"id": "1", "text": "t", "kind": "k"}"#).unwrap_err().contains("needs `attack`"));
    }

    #[test]
    fn names_count_places_of_data_and_texts_of_the_rest() {
        let text = |text: &str| Labelled {
            id: String::new(),
            text: text.to_owned(),
            kind: String::new(),
            attack: None,
            expect: Some(Vec::new()),
            system: String::new(),
            input: String::new(),
        };
        let names = |t: &str| Measured::new().unwrap().names(&text(t)).join(" ");
        assert_eq!(names("a@b.example c@d.example"), "email email");
        assert_eq!(names("not my problem, not my problem"), "phrase");
        assert_eq!(names("fine"), "");
    }
}
