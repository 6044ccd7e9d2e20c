//! `strata log`: the calls on record, what they cost, and the way of both to a file or a collector.

use std::io::{self, Write};
use std::sync::Arc;

use super::args::{LogArgs, LogTask, Since};
use super::chosen::{self, note, refuse, say, word};
use super::exit::Exit;
use super::write::Target;
use crate::domain::{Alert, CallFilter, CallRow, CallSums, Workspace};
use crate::interop::call_log::{CallFormat, write_calls};
use crate::interop::run_formats::{counted, harmless, one_line};
use crate::provider::SystemKeys;
use crate::session::launch::{granted, runtime};
use crate::session::reporting::report;
use crate::store::records::{Records, RecordsError, SpendBy, SpendLine};

/// Lines of a table where no limit is given.
const SCREENFUL: u64 = 100;

pub(super) fn log(arguments: &LogArgs) -> Exit {
    perform(arguments).map_or_else(|exit| exit, |()| Exit::Passed)
}

fn perform(arguments: &LogArgs) -> Result<(), Exit> {
    let workspace = chosen::workspace(&arguments.workspace)?;
    match &arguments.task {
        LogTask::List { format, file } => {
            let target = Target::open(file.as_deref())?;
            list(arguments, &chosen::records(&workspace)?, *format, target)
        }
        LogTask::Alerts => alerts(arguments, &chosen::records(&workspace)?),
        LogTask::Spend => spend(&chosen::records(&workspace)?, since(arguments)?),
        LogTask::Send { trust_file } => {
            let granted = granted(&workspace, trust_file.as_deref()).map_err(refuse)?;
            send(arguments, &workspace, &granted)
        }
    }
}

fn list(arguments: &LogArgs, records: &Records, format: CallFormat, target: Target) -> Result<(), Exit> {
    let filter = filter(arguments)?;
    let filtered = !filter.is_all();
    let sums = records.call_sums(&filter).map_err(refuse)?;
    if sums.calls == 0 {
        nothing(arguments, records)?;
    }
    let table = format == CallFormat::Table;
    let limit = arguments.limit.map(std::num::NonZeroU64::get).or(table.then_some(SCREENFUL)).unwrap_or(u64::MAX);
    let mut calls = some(records, filter, limit).map(|call| call.map_err(io::Error::other));
    let LogTask::List { file, .. } = &arguments.task else { return Ok(()) };
    target.write(file.as_deref(), |out| {
        let written = write_calls(format, &mut calls, out)?;
        if table { summary(written, &sums, filtered, out) } else { Ok(()) }
    })
}

/// What was raised, the latest first.
fn alerts(arguments: &LogArgs, records: &Records) -> Result<(), Exit> {
    if arguments.run.is_some() {
        nothing(arguments, records)?;
    }
    let mut alerts = records.alerts().map_err(refuse)?;
    alerts.retain(|alert| arguments.run.as_ref().is_none_or(|run| alert.key.run == *run));
    if alerts.is_empty() {
        say("No alert was raised.");
        return Ok(());
    }
    Target::Screen.write(None, |out| alerts.iter().try_for_each(|alert| alert_line(alert, out)))
}

fn alert_line(alert: &Alert, out: &mut dyn Write) -> io::Result<()> {
    let at = alert.last_at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S");
    let seen = alert.acknowledged.as_ref().map_or_else(String::new, |seen| format!(" (seen by {})", seen.by));
    let run = one_line(alert.key.run.as_str(), 21);
    writeln!(out, "{at} UTC  {run:21}  {}{}", harmless(&alert_words(alert)), harmless(&seen))
}

/// The rule and what happened, in a line.
pub(super) fn alert_words(alert: &Alert) -> String {
    format!("{}: {}", alert.key.rule.title(), alert.cause)
}

fn some(
    records: &Records,
    filter: CallFilter,
    limit: u64,
) -> impl Iterator<Item = Result<CallRow, RecordsError>> + use<> {
    records.call_stream(filter).take(usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Says why nothing was found: names that were never called, or a log that is empty.
fn nothing(arguments: &LogArgs, records: &Records) -> Result<(), Exit> {
    let faults = records.call_faults().map_err(refuse)?;
    if let Some(fault) = arguments.fault.as_ref().filter(|fault| !faults.iter().any(|(word, _)| word == *fault)) {
        let known: Vec<String> = faults.iter().map(|(word, count)| format!("`{word}` ({count})")).collect();
        let known = if known.is_empty() {
            "No call has failed.".to_owned()
        } else {
            format!("There are: {}.", known.join(", "))
        };
        return Err(refuse(format!("No call failed with `{fault}`. {known}")));
    }
    let models = records.called_models().map_err(refuse)?;
    if let Some(model) = arguments.model.as_ref().filter(|model| !models.contains(model)) {
        return Err(refuse(format!("No call was made to a model `{model}`.")));
    }
    if let Some(run) = &arguments.run
        && records.run(run).map_err(refuse)?.is_none()
    {
        let workspace = word(arguments.workspace.display());
        return Err(refuse(format!("There is no run `{run}`. See: strata runs {workspace}")));
    }
    Ok(())
}

fn summary(shown: u64, sums: &CallSums, filtered: bool, out: &mut dyn Write) -> io::Result<()> {
    if sums.calls == 0 {
        return writeln!(out, "{}", if filtered { "No call is as asked." } else { "No call is on record." });
    }
    let all = if shown < sums.calls { format!("The newest {shown} of ") } else { String::new() };
    let faults: Vec<String> = sums.faults.iter().map(|(word, count)| format!("{count} × {word}")).collect();
    let failed = if faults.is_empty() {
        String::new()
    } else {
        format!(
            ", {} failed ({:.1} %: {})",
            sums.failed,
            sums.error_rate().unwrap_or_default() * 100.0,
            faults.join(", ")
        )
    };
    let ambiguous = if sums.ambiguous > 0 { format!(", {} ambiguous", sums.ambiguous) } else { String::new() };
    writeln!(
        out,
        "\n{all}{}{failed}{ambiguous}, {} spent{}",
        counted(sums.calls, "call"),
        sums.spent,
        unpriced(sums.unpriced)
    )
}

fn unpriced(calls: u64) -> String {
    if calls == 0 { String::new() } else { format!(", {} of unknown price", counted(calls, "call")) }
}

fn filter(arguments: &LogArgs) -> Result<CallFilter, Exit> {
    Ok(CallFilter {
        run: arguments.run.clone(),
        project: arguments.project.clone(),
        model: arguments.model.clone(),
        fault: arguments.fault.clone(),
        since: since(arguments)?,
        ..CallFilter::default()
    })
}

fn since(arguments: &LogArgs) -> Result<Option<jiff::Timestamp>, Exit> {
    let Some(since) = &arguments.since else { return Ok(None) };
    match since {
        Since::At(at) => Ok(Some(*at)),
        Since::Ago(time) => {
            let at = crate::engine::now().checked_sub(*time);
            at.map(Some).map_err(|_| refuse("--since lies before all time."))
        }
    }
}

/// What was spent by day, model and project, each as a small table.
fn spend(records: &Records, since: Option<jiff::Timestamp>) -> Result<(), Exit> {
    let read = |by| records.spend_by(by, since).map_err(refuse);
    let tables =
        [("day (UTC)", read(SpendBy::Day)?), ("model", read(SpendBy::Model)?), ("project", read(SpendBy::Project)?)];
    if tables.iter().all(|(_, lines)| lines.is_empty()) {
        say("No call is on record.");
        return Ok(());
    }
    Target::Screen.write(None, |out| {
        for (at, (name, lines)) in tables.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            spend_table(name, lines, out)?;
        }
        Ok(())
    })
}

fn spend_table(name: &str, lines: &[SpendLine], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{name:28} {:>10} {:>12}", "calls", "spent")?;
    for line in lines {
        let key = one_line(&line.key, 28);
        writeln!(out, "{key:28} {:>10} {:>12}{}", line.calls, line.spent.to_string(), unpriced(line.unpriced))?;
    }
    Ok(())
}

fn send(
    arguments: &LogArgs,
    workspace: &Workspace,
    granted: &std::collections::BTreeSet<crate::domain::Capability>,
) -> Result<(), Exit> {
    let records = chosen::records(workspace)?;
    let limit = arguments.limit.map_or(u64::MAX, std::num::NonZeroU64::get);
    let calls = some(&records, filter(arguments)?, limit);
    let runtime = runtime().map_err(refuse)?;
    let keys = Arc::new(SystemKeys::default());
    let told = report(&workspace.manifest, granted, keys, calls, runtime.handle(), &mut |_| true).map_err(|error| {
        let exit = refuse(&error);
        if error.to_string().contains("not trusted") {
            note(format!("See and grant it with: strata trust {}", word(arguments.workspace.display())));
        }
        exit
    })?;
    let place = workspace.manifest.otlp.as_ref().map_or("", |spec| spec.endpoint.as_str());
    say(format!("{} sent to {}.", counted(told.sent, "call"), harmless(place)));
    if told.rejected > 0 {
        return Err(refuse(format!("The collector did not take {} of them.", told.rejected)));
    }
    Ok(())
}
