//! Marks by trial, in pages that are made when their first trial ends: a plan of a million trials costs nothing before.

use std::collections::HashMap;

use super::mark::TrialMark;

const PAGE: u64 = 4_096;

/// A score of 0 to 1 in two bytes, exact for halves; [`NO_SCORE`] for none.
pub(super) type SmallScore = u16;

pub(super) const NO_SCORE: SmallScore = u16::MAX;

/// The largest score.
pub(super) const FULL_SCORE: SmallScore = u16::MAX - 1;

#[derive(Debug, Clone, Default)]
pub(super) struct Pages {
    pages: HashMap<u64, Page>,
    /// Scores a trial.
    checks: usize,
}

#[derive(Debug, Clone)]
struct Page {
    marks: Box<[Option<TrialMark>]>,
    scores: Box<[SmallScore]>,
}

impl Pages {
    pub(super) fn new(checks: usize) -> Self {
        Self { pages: HashMap::new(), checks }
    }

    pub(super) fn mark(&self, trial: u64) -> Option<&TrialMark> {
        self.pages.get(&(trial / PAGE))?.marks[slot(trial)].as_ref()
    }

    /// The scores of the trial's checks; empty where the trial has not ended.
    pub(super) fn scores(&self, trial: u64) -> &[SmallScore] {
        self.pages.get(&(trial / PAGE)).map_or(&[], |page| &page.scores[span(trial, self.checks)])
    }

    /// Puts a mark in its place, for good: what stood there is replaced.
    pub(super) fn put(&mut self, trial: u64, mark: TrialMark, scores: &[SmallScore]) {
        let checks = self.checks;
        let page = self.pages.entry(trial / PAGE).or_insert_with(|| Page::new(checks));
        page.marks[slot(trial)] = Some(mark);
        for (place, score) in
            page.scores[span(trial, checks)].iter_mut().zip(scores.iter().chain([&NO_SCORE].into_iter().cycle()))
        {
            *place = *score;
        }
    }

    /// Every trial that ended, in no order.
    pub(super) fn trials(&self) -> impl Iterator<Item = (u64, &TrialMark)> {
        self.pages.iter().flat_map(|(page, content)| {
            let marks = content.marks.iter().enumerate();
            marks.filter_map(move |(slot, mark)| Some((page * PAGE + slot as u64, mark.as_ref()?)))
        })
    }
}

impl Page {
    fn new(checks: usize) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a page has a few thousand trials")]
        let trials = PAGE as usize;
        Self { marks: vec![None; trials].into(), scores: vec![NO_SCORE; trials * checks].into() }
    }
}

const fn slot(trial: u64) -> usize {
    (trial % PAGE) as usize
}

fn span(trial: u64, checks: usize) -> std::ops::Range<usize> {
    slot(trial) * checks..(slot(trial) + 1) * checks
}
