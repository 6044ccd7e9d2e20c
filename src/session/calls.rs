//! The call log as a screen reads it: by page, with its sums, read in the background and again while a run goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::command::Command;
use super::disk;
use super::notices::Level;
use super::reporting::{self, ReportError};
use super::route::Route;
use super::state::Session;
use crate::domain::{Alert, CallFilter, CallQuery, CallRow, CallSums, ModelId};
use crate::interop::call_log::CallFormat;
use crate::provider::SystemKeys;
use crate::store::records::{Records, RecordsError, SpendBy, SpendLine};

/// Calls that are read together.
pub const CALL_PAGE: u64 = 200;
/// Pages that are kept; past this all but those in sight are let go.
const PAGES: usize = 50;
/// How often the log is read while a run goes on, at most.
const PACE: Duration = Duration::from_secs(1);
/// A log that takes long to read is read less often: it takes a fifth of one thread's time.
const REST_SHARE: u32 = 4;

/// What was spent, by what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spend {
    /// In order of time.
    pub by_day: Vec<SpendLine>,
    /// The dearest first.
    pub by_model: Vec<SpendLine>,
    /// The dearest first.
    pub by_project: Vec<SpendLine>,
}

/// The call log of the open workspace.
#[derive(Default)]
pub struct Calls {
    query: CallQuery,
    /// Grows with every reading: what an older one found is not wanted any more.
    reading: u64,
    under_way: bool,
    /// When the log was read, and how long that took.
    looked: Option<(Instant, Duration)>,
    counts: Option<Counts>,
    found: Found,
    spend: Option<Spend>,
    spend_wanted: bool,
    pages: BTreeMap<u64, Arc<[CallRow]>>,
    asked: BTreeSet<u64>,
    in_sight: Vec<u64>,
    pub(super) alerts: Vec<Alert>,
}

/// How many calls there are: known at once, so that the table can be drawn.
#[derive(Debug, Clone, Copy)]
struct Counts {
    /// That the filter leaves.
    wanted: u64,
    all: u64,
}

/// What takes a look at all calls to know.
#[derive(Debug, Default)]
struct Found {
    sums: Option<CallSums>,
    models: Vec<ModelId>,
    faults: Vec<(String, u64)>,
}

impl Calls {
    /// Which calls are asked for.
    #[must_use]
    pub const fn query(&self) -> &CallQuery {
        &self.query
    }

    /// How many calls are as asked for; `None` until that was read.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        self.counts.map(|counts| counts.wanted)
    }

    /// How many calls are on record.
    #[must_use]
    pub fn recorded(&self) -> Option<u64> {
        self.counts.map(|counts| counts.all)
    }

    /// What the calls sum up to that are asked for; `None` until that was read.
    #[must_use]
    pub const fn sums(&self) -> Option<&CallSums> {
        self.found.sums.as_ref()
    }

    /// The models that calls were made to.
    #[must_use]
    pub fn models(&self) -> &[ModelId] {
        &self.found.models
    }

    /// How calls failed: each fault's word and how often.
    #[must_use]
    pub fn faults(&self) -> &[(String, u64)] {
        &self.found.faults
    }

    /// What was spent; `None` until it was read: ask with [`Command::ReadSpend`].
    #[must_use]
    pub const fn spend(&self) -> Option<&Spend> {
        self.spend.as_ref()
    }

    /// A call by its place in the order that is asked for, from 0; `None` where it is not read yet: ask with
    /// [`Command::ReadCalls`].
    #[must_use]
    pub fn row(&self, index: u64) -> Option<&CallRow> {
        let page = self.pages.get(&(index / CALL_PAGE))?;
        page.get(usize::try_from(index % CALL_PAGE).ok()?)
    }

    /// The log is being read, so that what is there may be of another filter.
    #[must_use]
    pub const fn is_reading(&self) -> bool {
        self.under_way
    }

    /// Forgets everything but what is asked for, since the records are others.
    pub(super) fn clear(&mut self) {
        *self = Self { reading: self.reading + 1, ..Self::default() };
    }

    fn forget_pages(&mut self) {
        self.pages.clear();
        self.asked.clear();
    }
}

impl Session {
    #[must_use]
    pub const fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Asks for other calls.
    pub(super) fn query_calls(&mut self, query: CallQuery) {
        self.calls.query = query;
        self.calls.forget_pages();
        self.calls.in_sight = vec![0];
        self.read_call_log();
    }

    /// Reads the log anew where one looks at it.
    pub(super) fn calls_changed(&mut self) {
        if self.route == Route::Calls {
            self.read_call_log();
        }
    }

    /// Reads the pages in sight, then what all calls sum up to. What is there stays until the new is.
    pub(super) fn read_call_log(&mut self) {
        let Some(records) = self.runs.records.clone() else { return };
        let calls = &mut self.calls;
        calls.reading += 1;
        calls.under_way = true;
        let (reading, query, pages) = (calls.reading, calls.query.clone(), calls.in_sight.clone());
        self.jobs.quiet(move |_| {
            let begun = Instant::now();
            let read =
                read_counts(&records, &query).and_then(|counts| Ok((counts, read_pages(&records, &query, pages)?)));
            Box::new(move |session| match read {
                Ok((counts, pages)) => session.pages_were_read(reading, begun, counts, pages),
                Err(error) => session.calls_not_read(reading, &error),
            })
        });
    }

    fn pages_were_read(&mut self, reading: u64, begun: Instant, counts: Counts, pages: Pages) {
        if self.calls.reading != reading {
            return;
        }
        let Some(records) = self.runs.records.clone() else { return };
        self.calls.forget_pages();
        self.calls.counts = Some(counts);
        self.calls.pages = pages;
        let (filter, spend) = (self.calls.query.filter.clone(), self.calls.spend_wanted);
        self.jobs.quiet(move |_| {
            let read = read_sums(&records, &filter)
                .and_then(|found| Ok((found, spend.then(|| read_spend(&records)).transpose()?)));
            Box::new(move |session| match read {
                Ok((found, spend)) => session.sums_were_read(reading, begun, found, spend),
                Err(error) => session.calls_not_read(reading, &error),
            })
        });
    }

    fn sums_were_read(&mut self, reading: u64, begun: Instant, found: Found, spend: Option<Spend>) {
        if self.calls.reading != reading {
            return;
        }
        let now = Instant::now();
        self.calls.under_way = false;
        self.calls.looked = Some((now, now.duration_since(begun)));
        self.calls.found = found;
        self.calls.spend = spend.or(self.calls.spend.take());
    }

    fn calls_not_read(&mut self, reading: u64, error: &RecordsError) {
        if self.calls.reading == reading {
            self.calls.under_way = false;
            self.notices.error("The call log cannot be read.", error.to_string());
        }
    }

    /// Reads what was spent, now and whenever the log is read again.
    pub(super) fn read_spend(&mut self) {
        let first = !std::mem::replace(&mut self.calls.spend_wanted, true);
        let Some(records) = self.runs.records.clone().filter(|_| first) else { return };
        self.jobs.quiet(move |_| {
            let read = read_spend(&records);
            Box::new(move |session| match read {
                Ok(spend) => session.calls.spend = Some(spend),
                Err(error) => session.notices.error("What was spent cannot be read.", error.to_string()),
            })
        });
    }

    /// Reads the pages that are in sight and not there yet.
    pub(super) fn read_calls(&mut self, pages: Vec<u64>) {
        let calls = &mut self.calls;
        calls.in_sight.clone_from(&pages);
        let missing: Vec<u64> =
            pages.into_iter().filter(|page| !calls.pages.contains_key(page) && calls.asked.insert(*page)).collect();
        let Some(records) = self.runs.records.clone().filter(|_| !missing.is_empty()) else { return };
        let (reading, query) = (calls.reading, calls.query.clone());
        self.jobs.quiet(move |_| {
            let read = read_pages(&records, &query, missing.clone());
            Box::new(move |session| {
                if session.calls.reading != reading {
                    return;
                }
                session.calls.asked.retain(|page| !missing.contains(page));
                match read {
                    Ok(pages) => session.keep_pages(pages),
                    Err(error) => session.notices.error("The call log cannot be read.", error.to_string()),
                }
            })
        });
    }

    fn keep_pages(&mut self, pages: Pages) {
        let calls = &mut self.calls;
        if calls.pages.len() + pages.len() > PAGES {
            let in_sight = &calls.in_sight;
            calls.pages.retain(|page, _| in_sight.contains(page));
        }
        calls.pages.extend(pages);
    }

    /// When the log is to be read again, since a run goes on and one looks at it.
    pub(super) fn calls_due(&self, now: Instant) -> Option<Duration> {
        if self.route != Route::Calls || self.calls.under_way || self.runs.live().is_none() {
            return None;
        }
        let (looked, took) = self.calls.looked?;
        Some((looked + PACE.max(took * REST_SHARE)).saturating_duration_since(now))
    }

    pub(super) fn read_calls_if_due(&mut self, now: Instant) {
        if self.calls_due(now).is_some_and(|left| left.is_zero()) {
            self.read_call_log();
        }
    }

    /// Writes the calls that are asked for to a file, the newest first.
    pub(super) fn save_calls(&mut self, path: PathBuf, format: CallFormat) {
        let Some(records) = self.runs.records.clone() else { return };
        let (filter, total) = (self.calls.query.filter.clone(), self.calls.count().unwrap_or_default());
        self.jobs.blocking(format!("Saving {}", path.display()), move |context| {
            let mut go_on = |done| {
                context.progress(done, total);
                !context.cancelled()
            };
            let saved = disk::save_calls(records.call_stream(filter), format, &path, &mut go_on);
            let cancelled = context.cancelled();
            Box::new(move |session| match saved {
                Ok(count) => session.notices.success(format!("Saved {count} calls to {}.", path.display())),
                Err(_) if cancelled => session.notices.info("Saving was cancelled. No file was written."),
                Err(reason) => {
                    let hint = format!("{reason} Choose another place.");
                    session.notices.error(format!("{} could not be saved.", path.display()), hint);
                }
            })
        });
    }

    /// Sends the calls that are asked for to the workspace's collector.
    pub(super) fn send_calls(&mut self) {
        let (Some(workspace), Some(records), Some(runtime)) =
            (&self.workspace, self.runs.records.clone(), self.handle())
        else {
            return;
        };
        let (manifest, granted) = (workspace.manifest.clone(), self.trust.granted().clone());
        let (filter, total) = (self.calls.query.filter.clone(), self.calls.count().unwrap_or_default());
        self.jobs.blocking("Sending calls", move |context| {
            let mut go_on = |done| {
                context.progress(done, total);
                !context.cancelled()
            };
            let keys = Arc::new(SystemKeys::default());
            let calls = records.call_stream(filter);
            let sent = reporting::report(&manifest, &granted, keys, calls, &runtime, &mut go_on);
            Box::new(move |session| session.calls_were_sent(sent))
        });
    }

    fn calls_were_sent(&mut self, sent: Result<reporting::Reported, ReportError>) {
        match sent {
            Ok(reported) if reported.rejected == 0 => {
                self.notices.success(format!("Sent {} calls to the collector.", reported.sent));
            }
            Ok(reported) => self.notices.warning(
                format!("The collector did not take {} of {} calls.", reported.rejected, reported.sent),
                "Look at its own log.",
            ),
            Err(error) => {
                let settings = vec![Command::Go(Route::Settings)];
                self.notices.raise(Level::Error, "The calls were not sent.", error.to_string(), settings);
            }
        }
    }
}

type Pages = BTreeMap<u64, Arc<[CallRow]>>;

fn read_counts(records: &Records, query: &CallQuery) -> Result<Counts, RecordsError> {
    let all = records.call_count(&CallFilter::default())?;
    let wanted = if query.filter.is_all() { all } else { records.call_count(&query.filter)? };
    Ok(Counts { wanted, all })
}

fn read_sums(records: &Records, filter: &CallFilter) -> Result<Found, RecordsError> {
    Ok(Found {
        sums: Some(records.call_sums(filter)?),
        models: records.called_models()?,
        faults: records.call_faults()?,
    })
}

fn read_spend(records: &Records) -> Result<Spend, RecordsError> {
    Ok(Spend {
        by_day: records.spend_by(SpendBy::Day, None)?,
        by_model: records.spend_by(SpendBy::Model, None)?,
        by_project: records.spend_by(SpendBy::Project, None)?,
    })
}

fn read_pages(records: &Records, query: &CallQuery, pages: Vec<u64>) -> Result<Pages, RecordsError> {
    let page = |page: u64| Ok((page, records.calls(query, page * CALL_PAGE, CALL_PAGE)?.into()));
    pages.into_iter().map(page).collect()
}
