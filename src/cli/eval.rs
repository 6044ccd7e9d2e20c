//! `strata eval`: a promptfoo config as it stands, with the verdicts that promptfoo gives.

mod grants;
mod results;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::grants::{granted, told};
use self::results::write;
use super::args::{EvalArgs, EvalFormat};
use super::chosen::{complain, refuse};
use super::conduct::{Conduct, PATIENCE, conduct, replayed, what_is_left};
use super::exit::Exit;
use super::write::Target;
use crate::analysis::Board;
use crate::domain::{Capability, CaseId, ExperimentId, RunHeader, RunState, RunSummary, SecretRef, Source};
use crate::interop::promptfoo::{
    EVALUATION, Layers, NoteKind, Suite, USUAL_KEY, Usual, import, is_read, narrowed, write_load_error,
};
use crate::interop::run_formats::Report;
use crate::interop::{Fidelity, Imported};
use crate::plan::Plan;
use crate::provider::{GivenKeys, KeyStore};
use crate::session::launch::{self, LaunchError, Prepared, Wish};
use crate::session::{Shelf, evaluation, importing};
use crate::store::data_dir;
use crate::store::records::Records;

/// Trials that are read together.
const READ_AT_ONCE: usize = 256;

pub(super) fn eval(arguments: &EvalArgs) -> Exit {
    perform(arguments).unwrap_or_else(|exit| exit)
}

fn perform(arguments: &EvalArgs) -> Result<Exit, Exit> {
    if let Some(file) = arguments.file.as_deref().filter(|file| is_read(&arguments.config, file)) {
        return Err(refuse(format!(
            "{} is read by this evaluation: name another file for the results.",
            file.display()
        )));
    }
    let target = Target::open(arguments.file.as_deref())?;
    let ready = match ready(arguments) {
        Ok(ready) => ready,
        Err(reasons) => return Err(refused(arguments, target, &reasons)),
    };
    let Ready { suite, descriptions, prepared, granted, keys, records, wish } = ready;
    let reported = |board: &Board| Report { descriptions: descriptions.clone(), ..Report::of(board) };
    let plan = prepared.plan.clone();
    let earlier = if arguments.resume { last(&records, &wish, &plan)? } else { Last::None };
    let (prepared, earlier) = match earlier {
        Last::Whole(run) => {
            // The same tests and columns, and yet a prompt's text or a provider's setting may be another.
            let resumed = launch::take_up(prepared, &run.header.id, &records).map_err(refuse)?;
            if resumed.left() == 0 {
                complain(format!("Run {} is complete; nothing is left to do.", run.header.id));
                let report = reported(&replayed(&records, &run)?);
                write(target, arguments, &suite, &plan, &report, &records)?;
                return Ok(Exit::of(&report));
            }
            (resumed.prepared, Some(run))
        }
        Last::Part(run) => (prepared, Some(run)),
        Last::None => (prepared, None),
    };
    let why = RefCell::new(Vec::new());
    let how = Conduct {
        records: &records,
        granted: &granted,
        keys: Arc::new(keys),
        earlier: earlier.as_ref(),
        patience: Some(PATIENCE),
        told: &|error: LaunchError| {
            why.borrow_mut().push(error.to_string());
            Exit::Usage
        },
    };
    let (board, state) = match conduct(prepared, &how) {
        Ok(conducted) => conducted,
        Err(_) if !why.borrow().is_empty() => return Err(refused(arguments, target, &why.take())),
        Err(exit) => return Err(exit),
    };
    let report = reported(&board);
    write(target, arguments, &suite, &plan, &report, &records)?;
    what_is_left(&report, &records).into_iter().for_each(complain);
    Ok(if state == RunState::Cancelled { Exit::Interrupted } else { Exit::of(&report) })
}

/// An evaluation that can begin.
struct Ready {
    /// Without its rows: the cases have them.
    suite: Suite,
    /// What the config calls its tests.
    descriptions: BTreeMap<CaseId, String>,
    prepared: Prepared,
    granted: BTreeSet<Capability>,
    keys: GivenKeys,
    records: Records,
    wish: Wish,
}

/// Reads the config and looks at all that it needs; or why it cannot be evaluated, a sentence for each reason.
fn ready(arguments: &EvalArgs) -> Result<Ready, Vec<String>> {
    let one = |reason: String| vec![reason];
    let suite = importing::read_config(&arguments.config, arguments.trust).map_err(|why| one(told(&why)))?;
    let mut suite = left(narrowed(suite, &arguments.filter), arguments).map_err(one)?;
    let (imported, keys) = import(&suite, Layers::Whole, usual(arguments.trust));
    let idle = idle_providers(&suite);
    // The cases have them now; only names are asked for from here on.
    suite.rows = Vec::new();
    let keys = GivenKeys::new(keys.into_iter().map(|key| (key.name, key.secret)));
    remark(&suite, &imported, &idle);
    let descriptions = descriptions(&imported);
    let project = imported.project.clone();
    let root = records_root(&suite.file).map_err(one)?;
    let workspace = evaluation::workspace_of(imported, suite.settings.policy(), root);
    let wish = Wish {
        project,
        experiment: ExperimentId::from(EVALUATION),
        concurrency: arguments.jobs.map(Into::into),
        no_cache: !arguments.cache || !suite.settings.cache,
        unmapped_errs: true,
        ..Wish::default()
    };
    let prepared = launch::prepare(&workspace, &Shelf::default(), &wish)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let granted = granted(arguments, &prepared.asks, &suite.asks, &keys).map_err(one)?;
    let records = Records::open(&workspace.root).map_err(|error| one(error.to_string()))?;
    records.warning().into_iter().for_each(complain);
    if !records.access().can_write() {
        return Err(one(records.access().to_string()));
    }
    Ok(Ready { suite, descriptions, prepared, granted, keys, records, wish })
}

/// The parts of providers that no test asks.
fn idle_providers(suite: &Suite) -> Vec<String> {
    let asked: BTreeSet<usize> = suite.rows.iter().flat_map(|row| row.columns.iter().copied()).collect();
    let asked: BTreeSet<usize> = asked.into_iter().map(|column| suite.columns[column].provider).collect();
    (0..suite.providers.len()).filter(|at| !asked.contains(at)).map(|at| format!("providers[{at}] ")).collect()
}

/// Says what of the config is not carried out, or perhaps not meant.
fn remark(suite: &Suite, imported: &Imported, idle: &[String]) {
    let parts = imported.report.parts.iter().filter(|part| part.fidelity == Fidelity::Unsupported);
    for part in parts.filter(|part| !idle.iter().any(|provider| part.part.starts_with(provider))) {
        complain(format!("{}: {} is not supported: {}", part.place, part.part, part.note));
    }
    for note in suite.notes.iter().filter(|note| matches!(note.kind, NoteKind::Warning | NoteKind::Unfilled)) {
        complain(format!("{}: {}: {}", note.at, note.path, note.text));
    }
}

/// What the config calls its tests, where it does.
fn descriptions(imported: &Imported) -> BTreeMap<CaseId, String> {
    let sources = imported.datasets.values().map(|dataset| &dataset.source);
    let cases = sources.filter_map(|source| if let Source::Cases(cases) = source { Some(cases) } else { None });
    let called = cases.flatten().filter(|case| !case.note.is_empty());
    called.map(|case| (case.id.clone(), case.note.clone())).collect()
}

/// Whether promptfoo's usual graders are asked: whoever has no key for them, or trusts nothing, has those checks unscored.
fn usual(is_trusted: bool) -> Usual {
    let no_keys = GivenKeys::new(std::iter::empty());
    let has_key = || no_keys.read(&SecretRef::Env(USUAL_KEY.to_owned())).is_ok();
    if is_trusted && has_key() { Usual::Asked } else { Usual::LeftOut }
}

/// Says why nothing is evaluated. Who reads the results learns it as well: they are a config without rows.
fn refused(arguments: &EvalArgs, target: Target, reasons: &[String]) -> Exit {
    if arguments.format() == EvalFormat::Results {
        let reason = reasons.join("\n");
        if let Err(exit) = target.write(arguments.file.as_deref(), |out| write_load_error(&reason, out)) {
            return exit;
        }
    }
    reasons.iter().for_each(complain);
    Exit::Usage
}

/// The suite, where it has a provider that was asked for.
fn left(suite: Suite, arguments: &EvalArgs) -> Result<Suite, String> {
    match &arguments.filter.provider {
        Some(wanted) if suite.rows.iter().all(|row| row.columns.is_empty()) => {
            Err(format!("There is no provider `{wanted}` in the config for the tests that are left."))
        }
        _ => Ok(suite),
    }
}

fn records_root(config: &Path) -> Result<PathBuf, String> {
    let data = data_dir(None).ok_or("There is no folder for the user's data: set HOME.")?;
    let config = std::path::absolute(config).map_err(|error| error.to_string())?;
    Ok(evaluation::records_folder(&data, &config))
}

fn is_whole(run: &RunSummary) -> bool {
    run.state == RunState::Completed && run.errored == 0
}

/// Whether a run had the same tests and columns.
fn is_same(then: &RunHeader, now: &RunHeader) -> bool {
    let columns = |header: &RunHeader| {
        let mut definition = header.definition.clone();
        // Whether answers may come from the cache changes none of them.
        definition.policy.iter_mut().for_each(|policy| policy.cache.on = true);
        (header.dataset_fingerprint, definition, header.models.clone())
    };
    columns(then) == columns(now)
}

/// What there is to go on with.
enum Last {
    None,
    Part(RunSummary),
    /// All of its trials are there, of the same tests and columns.
    Whole(RunSummary),
}

/// The config's last run.
fn last(records: &Records, wish: &Wish, plan: &Plan) -> Result<Last, Exit> {
    let last = records.previous_run(&wish.project, &wish.experiment, None).map_err(refuse)?;
    Ok(match last {
        None => {
            complain("No run of this config is on record: a new one begins.");
            Last::None
        }
        Some(run) if !is_whole(&run) => Last::Part(run),
        Some(run) if is_same(&run.header, &plan.header) => Last::Whole(run),
        Some(run) => {
            complain(format!(
                "The config has changed since run {}, which is complete: a new one begins.",
                run.header.id
            ));
            Last::None
        }
    })
}
