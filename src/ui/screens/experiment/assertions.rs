//! The types of assertion: what each is called, what it is good for, and what its form asks for.

use serde_json::{Map, Value, json};

use crate::domain::{Assertion, AssertionKind, ModelId};

/// What belongs together in the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Text,
    Structure,
    Similarity,
    Spend,
    Calls,
    Script,
    Graded,
    Comparison,
}

impl Family {
    pub const ALL: [Self; 8] = [
        Self::Text,
        Self::Structure,
        Self::Similarity,
        Self::Spend,
        Self::Calls,
        Self::Script,
        Self::Graded,
        Self::Comparison,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Structure => "Structure",
            Self::Similarity => "Similarity",
            Self::Spend => "Cost and time",
            Self::Calls => "Calls",
            Self::Script => "Script",
            Self::Graded => "Model-graded",
            Self::Comparison => "Comparison",
        }
    }
}

/// How a value, or a part of one, is typed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Asks {
    Nothing,
    /// A text of so many lines.
    Text(&'static str, usize),
    /// A list of texts, with an example of one; a text alone is written as such.
    Texts(&'static str, &'static str),
    /// A list of texts, or one text in which commas part them.
    Commas(&'static str),
    /// Any JSON; the second is an example.
    Json(&'static str, &'static str),
    /// A number, or nothing.
    Number(&'static str, &'static str),
    /// Exactly so many, or a range: a number, or an object of `min` and `max`.
    Count(&'static str),
    /// An object of these parts, by key.
    Parts(&'static [(&'static str, Asks)]),
    /// JavaScript.
    Code,
}

/// The form of the threshold: its label, and what stands in the field where nothing is typed.
type Threshold = Option<(&'static str, &'static str)>;

/// A type as people see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    /// As configs write it.
    pub name: &'static str,
    pub family: Family,
    pub title: &'static str,
    pub help: &'static str,
    pub asks: Asks,
    pub threshold: Threshold,
    /// An example of its settings, where it has any.
    pub config: Option<&'static str>,
    /// It can be turned round.
    pub negates: bool,
}

impl Row {
    const fn threshold(self, label: &'static str, default: &'static str) -> Self {
        Self { threshold: Some((label, default)), ..self }
    }

    const fn least(self, default: &'static str) -> Self {
        self.threshold("Passes from score", default)
    }

    const fn config(self, example: &'static str) -> Self {
        Self { config: Some(example), ..self }
    }

    const fn always(self) -> Self {
        Self { negates: false, ..self }
    }

    pub fn kind(&self) -> AssertionKind {
        AssertionKind::named(self.name)
    }

    /// One to begin with; a judge grades where words are asked for.
    pub fn make(&self, judge: Option<ModelId>) -> Assertion {
        let kind = self.kind();
        let model = judge.filter(|_| kind.asks_words());
        Assertion { model, ..Assertion::new(kind, self.asks.empty()) }
    }

    /// Whether every word of a search stands in the type's name, title or help; the words are in lower case.
    pub fn holds(&self, wanted: &str) -> bool {
        let text = format!("{} {} {} {}", self.name, self.title, self.help, self.family.word()).to_lowercase();
        wanted.split_whitespace().all(|word| text.contains(word))
    }
}

impl Asks {
    /// A value to begin with.
    fn empty(self) -> Value {
        match self {
            Self::Nothing | Self::Json(..) | Self::Number(..) => Value::Null,
            Self::Text(..) | Self::Code => json!(""),
            Self::Texts(..) | Self::Commas(_) => json!([""]),
            Self::Count(_) => json!({ "max": 100 }),
            Self::Parts(_) => Value::Object(Map::new()),
        }
    }
}

/// The type as people see it; `None` for one that is not known.
pub(super) fn row(kind: &AssertionKind) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == kind.name())
}

/// The types of a family, in the order in which they are offered.
pub(super) fn of_family(family: Family) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(move |row| row.family == family)
}

const fn text(name: &'static str, title: &'static str, help: &'static str, asks: Asks) -> Row {
    of(Family::Text, name, title, help, asks)
}

const fn structure(name: &'static str, title: &'static str, help: &'static str, asks: Asks) -> Row {
    of(Family::Structure, name, title, help, asks)
}

const fn alike(name: &'static str, title: &'static str, help: &'static str, asks: Asks) -> Row {
    of(Family::Similarity, name, title, help, asks)
}

const fn spend(name: &'static str, title: &'static str, help: &'static str) -> Row {
    of(Family::Spend, name, title, help, Asks::Nothing)
}

const fn calls(name: &'static str, title: &'static str, help: &'static str, asks: Asks) -> Row {
    of(Family::Calls, name, title, help, asks)
}

const fn graded(name: &'static str, title: &'static str, help: &'static str, asks: Asks) -> Row {
    of(Family::Graded, name, title, help, asks)
}

const fn of(family: Family, name: &'static str, title: &'static str, help: &'static str, asks: Asks) -> Row {
    Row { name, family, title, help, asks, threshold: None, config: None, negates: true }
}

const SCHEMA: Asks = Asks::Json("JSON Schema, or none", r#"{"type": "object", "required": ["name"]}"#);
const PATHS: Asks = Asks::Texts("Element that it must have", "order.item");
const SQL: Asks = Asks::Parts(&[
    ("databaseType", Asks::Text("Dialect, MySQL where it is empty", 1)),
    ("allowedTables", Asks::Texts("Allowed table", "select::users")),
    ("allowedColumns", Asks::Texts("Allowed column", "select::users::name")),
]);
const SPANS: Asks = Asks::Parts(&[
    ("pattern", Asks::Text("Name of the spans", 1)),
    ("min", Asks::Number("At least", "no limit")),
    ("max", Asks::Number("At most", "no limit")),
]);
const TOOL: Asks = Asks::Parts(&[("name", Asks::Text("Tool", 1)), ("args", Asks::Json("Arguments", r#"{"id": 7}"#))]);

static ROWS: [Row; 63] = [
    text(
        "equals",
        "Equals",
        "The answer is this text to the letter, or JSON that says the same.",
        Asks::Text("Text", 1),
    ),
    text("contains", "Contains", "This text stands in the answer, with the same case.", Asks::Text("Text", 1)),
    text(
        "icontains",
        "Contains, any case",
        "This text stands in the answer; case does not count.",
        Asks::Text("Text", 1),
    ),
    text("contains-all", "Contains all", "Every one of these texts stands in the answer.", Asks::Commas("Text")),
    text("contains-any", "Contains any", "At least one of these texts stands in the answer.", Asks::Commas("Text")),
    text(
        "icontains-all",
        "Contains all, any case",
        "Every one of these stands in it; case does not count.",
        Asks::Commas("Text"),
    ),
    text(
        "icontains-any",
        "Contains any, any case",
        "One of these stands in it; case does not count.",
        Asks::Commas("Text"),
    ),
    text("starts-with", "Starts with", "The answer begins with this text, with the same case.", Asks::Text("Text", 1)),
    text("ends-with", "Ends with", "The answer ends with this text, with the same case.", Asks::Text("Text", 1)),
    text("regex", "Regex", "A JavaScript pattern, without flags, is found in the answer.", Asks::Text("Pattern", 1)),
    text(
        "is-refusal",
        "Is a refusal",
        "The answer declines, by its usual phrases. An empty one counts, with score 0.",
        Asks::Nothing,
    ),
    text("word-count", "Word count", "The answer has so many words, parted by white space.", Asks::Count("words")),
    text("character-count", "Character count", "The answer has so many characters.", Asks::Count("characters")),
    structure("is-json", "Is JSON", "The whole answer is JSON, and obeys the schema where one is given.", SCHEMA),
    structure(
        "contains-json",
        "Contains JSON",
        "A JSON object stands somewhere in the answer, and obeys the schema.",
        SCHEMA,
    ),
    structure("is-xml", "Is XML", "The whole answer is one well-formed XML document.", PATHS),
    structure("contains-xml", "Contains XML", "A well-formed piece of XML stands in the answer.", PATHS),
    structure("is-html", "Is HTML", "The whole answer is HTML, with no text outside its elements.", Asks::Nothing),
    structure(
        "contains-html",
        "Contains HTML",
        "Enough signs of HTML stand in the answer: tags, entities, attributes.",
        Asks::Nothing,
    ),
    structure("is-sql", "Is SQL", "The whole answer is SQL of this dialect, on the allowed tables and columns.", SQL),
    structure("contains-sql", "Contains SQL", "A fenced block of the answer, or all of it, is SQL.", SQL),
    alike("levenshtein", "Edit distance", "Few letters have to change to get this text.", Asks::Text("Text", 1))
        .threshold("Edits at most", "5"),
    alike("bleu", "BLEU", "How many word sequences of the answer stand in a reference.", Asks::Texts("Reference", ""))
        .least("0.5"),
    alike(
        "gleu",
        "GLEU",
        "Shared word sequences, seen from the answer and from the reference.",
        Asks::Texts("Reference", ""),
    )
    .least("0.5"),
    alike("rouge-n", "ROUGE-N", "Words that the answer and the reference share.", Asks::Text("Reference", 1))
        .least("0.75"),
    alike("meteor", "METEOR", "Words that match exactly or by stem, and their order.", Asks::Texts("Reference", ""))
        .least("0.5")
        .config(r#"{"alpha": 0.9, "beta": 3, "gamma": 0.5}"#),
    spend("latency", "Latency", "The answer came in time. An answer out of the cache is an error.")
        .threshold("Within (ms)", "needed"),
    spend("cost", "Cost", "The answer cost no more. An unknown price is an error.")
        .threshold("At most (USD)", "needed"),
    calls(
        "finish-reason",
        "Finish reason",
        "The answer ended for this reason.",
        Asks::Text("Reason: stop, length, content_filter, tool_calls", 1),
    ),
    calls("guardrails", "Guardrails", "The provider's own guardrails did not flag the answer.", Asks::Nothing)
        .config(r#"{"purpose": "redteam"}"#),
    calls("perplexity", "Perplexity", "The model was sure of its words. Needs log probabilities.", Asks::Nothing)
        .threshold("Perplexity at most", "any"),
    calls(
        "perplexity-score",
        "Perplexity score",
        "The same on a scale from 0 to 1, where more is better.",
        Asks::Nothing,
    )
    .least("any"),
    calls(
        "is-valid-function-call",
        "Valid function call",
        "A function is called as the model's tools declare it.",
        Asks::Nothing,
    )
    .always(),
    calls(
        "is-valid-openai-function-call",
        "Valid OpenAI function call",
        "The same under its older name.",
        Asks::Nothing,
    )
    .always(),
    calls(
        "is-valid-openai-tools-call",
        "Valid OpenAI tools call",
        "Every tool is called as its schema says.",
        Asks::Nothing,
    )
    .always(),
    calls(
        "tool-call-f1",
        "Tool call F1",
        "The tools that are called are those that should be.",
        Asks::Texts("Tool", ""),
    )
    .least("1"),
    calls(
        "trace-span-count",
        "Number of spans",
        "So many spans of this name. Needs traces: without them, an error.",
        SPANS,
    ),
    calls(
        "trace-span-duration",
        "Duration of spans",
        "Spans of this name take no longer. Needs traces.",
        Asks::Parts(&[
            ("pattern", Asks::Text("Name of the spans", 1)),
            ("max", Asks::Number("At most (ms)", "needed")),
            ("percentile", Asks::Number("Percentile", "all of them")),
        ]),
    ),
    calls(
        "trace-error-spans",
        "Spans with errors",
        "No more spans failed than this. Needs traces.",
        Asks::Parts(&[
            ("pattern", Asks::Text("Name of the spans", 1)),
            ("max_count", Asks::Number("At most", "0")),
            ("max_percentage", Asks::Number("At most (%)", "no limit")),
        ]),
    )
    .always(),
    calls(
        "trajectory:tool-used",
        "Tool was used",
        "The agent used these tools on its way. Needs traces.",
        Asks::Texts("Tool", ""),
    ),
    calls(
        "trajectory:tool-args-match",
        "Tool was given",
        "A tool was called with these arguments. Needs traces.",
        TOOL,
    ),
    calls(
        "trajectory:tool-sequence",
        "Tools in order",
        "The tools were used in this order. Needs traces.",
        Asks::Texts("Tool", ""),
    ),
    calls(
        "trajectory:step-count",
        "Number of steps",
        "The agent took so many steps. Needs traces.",
        Asks::Count("steps"),
    ),
    calls(
        "skill-used",
        "Skill was used",
        "The agent used this skill, as its provider tells.",
        Asks::Texts("Skill", ""),
    ),
    of(
        Family::Script,
        "javascript",
        "JavaScript",
        "A script says pass, or a score. It runs in a sandbox, where you trust it.",
        Asks::Code,
    )
    .least("more than 0")
    .config(r#"{"limit": 3}"#),
    graded(
        "llm-rubric",
        "Rubric",
        "A model reads the answer against what you ask for.",
        Asks::Text("What a good answer has", 3),
    )
    .least("as the model says"),
    graded(
        "g-eval",
        "G-Eval",
        "A model makes steps of the criteria and gives points. Two calls.",
        Asks::Texts("Criterion", ""),
    )
    .least("0.7"),
    graded(
        "factuality",
        "Factuality",
        "A model compares what is claimed with this text.",
        Asks::Text("What is true", 2),
    )
    .always(),
    graded(
        "model-graded-factuality",
        "Factuality (older name)",
        "The same under its older name.",
        Asks::Text("What is true", 2),
    )
    .always(),
    graded(
        "model-graded-closedqa",
        "Meets a criterion",
        "A model says yes or no to a criterion.",
        Asks::Text("Criterion", 2),
    )
    .always(),
    graded(
        "answer-relevance",
        "Answer relevance",
        "Questions that a model makes of the answer are near the real one.",
        Asks::Nothing,
    )
    .least("0.5"),
    graded("context-recall", "Context recall", "The truth can be found in the context.", Asks::Text("What is true", 2))
        .least("0.5"),
    graded(
        "context-relevance",
        "Context relevance",
        "The context holds what the question needs, and little else.",
        Asks::Nothing,
    )
    .least("0.5"),
    graded(
        "context-faithfulness",
        "Context faithfulness",
        "The answer claims nothing that is not in the context.",
        Asks::Nothing,
    )
    .least("0.5"),
    graded(
        "conversation-relevance",
        "Conversation relevance",
        "Each answer of a conversation fits what was said.",
        Asks::Nothing,
    )
    .least("0.5")
    .config(r#"{"windowSize": 5}"#),
    graded(
        "similar",
        "Similar in meaning",
        "Its vector is near that of this text; one of several is enough.",
        Asks::Texts("Text", ""),
    )
    .least("0.75"),
    graded("similar:cosine", "Similar by cosine", "The same: the angle between the vectors.", Asks::Texts("Text", ""))
        .least("0.75"),
    graded("similar:dot", "Similar by dot product", "The dot product of the vectors.", Asks::Texts("Text", ""))
        .least("0.75"),
    graded("similar:euclidean", "Similar by distance", "The distance between the vectors.", Asks::Texts("Text", ""))
        .threshold("Distance at most", "0.75"),
    graded(
        "classifier",
        "Classifier",
        "A service gives the answer this label with a score that is high enough.",
        Asks::Text("Label", 1),
    )
    .least("1"),
    graded(
        "moderation",
        "Moderation",
        "A service flags none of these categories; none at all where none is named.",
        Asks::Texts("Category", ""),
    ),
    of(
        Family::Comparison,
        "select-best",
        "Best of the case",
        "A model picks the best of a case's answers; the others fail.",
        Asks::Text("Criterion", 2),
    )
    .always(),
    of(
        Family::Comparison,
        "max-score",
        "Highest score",
        "Of a case's answers the one with the most points passes.",
        Asks::Parts(&[
            ("method", Asks::Text("Method: average or sum", 1)),
            ("threshold", Asks::Number("Points at least", "any")),
            ("weights", Asks::Json("Weights by type", r#"{"contains": 2}"#)),
        ]),
    )
    .always(),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_one_row_and_every_row_a_type() {
        for kind in AssertionKind::KNOWN {
            assert_eq!(ROWS.iter().filter(|row| row.name == kind.name()).count(), 1, "{}", kind.name());
        }
        assert_eq!(ROWS.len(), AssertionKind::KNOWN.len());
        assert_eq!(row(&AssertionKind::Other("iequals".to_owned())), None);
    }

    #[test]
    fn rows_are_told_apart_in_sentences_and_families_stand_together() {
        let mut titles: Vec<&str> = ROWS.iter().map(|row| row.title).collect();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), ROWS.len());
        for row in &ROWS {
            assert!(row.help.ends_with('.') && !row.title.ends_with(':'), "{}", row.name);
        }
        let mut families: Vec<Family> = ROWS.iter().map(|row| row.family).collect();
        families.dedup();
        assert_eq!(families, Family::ALL);
    }

    #[test]
    fn what_asks_a_model_in_words_begins_with_one() {
        for row in &ROWS {
            let made = row.make(Some("sage".into()));
            assert_eq!(made.model.is_some(), made.kind.asks_words(), "{}", row.name);
        }
    }

    #[test]
    fn a_type_is_found_by_words_of_its_name_title_or_family() {
        let found = |text: &str| ROWS.iter().filter(|row| row.holds(text)).map(|row| row.name).collect::<Vec<_>>();
        assert_eq!(found("icontains all"), ["icontains-all"]);
        assert!(found("cosine").contains(&"similar:cosine"));
        assert_eq!(found("comparison"), ["select-best", "max-score"]);
        assert_eq!(found("nothing of this kind"), [""; 0]);
    }
}
