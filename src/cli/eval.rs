//! `strata eval`: a promptfoo config as it stands, with the verdicts that promptfoo gives.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{EvalArgs, EvalFormat};
use super::chosen::{self, complain, complain_all, note, refuse};
use super::conduct::{Conduct, conduct, replayed};
use super::exit::Exit;
use super::write::{self, Target};
use crate::domain::{Capability, ExperimentId, RunHeader, RunState, RunSummary, SecretRef, TrialRef};
use crate::interop::Fidelity;
use crate::interop::promptfoo::{
    Ask, AskKind, EVALUATION, InlineKey, Layers, Refused, ResultRow, Suite, import, narrowed, trials,
    without_environment, write_load_error, write_results,
};
use crate::interop::run_formats::Report;
use crate::plan::Plan;
use crate::provider::{GivenKeys, is_local_origin, vendor_bound};
use crate::session::launch::{self, LaunchError, Wish};
use crate::session::{Shelf, evaluation, importing};
use crate::store::data_dir;
use crate::store::records::Records;

/// Trials that are read together.
const READ_AT_ONCE: usize = 256;

pub(super) fn eval(arguments: &EvalArgs) -> Exit {
    perform(arguments).unwrap_or_else(|exit| exit)
}

fn perform(arguments: &EvalArgs) -> Result<Exit, Exit> {
    let target = Target::open(arguments.file.as_deref())?;
    let mut suite = match importing::read_config(&arguments.config, arguments.trust) {
        Ok(suite) => left(narrowed(suite, &arguments.filter), arguments)?,
        Err(refused) => return Err(refused_config(arguments, target, &refused)),
    };
    let (imported, keys) = import(&suite, Layers::Whole);
    // The cases have them now; only names are asked for from here on.
    suite.rows = Vec::new();
    for part in imported.report.parts.iter().filter(|part| part.fidelity == Fidelity::Unsupported) {
        complain(format!("{}: {} is not supported: {}", part.place, part.part, part.note));
    }
    let project = imported.project.clone();
    let root = records_root(&suite.file)?;
    let workspace = evaluation::workspace_of(imported, root);
    let wish = Wish {
        project,
        experiment: ExperimentId::from(EVALUATION),
        concurrency: arguments.jobs.map(Into::into),
        no_cache: !arguments.cache || !suite.settings.cache,
        ..Wish::default()
    };
    let prepared = launch::prepare(&workspace, &Shelf::default(), &wish).map_err(|problems| {
        complain_all(&problems);
        Exit::Usage
    })?;
    let granted = granted(arguments, &prepared.asks, &suite.asks, &keys)?;
    let records = chosen::records(&workspace)?;
    if !records.access().can_write() {
        return Err(refuse(records.access()));
    }
    let plan = prepared.plan.clone();
    let earlier = if arguments.resume { last(&records, &wish)? } else { None };
    let (ended, earlier): (Option<RunSummary>, _) = match earlier {
        Some(run) if is_whole(&run) => (Some(run).filter(|run| is_same(&run.header, &plan.header)), None),
        other => (None, other),
    };
    if let Some(run) = ended {
        complain(format!("Run {} is complete; nothing is left to do.", run.header.id));
        let report = Report::of(&replayed(&records, &run)?);
        write(target, arguments, &suite, &plan, &report, &records)?;
        return Ok(Exit::of(&report));
    }
    let told = |error: LaunchError| refuse(error);
    let how = Conduct {
        records: &records,
        granted: &granted,
        keys: Arc::new(GivenKeys::new(keys.into_iter().map(|key| (key.name, key.secret)))),
        earlier: earlier.as_ref(),
        told: &told,
    };
    let (board, state) = conduct(prepared, &how)?;
    let report = Report::of(&board);
    write(target, arguments, &suite, &plan, &report, &records)?;
    Ok(if state == RunState::Cancelled { Exit::Interrupted } else { Exit::of(&report) })
}

/// A config that cannot be loaded has no rows; whoever reads the results learns why.
fn refused_config(arguments: &EvalArgs, target: Target, refused: &Refused) -> Exit {
    if let Refused::NeedsTrust(asks) = refused {
        return refuse(untrusted(&asks.iter().map(line).collect::<Vec<_>>()));
    }
    if arguments.format() == EvalFormat::Results {
        let written = target.write(arguments.file.as_deref(), |out| write_load_error(&refused.to_string(), out));
        if let Err(exit) = written {
            return exit;
        }
    }
    refuse(refused)
}

/// The suite, where it has a provider that was asked for.
fn left(suite: Suite, arguments: &EvalArgs) -> Result<Suite, Exit> {
    match &arguments.filter.provider {
        Some(wanted) if suite.rows.iter().all(|row| row.columns.is_empty()) => {
            Err(refuse(format!("There is no provider `{wanted}` in the config for the tests that are left.")))
        }
        _ => Ok(suite),
    }
}

/// What the run may do: all that it asks for where the user trusts it, else only what needs no trust.
fn granted(
    arguments: &EvalArgs,
    asked: &BTreeSet<Capability>,
    asks: &[Ask],
    keys: &[InlineKey],
) -> Result<BTreeSet<Capability>, Exit> {
    let is_given = |key: &SecretRef| keys.iter().any(|given| given.name == *key);
    let needs_none = |capability: &&Capability| match capability {
        Capability::Send { origin, key } => is_local_origin(origin) && key.as_ref().is_none_or(is_given),
        _ => false,
    };
    let shown = |capability: &Capability| match capability {
        Capability::Send { key: Some(key), .. } if is_given(key) => format!("{capability} (it stands in the config)"),
        _ => capability.to_string(),
    };
    let needed = asked.iter().filter(|capability| !needs_none(capability)).map(shown);
    // An address is told by what is sent to it.
    let asks: Vec<&Ask> = asks.iter().filter(|ask| ask.kind != AskKind::Origin).collect();
    let wanted: Vec<String> = asks.iter().map(|ask| line(ask)).chain(needed).collect();
    if let Some(stranger) = asked.iter().find(|one| is_stranger(one, &is_given) && !arguments.trusts_host(one)) {
        return Err(refuse(format!(
            "It asks to {stranger}. That host is not the key's vendor: name it with --trust-host."
        )));
    }
    if arguments.trust {
        for one in wanted {
            note(format!("Granted for this run: {one}."));
        }
        return Ok(asked.clone());
    }
    // A variable that may not be read is an empty one.
    let is_refused = wanted.len() > asks.len() || asks.iter().any(|ask| ask.kind != AskKind::Environment);
    if is_refused {
        return Err(refuse(untrusted(&wanted)));
    }
    for one in wanted {
        note(format!("Not granted without --trust: {one}."));
    }
    Ok(asked.clone())
}

/// A vendor's key on its way to a host that is not the vendor's.
fn is_stranger(capability: &Capability, is_given: &impl Fn(&SecretRef) -> bool) -> bool {
    matches!(capability, Capability::Send { origin, key: Some(key) }
        if !is_given(key) && vendor_bound(key, origin) == Some(false))
}

/// What is asked for, with its place; code goes by its place already.
fn line(ask: &Ask) -> String {
    let (asked, at) = (ask.to_string(), ask.at.to_string());
    if asked.contains(&at) { asked } else { format!("{asked} ({at})") }
}

fn untrusted(wanted: &[String]) -> String {
    let mut message =
        "The config asks for what needs trust. Look at it, then grant it for one run with --trust:".to_owned();
    for one in wanted {
        let _ = write!(message, "\n  {one}");
    }
    message
}

fn records_root(config: &Path) -> Result<PathBuf, Exit> {
    let data = data_dir(None).ok_or_else(|| refuse("There is no folder for the user's data: set HOME."))?;
    let config = std::path::absolute(config).map_err(refuse)?;
    Ok(evaluation::records_folder(&data, &config))
}

fn is_whole(run: &RunSummary) -> bool {
    run.state == RunState::Completed && run.errored == 0
}

/// Whether a run had the same tests and columns.
fn is_same(then: &RunHeader, now: &RunHeader) -> bool {
    let columns = |header: &RunHeader| (header.dataset_fingerprint, header.definition.clone(), header.models.clone());
    columns(then) == columns(now)
}

/// The config's last run.
fn last(records: &Records, wish: &Wish) -> Result<Option<RunSummary>, Exit> {
    let last = records.previous_run(&wish.project, &wish.experiment, None).map_err(refuse)?;
    if last.is_none() {
        complain("No run of this config is on record: a new one begins.");
    }
    Ok(last)
}

fn write(
    target: Target,
    arguments: &EvalArgs,
    suite: &Suite,
    plan: &Plan,
    report: &Report,
    records: &Records,
) -> Result<(), Exit> {
    match arguments.format() {
        EvalFormat::Run(format) => write::run_as(target, arguments.file.as_deref(), format, report, records),
        EvalFormat::Results => {
            let header = &report.header;
            target.write(arguments.file.as_deref(), |out| {
                let places: Vec<TrialRef> = trials(header).collect();
                let ended =
                    places.chunks(READ_AT_ONCE).flat_map(|some| records.ended(&header.id, some).unwrap_or_default());
                let case = |trial: TrialRef| {
                    let row = usize::try_from(trial.case).unwrap_or(usize::MAX);
                    without_environment(suite, row, plan.case(trial).unwrap_or_default())
                };
                let mut rows = ended.map(|ended| ResultRow {
                    case: case(ended.trial),
                    label: &suite.prompts[usize::from(ended.trial.variant)].label,
                    provider: suite.providers[usize::from(ended.trial.model)].name(),
                    ended,
                });
                write_results(header, &suite.derived_metrics, &mut rows, out)
            })
        }
    }
}
