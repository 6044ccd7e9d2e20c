//! Who grades: a config names one grader for all that is asked, or one for each kind of question.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::checks::{cases, with_children};
use crate::domain::AssertionKind;
use crate::interop::promptfoo::providers::{Gives, gives};
use crate::interop::promptfoo::suite::{AssertionEntry, CaseEntry, Suite};

/// What becomes of a question for which no grader is named, and promptfoo has a usual one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usual {
    /// The usual one is asked.
    Asked,
    /// Nobody is, until its user chooses a model: the check is unscored.
    LeftOut,
}

/// The variable in which the key of promptfoo's usual graders is.
pub const USUAL_KEY: &str = "OPENAI_API_KEY";

/// What an assertion asks a grader for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Words,
    Vectors,
    Flags,
    Classes,
}

impl Question {
    /// All that a type asks.
    pub(super) fn of(kind: &AssertionKind) -> impl Iterator<Item = Self> {
        let all = [
            (kind.asks_words(), Self::Words),
            (kind.asks_vectors(), Self::Vectors),
            (*kind == AssertionKind::Moderation, Self::Flags),
            (*kind == AssertionKind::Classifier, Self::Classes),
        ];
        all.into_iter().filter_map(|(asks, question)| asks.then_some(question))
    }

    /// The name by which a config has a grader for it alone.
    const fn key(self) -> &'static str {
        match self {
            Self::Words => "text",
            Self::Vectors => "embedding",
            Self::Flags => "moderation",
            Self::Classes => "classification",
        }
    }

    /// Whether a grader that is named for all can be asked this.
    fn suits(self, grader: &Value) -> bool {
        let id = grader.as_str().or_else(|| grader.get("id")?.as_str()).unwrap_or_default();
        match self {
            Self::Words => gives(id) == Gives::Words,
            Self::Vectors => gives(id) == Gives::Vectors,
            Self::Flags => gives(id) == Gives::Flags,
            Self::Classes => gives(id) == Gives::Classes,
        }
    }
}

/// promptfoo's usual one for moderation, the only kind that has one here: what a text is graded by is the user's choice.
static MODERATION: LazyLock<Value> = LazyLock::new(|| json!("openai:moderation:omni-moderation-latest"));

/// The grader that an assertion names, or its test.
pub(super) fn named<'a>(entry: &'a AssertionEntry, case: &'a CaseEntry) -> Option<&'a Value> {
    entry.provider.as_ref().or(case.options.grader.as_ref())
}

/// The grader of the config's that is asked a question, among what is named.
fn own(named: Option<&Value>, question: Question) -> Option<&Value> {
    match named {
        Some(Value::Object(parts)) if !parts.contains_key("id") => parts.get(question.key()),
        other => other.filter(|grader| question.suits(grader)),
    }
}

/// The grader that is asked a question: the config's own, or promptfoo's usual one where that may be asked.
pub(super) fn asked(named: Option<&Value>, question: Question, usual: Usual) -> Option<&Value> {
    let usual = || (question == Question::Flags && usual == Usual::Asked).then(|| &*MODERATION);
    own(named, question).or_else(usual)
}

/// Whether the grader that promptfoo asks is its usual one and none of the config's.
pub(super) fn is_usual(named: Option<&Value>, question: Question) -> bool {
    question == Question::Flags && own(named, question).is_none()
}

/// Every grader that the tests ask, by its text.
pub(super) fn all(suite: &Suite, usual: Usual) -> BTreeMap<String, &Value> {
    cases(suite).flat_map(move |case| of_case(case, usual)).map(|grader| (grader.to_string(), grader)).collect()
}

fn of_case(case: &CaseEntry, usual: Usual) -> impl Iterator<Item = &Value> {
    let entries = case.assertions.iter().flat_map(|assertion| with_children(assertion));
    entries.flat_map(move |entry| {
        let kind = AssertionKind::named(&entry.type_name);
        Question::of(&kind).filter_map(move |question| asked(named(entry, case), question, usual)).collect::<Vec<_>>()
    })
}
