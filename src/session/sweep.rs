//! What the shown run says of a threshold of confidence: the items of its lists, and which of them are right.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::jobs::JobContext;
use super::rows::{RowsState, RunRows};
use super::state::Session;
use crate::analysis::LabelledItem;
use crate::domain::{AttemptState, Case, ConfidencePolicy, Purpose, RunId, Step, Strategy, TrialEnded, TrialRef};
use crate::scoring::{RightItems, expected_items, right_items};
use crate::store::records::{Records, RecordsError};

/// Trials that are read together.
const READ_AT_ONCE: usize = 256;

/// The labelled lists of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sweep {
    /// As the run had it: where lists are, what their fields are called, which thresholds were chosen.
    pub policy: ConfidencePolicy,
    /// By column of the run.
    pub columns: BTreeMap<usize, SweptColumn>,
    /// Answers to labelled cases that have no list.
    pub without_list: u64,
    /// Answers of which only what the filter left is known.
    pub cut: u64,
    /// Why the cases cannot be read any more; a sentence.
    pub unread: Option<String>,
}

/// The items of one column, those that are critical apart, since they have a threshold of their own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SweptColumn {
    /// Lists that were labelled.
    pub lists: u64,
    pub critical: SweptItems,
    pub others: SweptItems,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct SweptItems {
    pub items: Vec<LabelledItem>,
    /// Right items that the model did not find at all.
    pub missed: u64,
}

impl super::Runs {
    /// The labelled lists of the shown run. `None`: not asked for yet, ask with [`super::Command::SweepConfidence`]; the
    /// inner `None`: they are being read.
    #[must_use]
    pub fn sweep(&self) -> Option<Option<&Sweep>> {
        let shown = self.shown.as_ref()?;
        shown.sweeping.as_ref().map(|_| shown.sweep.as_deref())
    }
}

impl Session {
    /// Reads the lists of the shown run, in the background, once its dataset is open. It ends when another run is shown.
    pub(super) fn sweep_confidence(&mut self) {
        let Some(records) = self.runs.records.clone() else { return };
        let Some(header) = self.runs.board().map(|board| board.header().clone()) else { return };
        let Some(shown) = self.runs.shown.as_mut().filter(|shown| shown.sweeping.is_none()) else { return };
        let Some(rows) = shown.rows.clone() else { return };
        let left = CancellationToken::new();
        shown.sweeping = Some(left.clone().drop_guard());
        let run = shown.run.clone();
        let policy = header.definition.policy.clone().unwrap_or_default().confidence;
        let trials = move |case: u32| -> Vec<(usize, TrialRef)> {
            let mut trials = Vec::new();
            for variant in (0..).take(header.variants.len()) {
                for model in (0..).take(header.models.len()) {
                    for repeat in (0..).take(header.repeats as usize) {
                        let trial = TrialRef { case, variant, model, repeat };
                        trials.push((header.column(trial), trial));
                    }
                }
            }
            trials
        };
        self.jobs.blocking(format!("Reading the lists of run {run}"), move |job| {
            let reading = Reading { records: &records, run: &run, rows: &rows, job, left };
            let swept = reading.sweep(policy, &trials);
            Box::new(move |session| match swept {
                Ok(swept) => {
                    if let Some(shown) = session.runs.shown.as_mut().filter(|shown| shown.run == run) {
                        shown.sweep = Some(Arc::new(swept));
                    }
                }
                Err(error) => session.notices.error("The lists of the run cannot be read.", error.to_string()),
            })
        });
    }
}

/// A run whose lists are being read.
struct Reading<'r> {
    records: &'r Records,
    run: &'r RunId,
    rows: &'r RunRows,
    job: &'r JobContext,
    /// Cancelled when the run is no longer shown.
    left: CancellationToken,
}

impl Reading<'_> {
    /// As far as it came where it was cancelled: nobody looks at that any more.
    fn sweep(
        &self,
        policy: ConfidencePolicy,
        trials: &dyn Fn(u32) -> Vec<(usize, TrialRef)>,
    ) -> Result<Sweep, RecordsError> {
        let mut swept = Sweep { policy, unread: unread(self.rows.state()), ..Sweep::default() };
        let labelled = self.labelled(&swept.policy);
        let wanted: Vec<(usize, TrialRef)> = labelled.keys().flat_map(|case| trials(*case)).collect();
        for (done, part) in wanted.chunks(READ_AT_ONCE).enumerate() {
            if self.is_cancelled() {
                break;
            }
            self.job.progress((done * READ_AT_ONCE) as u64, wanted.len() as u64);
            let trials: Vec<TrialRef> = part.iter().map(|(_, trial)| *trial).collect();
            for ended in self.records.ended(self.run, &trials)? {
                let column = part.iter().find(|(_, trial)| *trial == ended.trial).map(|(column, _)| *column);
                let (Some(column), Some(expected)) = (column, labelled.get(&ended.trial.case)) else { continue };
                let Some(text) = swept.whole_answer(self.records, self.run, &ended)? else { continue };
                match right_items(&text, expected, &swept.policy) {
                    Ok(found) => swept.columns.entry(column).or_default().add(&found),
                    Err(_) => swept.without_list += 1,
                }
            }
        }
        Ok(swept)
    }

    fn is_cancelled(&self) -> bool {
        self.left.is_cancelled() || self.job.cancelled()
    }

    /// The cases that say which items are right.
    fn labelled(&self, policy: &ConfidencePolicy) -> BTreeMap<u32, Vec<serde_json::Value>> {
        let list = |(number, case): (u32, Case)| Some((number, expected_items(&case, policy)?));
        self.rows.cases().take_while(|_| !self.is_cancelled()).filter_map(list).collect()
    }
}

fn unread(state: &RowsState) -> Option<String> {
    match state {
        RowsState::Same => None,
        RowsState::Changed => Some(
            "The dataset has changed since this run, so nobody can tell which of its items are right: run it again."
                .to_owned(),
        ),
        RowsState::Gone(reason) => Some(reason.clone()),
    }
}

impl Sweep {
    /// The answer before the filter took items out of it; as the filter left it where that is not on record. `None` where
    /// the asked model gave none: a stand-in's says nothing of it.
    fn whole_answer(
        &mut self,
        records: &Records,
        run: &RunId,
        ended: &TrialEnded,
    ) -> Result<Option<String>, RecordsError> {
        let Some(answer) = ended.answer.as_ref().filter(|_| !ended.guarded.left_out) else { return Ok(None) };
        let has = |is: fn(&Step) -> bool| ended.guarded.steps.iter().any(|timed| is(&timed.step));
        if !has(|step| matches!(step, Step::Filtered { dropped: 1.., .. })) {
            return Ok(Some(answer.text.clone()));
        }
        // An answer that was asked for field by field is no attempt's.
        let in_parts = has(|step| matches!(step, Step::Repaired { strategy: Strategy::BreakDownTask, .. }));
        let whole = if in_parts { None } else { last_answer(records, run, ended.trial)? };
        self.cut += u64::from(whole.is_none());
        Ok(Some(whole.unwrap_or_else(|| answer.text.clone())))
    }
}

fn last_answer(records: &Records, run: &RunId, trial: TrialRef) -> Result<Option<String>, RecordsError> {
    let attempts = records.trial(run, trial)?.map(|detail| detail.attempts).unwrap_or_default();
    let answered = attempts
        .into_iter()
        .rev()
        .find(|attempt| attempt.attempt.purpose == Purpose::Answer && attempt.state == AttemptState::Ended);
    Ok(answered.and_then(|attempt| attempt.completion).map(|whole| whole.text.clone()))
}

impl SweptColumn {
    fn add(&mut self, found: &RightItems) {
        self.lists += 1;
        for item in &found.items {
            let group = if item.critical { &mut self.critical } else { &mut self.others };
            group.items.push(LabelledItem { confidence: item.confidence, right: item.right });
        }
        for critical in &found.missed {
            let group = if *critical { &mut self.critical } else { &mut self.others };
            group.missed += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Completion, Fingerprint, Guarded, Outcome, Score, TimedStep, Usd, Verdict};

    fn ended(guarded: Guarded) -> TrialEnded {
        let answer = Completion::given("[]".to_owned());
        TrialEnded {
            trial: TrialRef { case: 0, variant: 0, model: 0, repeat: 0 },
            key: Fingerprint::default(),
            case_id: "one".into(),
            request: Fingerprint::default(),
            outcome: Outcome::Unscored(Score::new(Verdict::Unscored, 0.0, Vec::new())),
            answer: Some(Arc::new(answer)),
            cached: false,
            attempts: 1,
            cost: None,
            spent: Usd::ZERO,
            judge_spent: Usd::ZERO,
            guarded,
        }
    }

    #[test]
    fn a_stand_ins_list_is_none_of_the_asked_model_and_a_cut_one_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::open(folder.path()).unwrap();
        let mut swept = Sweep::default();
        let mut whole = |guarded| swept.whole_answer(&records, &RunId("run".into()), &ended(guarded)).unwrap();
        assert_eq!(whole(Guarded::default()).as_deref(), Some("[]"));
        assert_eq!(whole(Guarded { left_out: true, ..Guarded::default() }), None);
        let filtered = TimedStep { at_ms: 0, step: Step::Filtered { kept: 0, dropped: 1, unknown: 0 } };
        assert_eq!(whole(Guarded { steps: vec![filtered], ..Guarded::default() }).as_deref(), Some("[]"));
        assert_eq!(swept.cut, 1, "no attempt is on record");
    }

    #[test]
    fn cases_that_cannot_be_read_say_why() {
        assert_eq!(unread(&RowsState::Same), None);
        assert!(unread(&RowsState::Changed).unwrap().starts_with("The dataset has changed since this run"));
        assert_eq!(unread(&RowsState::Gone("It is gone.".to_owned())).unwrap(), "It is gone.");
    }
}
