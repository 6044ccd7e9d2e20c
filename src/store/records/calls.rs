//! The call log: every attempt of every run, asked for by page, and what they sum up to.
//!
//! The newest calls, and those that failed in one way, come out of an index, so that a page of them is found without
//! looking at the other calls. Other orders, sums and texts look through all calls that the filter leaves.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::database::Records;
use super::error::RecordsError;
use super::memory::attempt_state;
use super::resume::number_of;
use super::rows;
use crate::domain::{
    AttemptRef, CallFilter, CallQuery, CallRow, CallSort, CallSums, CaseId, ModelId, ProjectId, Purpose, RunHeader,
    RunId, Usd,
};

/// Calls that a stream reads at a time.
const PAGE: u64 = 512;

impl Records {
    /// A page of the call log: at most `limit` calls, past the first `skip` ones.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn calls(&self, query: &CallQuery, skip: u64, limit: u64) -> Result<Vec<CallRow>, RecordsError> {
        self.read(|conn| {
            let Some(wanted) = Wanted::of(conn, &query.filter)? else { return Ok(Vec::new()) };
            page(conn, &wanted, query.sort, skip, limit)
        })
    }

    /// What the calls sum up to that a filter leaves.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn call_sums(&self, filter: &CallFilter) -> Result<CallSums, RecordsError> {
        self.read(|conn| match Wanted::of(conn, filter)? {
            Some(wanted) => sums(conn, &wanted),
            None => Ok(CallSums::default()),
        })
    }

    /// How many calls a filter leaves; of all calls this is told at once.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn call_count(&self, filter: &CallFilter) -> Result<u64, RecordsError> {
        self.read(|conn| Wanted::of(conn, filter)?.map_or(Ok(0), |wanted| count(conn, &wanted)))
    }

    /// How calls failed: each fault's word and how often, the most frequent first.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn call_faults(&self) -> Result<Vec<(String, u64)>, RecordsError> {
        self.read(|conn| {
            Wanted::of(conn, &CallFilter::default())?.map_or(Ok(Vec::new()), |wanted| faults(conn, &wanted))
        })
    }

    /// All calls that a filter leaves, the newest first, read a few hundred at a time: however many there are, no more
    /// are in memory.
    #[must_use]
    pub fn call_stream(&self, filter: CallFilter) -> CallStream {
        CallStream { records: self.clone(), filter, read: VecDeque::new(), after: None, over: false }
    }

    /// The models that calls were made to, by name.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn called_models(&self) -> Result<Vec<ModelId>, RecordsError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached("SELECT name FROM models ORDER BY name")?;
            let names = statement.query_map([], |row| row.get(0).map(ModelId))?;
            names.collect()
        })
    }
}

/// Calls one by one, the newest first.
pub struct CallStream {
    records: Records,
    filter: CallFilter,
    read: VecDeque<CallRow>,
    /// The time and id of the last call that was read.
    after: Option<(i64, i64)>,
    over: bool,
}

impl Iterator for CallStream {
    type Item = Result<CallRow, RecordsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.read.is_empty() && !self.over {
            match self.records.calls_after(&self.filter, self.after) {
                Ok(rows) => {
                    self.over = (rows.len() as u64) < PAGE;
                    self.after = rows.last().map(|row| (rows::instant(row.sent_at), row.id));
                    self.read = rows.into();
                }
                Err(error) => {
                    self.over = true;
                    return Some(Err(error));
                }
            }
        }
        self.read.pop_front().map(Ok)
    }
}

impl Records {
    fn calls_after(&self, filter: &CallFilter, after: Option<(i64, i64)>) -> Result<Vec<CallRow>, RecordsError> {
        self.read(|conn| {
            let Some(mut wanted) = Wanted::of(conn, filter)? else { return Ok(Vec::new()) };
            if let Some((at, id)) = after {
                wanted.after(at, id);
            }
            page(conn, &wanted, CallSort::Newest, 0, PAGE)
        })
    }
}

/// A filter as conditions over `attempts a`, with their values.
struct Wanted {
    conditions: Vec<&'static str>,
    values: Vec<Value>,
    /// The calls are those of one run, in whose ids their order is.
    one_run: bool,
}

impl Wanted {
    /// `None` where the run or the model that is asked for does not exist.
    fn of(conn: &Connection, filter: &CallFilter) -> rusqlite::Result<Option<Self>> {
        let mut wanted = Self { conditions: Vec::new(), values: Vec::new(), one_run: filter.run.is_some() };
        if let Some(run) = &filter.run {
            let Some(number) = number_of(conn, run).optional()? else { return Ok(None) };
            let (first, last) = rows::ids_of(number);
            wanted.add("a.id >= ?", first);
            wanted.add("a.id <= ?", last);
        }
        if let Some(model) = &filter.model {
            let mut statement = conn.prepare_cached("SELECT id FROM models WHERE name = ?1")?;
            let number = statement.query_row([model.as_str()], |row| row.get::<_, i64>(0)).optional()?;
            let Some(number) = number else { return Ok(None) };
            wanted.add("a.model = ?", number);
        }
        if let Some(project) = &filter.project {
            wanted.add("a.id >> 40 IN (SELECT id FROM runs WHERE project = ?)", project.as_str().to_owned());
        }
        wanted.add_facts(filter);
        Ok(Some(wanted))
    }

    fn add_facts(&mut self, filter: &CallFilter) {
        if let Some(state) = filter.state {
            self.add(
                "iif(a.state = 0 AND a.id IN (SELECT attempt FROM replies), 4, a.state) = ?",
                rows::attempt_code(state),
            );
        }
        if let Some(fault) = &filter.fault {
            self.add("a.fault = ?", fault.clone());
        }
        if let Some(judge) = filter.judge {
            self.add("(a.purpose >= 0) = ?", i64::from(judge));
        }
        if let Some(since) = filter.since {
            self.add("a.sent_at >= ?", rows::instant(since));
        }
        if let Some(until) = filter.until {
            self.add("a.sent_at < ?", rows::instant(until));
        }
        if let Some(latency) = filter.min_latency_ms {
            self.add("a.latency >= ?", latency);
        }
        if let Some(cost) = filter.min_cost {
            self.add("a.cost >= ?", cost.nanos());
        }
        if let Some(text) = filter.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            self.add(
                "instr(lower(concat_ws(char(10), (SELECT concat_ws(char(10), case_id, guarded ->> '$.user',
                     guarded ->> '$.session') FROM trials t WHERE t.id = a.trial),
                     a.error ->> '$.message', a.request_id, a.answered_by)), lower(?)) > 0",
                text.to_owned(),
            );
        }
    }

    fn add(&mut self, condition: &'static str, value: impl Into<Value>) {
        self.conditions.push(condition);
        self.values.push(value.into());
    }

    /// Only calls that stand behind this one, the newest standing first.
    fn after(&mut self, at: i64, id: i64) {
        if self.one_run {
            return self.add("a.id < ?", id);
        }
        self.add("a.sent_at <= ?", at);
        self.add("(a.sent_at < ? OR a.id < ?)", at);
        self.values.push(id.into());
    }

    fn text(&self) -> String {
        if self.conditions.is_empty() {
            return String::new();
        }
        format!("WHERE {}", self.conditions.join(" AND "))
    }

    /// Within a run, ids are in the order of time.
    fn order(&self, sort: CallSort) -> &'static str {
        match (sort, self.one_run) {
            (CallSort::Newest, true) => "a.id DESC",
            (CallSort::Newest, false) => "a.sent_at DESC, a.id DESC",
            (CallSort::Oldest, true) => "a.id",
            (CallSort::Oldest, false) => "a.sent_at, a.id",
            (CallSort::Slowest, _) => "a.latency DESC, a.id DESC",
            (CallSort::Dearest, _) => "a.cost DESC, a.id DESC",
            (CallSort::Longest, _) => "a.input + a.output DESC, a.id DESC",
        }
    }

    /// The ids of a page, in order: cheap even far down in the log, since nothing else is read.
    fn ids(&self, sort: CallSort) -> String {
        format!("SELECT a.id FROM attempts a {} ORDER BY {} LIMIT ? OFFSET ?", self.text(), self.order(sort))
    }
}

fn page(conn: &Connection, wanted: &Wanted, sort: CallSort, skip: u64, limit: u64) -> rusqlite::Result<Vec<CallRow>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM ({}) p JOIN attempts a ON a.id = p.id JOIN models m ON m.id = a.model
         JOIN runs r ON r.id = a.id >> 40 LEFT JOIN trials t ON t.id = a.trial ORDER BY {}",
        wanted.ids(sort),
        wanted.order(sort)
    ))?;
    let ends = [rows::int(limit), rows::int(skip)].map(Value::from);
    let mut found = statement.query(params_from_iter(wanted.values.iter().chain(&ends)))?;
    let mut headers = Headers { conn, known: HashMap::new() };
    let mut calls = Vec::new();
    while let Some(row) = found.next()? {
        calls.push(read_call(row, &mut headers)?);
    }
    Ok(calls)
}

const COLUMNS: &str = "a.id, a.trial, a.case_no, a.slot, a.purpose, a.number, a.request, m.name,
    iif(a.state = 0 AND a.id IN (SELECT attempt FROM replies), 4, a.state), a.sent_at, a.reserved, a.cost, a.status,
    a.retry_in, a.error, a.content, a.finish, a.input, a.output, a.cached_input, a.cache_write, a.reasoning,
    a.answered_by, a.request_id, a.first_token, a.latency, r.id, r.name, r.project, r.experiment,
    t.id, t.case_no, t.slot, t.case_id, t.checks, t.guarded ->> '$.user', t.guarded ->> '$.session'";
const ANSWER: usize = 15;
const RUN: usize = 26;
const TRIAL: usize = 30;

/// The headers of the runs on a page.
struct Headers<'a> {
    conn: &'a Connection,
    known: HashMap<i64, Option<Arc<RunHeader>>>,
}

impl Headers<'_> {
    /// `None` where it cannot be understood: a newer version wrote it.
    fn of(&mut self, run: i64) -> rusqlite::Result<Option<Arc<RunHeader>>> {
        if let Some(known) = self.known.get(&run) {
            return Ok(known.clone());
        }
        let mut statement = self.conn.prepare_cached("SELECT header FROM runs WHERE id = ?1")?;
        let header = statement.query_row([run], |row| Ok(rows::get_json::<RunHeader>(row, 0).ok().flatten()))?;
        let header = header.map(Arc::new);
        self.known.insert(run, header.clone());
        Ok(header)
    }
}

fn read_call(row: &Row<'_>, headers: &mut Headers<'_>) -> rusqlite::Result<CallRow> {
    let header = headers.of(row.get(RUN)?)?;
    let header = header.as_deref();
    let attempt =
        AttemptRef { trial: rows::get_trial(row, 2)?, purpose: rows::get_purpose(row, 4)?, number: row.get(5)? };
    let model = ModelId(row.get(7)?);
    let known = header.and_then(|header| header.model(&model));
    let ended = row.get::<_, Option<i64>>(TRIAL)?.is_some();
    let placed = row.get::<_, Option<i64>>(TRIAL + 1)?.is_some();
    let trial = placed.then(|| rows::get_trial(row, TRIAL + 1)).transpose()?;
    // Until it ends, a trial is where it was sent.
    let variant = trial.or_else(|| (!ended).then_some(attempt.trial)).map(|trial| usize::from(trial.variant));
    let answer = rows::read_answer(row, ANSWER)?;
    Ok(CallRow {
        id: row.get(0)?,
        run: RunId(row.get(RUN + 1)?),
        project: ProjectId(row.get(RUN + 2)?),
        experiment: row.get::<_, String>(RUN + 3)?.into(),
        case_id: row.get::<_, Option<String>>(TRIAL + 3)?.map(CaseId),
        user: row.get(TRIAL + 5)?,
        session: row.get(TRIAL + 6)?,
        trial,
        variant: variant.zip(header).and_then(|(at, header)| header.variants.get(at).cloned()),
        provider_model: known.map(|model| model.model.clone()),
        origin: known.map(|model| model.origin.clone()),
        scripted: known.is_some_and(|model| model.scripted),
        trial_id: row.get(1)?,
        request: rows::get_fingerprint(row, 6)?,
        temperature: variant
            .filter(|_| attempt.purpose == Purpose::Answer)
            .zip(header)
            .and_then(|(at, header)| *header.temperatures.get(at)?),
        state: rows::attempt_state(row.get(8)?),
        sent_at: rows::get_instant(row, 9)?.unwrap_or_default(),
        reserved: rows::get_usd(row, 10)?,
        cost: rows::get_usd(row, 11)?,
        status: row.get(12)?,
        retry_in_ms: row.get::<_, Option<i64>>(13)?.map(rows::count),
        error: rows::get_json(row, 14)?,
        usage: answer.as_ref().and_then(|answer| answer.usage),
        finish: answer.as_ref().map(|answer| answer.finish.clone()),
        answered_by: answer.and_then(|answer| answer.model),
        request_id: row.get(ANSWER + 8)?,
        first_token_ms: row.get(ANSWER + 9)?,
        latency_ms: row.get(ANSWER + 10)?,
        valid: valid(row, header, attempt)?,
        model,
        attempt,
    })
}

/// Whether the answer that was scored has the form that is asked for.
fn valid(row: &Row<'_>, header: Option<&RunHeader>, attempt: AttemptRef) -> rusqlite::Result<Option<bool>> {
    let Some(header) = header.filter(|header| header.definition.checks.iter().any(|check| check.kind.is_form())) else {
        return Ok(None);
    };
    let answered = row.get_ref(ANSWER)? != ValueRef::Null;
    if attempt.purpose != Purpose::Answer || !answered {
        return Ok(None);
    }
    let checks = row.get_ref(TRIAL + 4)?.as_str_or_null().map_err(|error| rows::bad(TRIAL + 4, error))?;
    Ok(header.is_valid(&rows::read_checks(TRIAL + 4, checks, None)?))
}

fn count(conn: &Connection, wanted: &Wanted) -> rusqlite::Result<u64> {
    let mut statement = conn.prepare_cached(&format!("SELECT count(*) FROM attempts a {}", wanted.text()))?;
    statement.query_row(params_from_iter(&wanted.values), |row| row.get(0).map(rows::count))
}

fn sums(conn: &Connection, wanted: &Wanted) -> rusqlite::Result<CallSums> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT count(*), count(*) FILTER (WHERE a.state = {}), count(*) FILTER (WHERE a.state = {}),
             count(*) FILTER (WHERE a.state = {}), coalesce(sum(a.cost), 0),
             count(*) FILTER (WHERE a.cost IS NULL AND a.state <> {}), coalesce(sum(a.input), 0),
             coalesce(sum(a.output), 0)
         FROM attempts a {}",
        attempt_state::ENDED,
        attempt_state::FAILED,
        attempt_state::AMBIGUOUS,
        attempt_state::SENT,
        wanted.text()
    ))?;
    statement.query_row(params_from_iter(&wanted.values), |row| {
        let count = |column: usize| row.get(column).map(rows::count);
        Ok(CallSums {
            calls: count(0)?,
            answered: count(1)?,
            failed: count(2)?,
            ambiguous: count(3)?,
            spent: Usd::from_nanos(row.get(4)?),
            unpriced: count(5)?,
            input_tokens: count(6)?,
            output_tokens: count(7)?,
            faults: faults(conn, wanted)?,
        })
    })
}

/// Faults by their word, the most frequent first. They have an index of their own.
fn faults(conn: &Connection, wanted: &Wanted) -> rusqlite::Result<Vec<(String, u64)>> {
    let conditions: Vec<&str> =
        std::iter::once("a.fault IS NOT NULL").chain(wanted.conditions.iter().copied()).collect();
    let mut statement = conn.prepare_cached(&format!(
        "SELECT a.fault, count(*) FROM attempts a WHERE {} GROUP BY 1 ORDER BY 2 DESC, 1",
        conditions.join(" AND ")
    ))?;
    let faults =
        statement.query_map(params_from_iter(&wanted.values), |row| Ok((row.get(0)?, row.get(1).map(rows::count)?)))?;
    faults.collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::records;
    use super::*;

    /// How `SQLite` would look for a page.
    fn plan(filter: &CallFilter) -> String {
        let (_dir, records) = records();
        records
            .read(|conn| {
                let mut wanted = Wanted::of(conn, filter)?.expect("nothing in it has to exist");
                wanted.after(1, 1);
                let sql = format!("EXPLAIN QUERY PLAN {}", wanted.ids(CallSort::Newest));
                let ends = [Value::from(10), Value::from(0)];
                let mut statement = conn.prepare(&sql)?;
                let lines = statement
                    .query_map(params_from_iter(wanted.values.iter().chain(&ends)), |row| row.get::<_, String>(3))?;
                Ok(lines.collect::<Result<Vec<_>, _>>()?.join("; "))
            })
            .unwrap()
    }

    #[test]
    fn the_newest_calls_come_out_of_an_index_without_sorting() {
        let all = plan(&CallFilter::default());
        assert!(all.contains("attempts_by_time") && !all.contains("TEMP B-TREE"), "{all}");
        let failed = CallFilter {
            fault: Some("server".to_owned()),
            since: Some(super::super::samples::start()),
            ..CallFilter::default()
        };
        let failed = plan(&failed);
        assert!(failed.contains("attempts_failed (fault=?") && !failed.contains("TEMP B-TREE"), "{failed}");
        let slow = CallFilter { min_latency_ms: Some(1000.0), ..CallFilter::default() };
        let slow = plan(&slow);
        assert!(slow.contains("attempts_by_time (sent_at<?") && !slow.contains("TEMP B-TREE"), "{slow}");
    }
}
