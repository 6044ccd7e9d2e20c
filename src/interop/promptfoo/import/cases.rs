//! Rows become cases, with their own checks and options.

use serde_json::{Value, json};

use crate::domain::{Case, CaseId, CaseOptions, Code, ModelId, PassRule, ScriptFile, VariantId};
use crate::interop::{Fidelity, ImportReport};

use super::checks::Checks;
use super::kept;
use super::place;
use crate::interop::promptfoo::suite::{self, CaseEntry, Row, Suite};

/// How an imported case is called: `test-1` is promptfoo's test index 0.
const PREFIX: &str = "test-";
/// The variable that prompts see a test's repetition by.
const REPEAT: &str = "__repeatIndex";

/// The variable by which templates see the environment that a config names.
pub(super) const ENVIRONMENT: &str = "env";

/// The test index of a case that was imported.
#[must_use]
pub fn test_index(id: &CaseId) -> Option<usize> {
    id.as_str().strip_prefix(PREFIX)?.parse::<usize>().ok()?.checked_sub(1)
}

/// A row's case as its test has it: without the `env` that its templates are given.
#[must_use]
pub fn without_environment(suite: &Suite, row: usize, mut case: Case) -> Case {
    if !suite.rows.get(row).is_some_and(|row| row.seen().contains_key(ENVIRONMENT)) {
        case.vars.shift_remove(ENVIRONMENT);
    }
    case
}

pub(super) fn rows(
    suite: &Suite,
    models: &[ModelId],
    variants: &[VariantId],
    checks: &Checks,
    report: &mut ImportReport,
) -> Vec<Case> {
    for (position, row) in suite.rows.iter().enumerate() {
        let is_first = position == 0 || !std::sync::Arc::ptr_eq(&suite.rows[position - 1].case, &row.case);
        if is_first {
            of_case(&row.case, row.test_idx, report);
        }
        if let Some(why) = &row.vars_error {
            report.add(
                Fidelity::Unsupported,
                format!("tests[{}].vars", row.test_idx),
                place(&row.case.at),
                why.clone(),
            );
        }
    }
    suite.rows.iter().map(|row| case(suite, row, models, variants, checks)).collect()
}

fn case(suite: &Suite, row: &Row, models: &[ModelId], variants: &[VariantId], checks: &Checks) -> Case {
    let entry = &*row.case;
    let mut vars = row.seen().clone();
    vars.insert(REPEAT.to_owned(), json!(row.repeat_index));
    if let Some(env) = checks.environment() {
        vars.entry(ENVIRONMENT).or_insert_with(|| env.clone());
    }
    let is_whole = row.columns.len() == suite.columns.len();
    let columns = || row.columns.iter().map(|column| suite.columns[*column]);
    let only = |ids: &mut dyn Iterator<Item = usize>| {
        let mut ids: Vec<usize> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let unread = |code: &Option<suite::Code>| unread(code.as_ref());
    let broken =
        row.vars_error.clone().or_else(|| unread(&entry.options.transform)).or_else(|| unread(&entry.scoring_function));
    let options = CaseOptions {
        prefix: entry.options.prefix.clone(),
        suffix: entry.options.suffix.clone(),
        given: entry.provider_output.clone(),
        transform: entry.options.transform.as_ref().and_then(code),
        variants: (!is_whole).then(|| {
            only(&mut columns().map(|column| column.prompt)).into_iter().map(|at| variants[at].clone()).collect()
        }),
        models: (!is_whole).then(|| {
            only(&mut columns().map(|column| column.provider)).into_iter().map(|at| models[at].clone()).collect()
        }),
        repetition: u16::try_from(row.repeat_index).unwrap_or(u16::MAX),
        store_as: entry.options.store_output_as.clone(),
        conversation: entry.metadata.get("conversationId").and_then(Value::as_str).map(str::to_owned),
        scoring: entry.scoring_function.as_ref().and_then(file),
        metadata: entry.metadata.clone(),
        kept: kept::of_case(entry),
        broken,
    };
    Case {
        id: CaseId(format!("{PREFIX}{}", row.test_idx + 1)),
        vars,
        note: entry.description.clone().unwrap_or_default(),
        checks: checks.of(suite, entry),
        pass: entry.threshold.map(PassRule::Score),
        options,
        ..Case::default()
    }
}

/// JavaScript as a definition keeps it; other languages are not run.
#[must_use]
pub fn code(code: &suite::Code) -> Option<Code> {
    match code {
        suite::Code::Inline(code) => Some(Code::Inline(code.clone())),
        suite::Code::File { .. } => file(code).map(Code::File),
        suite::Code::Foreign { .. } | suite::Code::Unreadable { .. } => None,
    }
}

pub(super) fn file(code: &suite::Code) -> Option<ScriptFile> {
    let suite::Code::File { path, export, source } = code else { return None };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Some(ScriptFile { name, export: export.clone(), source: source.to_string() })
}

/// Why code cannot be run, where it cannot.
pub(super) fn unread(code: Option<&suite::Code>) -> Option<String> {
    match code? {
        suite::Code::Inline(_) | suite::Code::File { .. } => None,
        suite::Code::Foreign { language, reference } => {
            Some(format!("`{reference}` is {language}, which is never run. Write it in JavaScript."))
        }
        suite::Code::Unreadable { reference, why } => Some(format!("`{reference}` cannot be read: {why}")),
    }
}

fn of_case(entry: &CaseEntry, index: usize, report: &mut ImportReport) {
    let part = |name: &str| format!("tests[{index}].{name}");
    let at = place(&entry.at);
    if entry.provider.is_some() {
        let note = "A test's own provider is not used: its columns keep theirs.";
        report.add(Fidelity::Unsupported, part("provider"), at.clone(), note);
    }
    if let Some(why) = unread(entry.options.transform.as_ref()) {
        report.add(Fidelity::Unsupported, part("options.transform"), at.clone(), why);
    } else if entry.options.transform.is_some() {
        report.add(Fidelity::Exact, part("options.transform"), at.clone(), "JavaScript, in the sandbox.");
    }
    if entry.options.store_output_as.is_some() || entry.metadata.contains_key("conversationId") {
        report.add(Fidelity::Exact, part("options"), at.clone(), "Its trials run one after the other.");
    }
    if let Some(why) = unread(entry.scoring_function.as_ref()) {
        report.add(Fidelity::Unsupported, part("assertScoringFunction"), at, why);
    }
}
