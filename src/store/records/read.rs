//! Runs and their trials, read back.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::attempts::{self, AttemptRecord};
use super::database::Records;
use super::error::RecordsError;
use super::resume::number_of;
use super::rows::{self, ANSWER, ANSWER_WIDTH, StoredState};
use crate::domain::{
    CaseId, Completion, ExperimentId, Outcome, ProjectId, RunEvent, RunHeader, RunId, RunState, RunSummary, TrialEnded,
    TrialRef,
};

/// A trial with its whole answer and every attempt that was made for it, judges' included.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialDetail {
    pub ended: TrialEnded,
    pub attempts: Vec<AttemptRecord>,
}

impl Records {
    /// All runs, the newest first. A run whose header cannot be understood (a newer version wrote it) is left out.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn runs(&self) -> Result<Vec<RunSummary>, RecordsError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(&format!("SELECT {SUMMARY} FROM runs ORDER BY id DESC"))?;
            let mut found = statement.query([])?;
            let mut runs = Vec::new();
            while let Some(row) = found.next()? {
                runs.extend(read_summary(row).ok());
            }
            Ok(runs)
        })
    }

    /// # Errors
    /// The records cannot be read.
    pub fn run(&self, run: &RunId) -> Result<Option<RunSummary>, RecordsError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(&format!("SELECT {SUMMARY} FROM runs WHERE name = ?1"))?;
            statement.query_row([run.as_str()], read_summary).optional()
        })
    }

    /// The last run of an experiment that began before `before`; the very last where that is `None`.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn previous_run(
        &self,
        project: &ProjectId,
        experiment: &ExperimentId,
        before: Option<&RunId>,
    ) -> Result<Option<RunSummary>, RecordsError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(&format!(
                "SELECT {SUMMARY} FROM runs WHERE project = ?1 AND experiment = ?2
                     AND (?3 IS NULL OR id < (SELECT id FROM runs WHERE name = ?3))
                 ORDER BY id DESC LIMIT 1"
            ))?;
            let place = params![project.as_str(), experiment.as_str(), before.map(RunId::as_str)];
            statement.query_row(place, read_summary).optional()
        })
    }

    /// Tells a run again: `Started`, a `TrialEnded` for each trial of its plan, and `Ended` if it has. Answers have no
    /// text, reasoning and tool calls, and checks no reasons: a board does without, and [`Self::trial`] has them.
    ///
    /// # Errors
    /// There is no such run, or the records cannot be read.
    pub fn replay(&self, run: &RunId, tell: &mut dyn FnMut(RunEvent)) -> Result<(), RecordsError> {
        let known = self.read(|conn| {
            // One transaction: what is told fits together while a recorder writes on.
            let _snapshot = conn.unchecked_transaction()?;
            let mut statement = conn.prepare_cached(&format!("SELECT {SUMMARY} FROM runs WHERE name = ?1"))?;
            let Some(summary) = statement.query_row([run.as_str()], read_summary).optional()? else { return Ok(false) };
            let number = number_of(conn, run)?;
            tell(RunEvent::Started(summary.header));
            each_trial(conn, number, |trial| tell(RunEvent::TrialEnded(Arc::new(trial))))?;
            if let Some(at) = summary.ended_at
                && summary.state != RunState::Running
            {
                tell(RunEvent::Ended { state: summary.state, at });
            }
            Ok(true)
        })?;
        if known { Ok(()) } else { Err(RecordsError::NoRun(run.clone())) }
    }

    /// All about one trial; `None` while it has not ended.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn trial(&self, run: &RunId, trial: TrialRef) -> Result<Option<TrialDetail>, RecordsError> {
        self.read(|conn| {
            let Some((ended, id)) = whole_trial(conn, run, trial)? else { return Ok(None) };
            Ok(Some(TrialDetail { ended, attempts: attempts::of_trial(conn, id)? }))
        })
    }

    /// Those of the trials that have ended, in the order asked for, with their answers and reasons.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn ended(&self, run: &RunId, trials: &[TrialRef]) -> Result<Vec<TrialEnded>, RecordsError> {
        self.read(|conn| {
            // One lock for all of them.
            let _snapshot = conn.unchecked_transaction()?;
            let ended = trials.iter().filter_map(|trial| whole_trial(conn, run, *trial).transpose());
            ended.map(|found| found.map(|(ended, _)| ended)).collect()
        })
    }

    /// The beginnings of answers, in the order asked for; `None` where there is no answer.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn outputs(
        &self,
        run: &RunId,
        trials: &[TrialRef],
        characters: usize,
    ) -> Result<Vec<Option<String>>, RecordsError> {
        self.read(|conn| {
            let Some(number) = number_of(conn, run).optional()? else { return Ok(vec![None; trials.len()]) };
            let mut statement = conn.prepare_cached(
                "SELECT substr(text, 1, ?4) FROM trials t JOIN completions c ON c.id = t.content
                 WHERE run = ?1 AND case_no = ?2 AND slot = ?3",
            )?;
            let characters = i64::try_from(characters).unwrap_or(i64::MAX);
            trials
                .iter()
                .map(|trial| {
                    let place = params![number, trial.case, rows::slot(*trial), characters];
                    statement.query_row(place, |row| row.get(0)).optional()
                })
                .collect()
        })
    }

    /// The ids of cases, in the order asked for; `None` where no trial of the case has ended.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn case_ids(&self, run: &RunId, cases: &[u32]) -> Result<Vec<Option<CaseId>>, RecordsError> {
        self.read(|conn| {
            let Some(number) = number_of(conn, run).optional()? else { return Ok(vec![None; cases.len()]) };
            let mut statement =
                conn.prepare_cached("SELECT case_id FROM trials WHERE run = ?1 AND case_no = ?2 LIMIT 1")?;
            let id = |row: &Row<'_>| row.get(0).map(CaseId);
            cases.iter().map(|case| statement.query_row(params![number, case], id).optional()).collect()
        })
    }

    /// Trials whose answer holds `text`, capitals or not, in the order of cases; at most `limit`.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn search_outputs(&self, run: &RunId, text: &str, limit: usize) -> Result<Vec<TrialRef>, RecordsError> {
        let sought = text.to_lowercase();
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT case_no, slot, text FROM runs r JOIN trials t ON t.run = r.id
                 JOIN completions c ON c.id = t.content WHERE r.name = ?1 AND case_no IS NOT NULL ORDER BY case_no, slot",
            )?;
            let mut found = statement.query([run.as_str()])?;
            let mut trials = Vec::new();
            while trials.len() < limit
                && let Some(row) = found.next()?
            {
                let answer = row.get_ref(2)?.as_str().map_err(|error| rows::bad(2, error))?;
                if holds(answer, &sought) {
                    trials.push(rows::get_trial(row, 0)?);
                }
            }
            Ok(trials)
        })
    }

    /// Pauses, notices and raised budgets of a run, in order.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn notices(&self, run: &RunId) -> Result<Vec<RunEvent>, RecordsError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT event FROM notices n JOIN runs r ON r.id = n.run WHERE r.name = ?1 ORDER BY n.id",
            )?;
            let mut found = statement.query([run.as_str()])?;
            let mut notices = Vec::new();
            while let Some(row) = found.next()? {
                notices.extend(rows::get_json::<RunEvent>(row, 0)?);
            }
            Ok(notices)
        })
    }
}

const SUMMARY: &str = "header, state, ended_at, passed, failed, unscored, errored, ambiguous, spent";

fn read_summary(row: &Row<'_>) -> rusqlite::Result<RunSummary> {
    let count = |at: usize| row.get::<_, i64>(at).map(rows::count);
    let header: Option<RunHeader> = rows::get_json(row, 0)?;
    Ok(RunSummary {
        header: Arc::new(header.ok_or(rusqlite::Error::QueryReturnedNoRows)?),
        state: row.get::<_, StoredState>(1)?.0,
        ended_at: rows::get_instant(row, 2)?,
        passed: count(3)?,
        failed: count(4)?,
        unscored: count(5)?,
        errored: count(6)?,
        ambiguous: count(7)?,
        spent: rows::get_usd(row, 8)?.unwrap_or_default(),
    })
}

/// The columns of [`read_trial`]; those of an answer follow.
const FACTS: &str = "case_no, slot, key, request, case_id, outcome, score, error, cached, attempts, cost, t.spent, \
                     judge_spent, checks, guarded";
const FACTS_WIDTH: usize = 15;
const WIDTH: usize = FACTS_WIDTH + ANSWER_WIDTH;

fn read_trial(row: &Row<'_>, reasons: Option<&str>) -> rusqlite::Result<TrialEnded> {
    let checks = row.get_ref(13)?.as_str_or_null().map_err(|error| rows::bad(13, error))?;
    let checks = rows::read_checks(13, checks, reasons)?;
    let error = || rows::get_json(row, 7)?.ok_or_else(|| rusqlite::Error::InvalidQuery);
    Ok(TrialEnded {
        trial: rows::get_trial(row, 0)?,
        key: rows::get_fingerprint(row, 2)?,
        request: rows::get_fingerprint(row, 3)?,
        case_id: CaseId(row.get(4)?),
        outcome: rows::outcome(row.get(5)?, row.get(6)?, checks, error)?,
        answer: rows::read_answer(row, FACTS_WIDTH)?.map(Arc::<Completion>::new),
        cached: row.get(8)?,
        attempts: row.get(9)?,
        cost: rows::get_usd(row, 10)?,
        spent: rows::get_usd(row, 11)?.unwrap_or_default(),
        judge_spent: rows::get_usd(row, 12)?.unwrap_or_default(),
        guarded: rows::get_json(row, 14)?.unwrap_or_default(),
    })
}

/// A trial with its answer's text, its reasons and its breakdown; and its row.
fn whole_trial(conn: &Connection, run: &RunId, trial: TrialRef) -> rusqlite::Result<Option<(TrialEnded, i64)>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {FACTS}, {ANSWER}, text, more, reasons, breakdown, t.id FROM runs r JOIN trials t ON t.run = r.id
         LEFT JOIN completions c ON c.id = t.content WHERE r.name = ?1 AND case_no = ?2 AND slot = ?3"
    ))?;
    let found = statement.query_row(params![run.as_str(), trial.case, rows::slot(trial)], |row| {
        let reasons: Option<String> = row.get(WIDTH + 2)?;
        let mut ended = read_trial(row, reasons.as_deref())?;
        if let Some(answer) = ended.answer.as_mut().and_then(Arc::get_mut) {
            rows::fill_in(answer, row, WIDTH)?;
        }
        if let Outcome::Scored(score) | Outcome::Unscored(score) = &mut ended.outcome {
            score.breakdown = rows::get_json(row, WIDTH + 3)?;
        }
        Ok((ended, row.get::<_, i64>(WIDTH + 4)?))
    });
    found.optional()
}

fn each_trial(conn: &Connection, run: i64, mut tell: impl FnMut(TrialEnded)) -> rusqlite::Result<()> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {FACTS}, {ANSWER} FROM trials t WHERE id BETWEEN ?1 AND ?2 AND case_no IS NOT NULL ORDER BY id"
    ))?;
    let mut found = statement.query(<[i64; 2]>::from(rows::ids_of(run)))?;
    while let Some(row) = found.next()? {
        tell(read_trial(row, None)?);
    }
    Ok(())
}

/// Whether `text` holds `sought`, which is in small letters.
fn holds(text: &str, sought: &str) -> bool {
    if !sought.is_ascii() {
        return text.to_lowercase().contains(sought);
    }
    let sought = sought.as_bytes();
    sought.is_empty() || text.as_bytes().windows(sought.len()).any(|window| window.eq_ignore_ascii_case(sought))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_whatever_their_capitals() {
        let check = |text: &str, sought: &str, expect: bool| assert_eq!(holds(text, &sought.to_lowercase()), expect);
        check("The Answer", "answer", true);
        check("The Answer", "ANSWERS", false);
        check("Die ÄRZTE", "ärzte", true);
        check("anything", "", true);
    }
}
