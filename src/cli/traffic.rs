//! `strata traffic`: a recorded run as the traffic of its users, under their limits. Nothing is sent.

use std::io::{self, Write};

use super::args::TrafficArgs;
use super::chosen::{self, complain_all, refuse};
use super::exit::Exit;
use super::write::Target;
use crate::analysis::{Traffic, TrafficShare};
use crate::interop::run_formats::{RunFormat, counted, one_line};
use crate::session::Shelf;
use crate::session::traffic::{ColumnTraffic, RunTraffic, rehearsed_traffic};

/// The longest name of a tier that is written whole.
const NAME: usize = 20;

pub(super) fn traffic(arguments: &TrafficArgs) -> Exit {
    perform(arguments).map_or_else(|exit| exit, |()| Exit::Passed)
}

fn perform(arguments: &TrafficArgs) -> Result<(), Exit> {
    let (format, file) = (arguments.output.format, arguments.output.file.as_deref());
    if !matches!(format, RunFormat::Table | RunFormat::Json) {
        return Err(refuse("Traffic is written as table or json."));
    }
    let workspace = chosen::workspace(&arguments.workspace)?;
    let target = Target::open(file)?;
    let records = chosen::records(&workspace)?;
    let rehearsed = rehearsed_traffic(&workspace, &Shelf::default(), &records, &arguments.run).map_err(|problems| {
        complain_all(&problems);
        Exit::Usage
    })?;
    target.write(file, |out| match format {
        RunFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &rehearsed)?;
            writeln!(out)
        }
        _ => table(&rehearsed, out),
    })
}

fn table(rehearsed: &RunTraffic, out: &mut dyn Write) -> io::Result<()> {
    let pace = rehearsed.evenly_per_minute.map_or_else(
        || "at the times that the dataset gives".to_owned(),
        |per_minute| format!("evenly, {per_minute} a minute"),
    );
    writeln!(out, "Run {} as traffic: requests arrive {pace}. Who is refused does not come again.", rehearsed.run)?;
    rehearsed.columns.iter().try_for_each(|column| of_column(column, out))
}

fn of_column(column: &ColumnTraffic, out: &mut dyn Write) -> io::Result<()> {
    let ColumnTraffic { variant, model, traffic, .. } = column;
    writeln!(out, "\n{} · {}", one_line(variant.as_str(), NAME), one_line(model.as_str(), NAME))?;
    writeln!(
        out,
        "{:22}{:>9}{:>8}{:>9}{:>10}{:>11}{:>10}{:>8}{:>11}{:>12}",
        "tier", "requests", "served", "refused", "by minute", "by tokens", "by cost", "users", "affected", "not spent"
    )?;
    for (tier, share) in &traffic.tiers {
        row(&one_line(tier, NAME), share, out)?;
    }
    row("all", &traffic.total, out)?;
    notes(column).iter().try_for_each(|note| writeln!(out, "{note}"))
}

fn row(name: &str, share: &TrafficShare, out: &mut dyn Write) -> io::Result<()> {
    let TrafficShare { requests, served, refused, users, users_refused, not_spent, .. } = share;
    writeln!(
        out,
        "{name:22}{requests:>9}{served:>8}{:>9}{:>10}{:>11}{:>10}{users:>8}{users_refused:>11}{:>12}",
        refused.total(),
        refused.requests_per_minute,
        refused.tokens_per_day,
        refused.cost_per_day,
        not_spent.to_string(),
    )
}

/// What a reader must know beside the table.
fn notes(column: &ColumnTraffic) -> Vec<String> {
    let Traffic { retry_after_p50_secs, retry_after_p95_secs, never_fit, total, .. } = &column.traffic;
    let waits = retry_after_p50_secs.zip(*retry_after_p95_secs);
    let some = |count: u64, words: &str| (count > 0).then(|| format!("{} {words}", counted(count, "request")));
    let of_limits = [
        waits.map(|(p50, p95)| format!("retry after: p50 {p50:.0} s, p95 {p95:.0} s")),
        some(*never_fit, "larger than the limit itself: no wait helps"),
        some(total.refused.users, "refused since more users came than are remembered"),
    ];
    of_limits.into_iter().flatten().chain(column.notes()).collect()
}
