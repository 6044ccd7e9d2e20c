//! Lays a pattern out as a program for the matcher.

use super::super::text::Text;
use super::parse::{Class, Pattern, Piece};

/// Instructions that one pattern may have; repeats are written out.
const MOST_STEPS: usize = 20_000;

#[derive(Debug)]
pub(super) enum Step {
    Unit {
        unit: u16,
        back: bool,
    },
    Any {
        back: bool,
    },
    Class {
        class: Class,
        back: bool,
    },
    Start,
    End,
    WordEdge {
        is: bool,
    },
    /// Tries the first, then the second.
    Split(usize, usize),
    Jump(usize),
    Save(usize),
    /// Forgets what groups have captured: they begin anew in each round of a repeat.
    Forget {
        first: usize,
        last: usize,
    },
    /// Remembers where a round begins.
    Mark(usize),
    /// Fails where a round has taken nothing.
    Moved(usize),
    /// Runs what follows on its own, then goes on at `next`.
    Look {
        is: bool,
        next: usize,
    },
    Back {
        group: usize,
        back: bool,
    },
    Match,
}

#[derive(Debug)]
pub(super) struct Program {
    pub steps: Vec<Step>,
    pub groups: usize,
    /// Places to remember: two for each group, group 0 being the whole, then one for each repeat.
    pub slots: usize,
    pub names: Vec<(Text, usize)>,
    pub any_case: bool,
    pub by_line: bool,
}

pub(super) fn compile(pattern: &Pattern, flags: &str) -> Result<Program, String> {
    let slots = 2 * (pattern.groups + 1);
    let mut layout = Layout { steps: Vec::new(), slots };
    layout.piece(&pattern.piece, false)?;
    layout.push(Step::Match)?;
    Ok(Program {
        steps: layout.steps,
        groups: pattern.groups,
        slots: layout.slots,
        names: pattern.names.clone(),
        any_case: flags.contains('i'),
        by_line: flags.contains('m'),
    })
}

struct Layout {
    steps: Vec<Step>,
    slots: usize,
}

impl Layout {
    fn push(&mut self, step: Step) -> Result<usize, String> {
        if self.steps.len() >= MOST_STEPS {
            return Err("it is too long once its repeats are written out".to_owned());
        }
        self.steps.push(step);
        Ok(self.steps.len() - 1)
    }

    fn here(&self) -> usize {
        self.steps.len()
    }

    fn piece(&mut self, piece: &Piece, back: bool) -> Result<(), String> {
        match piece {
            Piece::Unit(unit) => drop(self.push(Step::Unit { unit: *unit, back })?),
            Piece::Any => drop(self.push(Step::Any { back })?),
            Piece::Class(class) => drop(self.push(Step::Class { class: class.clone(), back })?),
            Piece::Start => drop(self.push(Step::Start)?),
            Piece::End => drop(self.push(Step::End)?),
            Piece::WordEdge { is } => drop(self.push(Step::WordEdge { is: *is })?),
            Piece::Back(group) => drop(self.push(Step::Back { group: *group, back })?),
            Piece::Sequence(pieces) if back => pieces.iter().rev().try_for_each(|piece| self.piece(piece, back))?,
            Piece::Sequence(pieces) => pieces.iter().try_for_each(|piece| self.piece(piece, back))?,
            Piece::Either(branches) => self.either(branches, back)?,
            Piece::Group(number, inner) => {
                self.push(Step::Save(2 * number + usize::from(back)))?;
                self.piece(inner, back)?;
                self.push(Step::Save(2 * number + usize::from(!back)))?;
            }
            Piece::Look { ahead, is, piece } => {
                let look = self.push(Step::Look { is: *is, next: 0 })?;
                self.piece(piece, !ahead)?;
                self.push(Step::Match)?;
                self.steps[look] = Step::Look { is: *is, next: self.here() };
            }
            Piece::Repeat { piece, least, most, lazy, groups } => {
                let round = Round { piece, lazy: *lazy, groups: *groups, back };
                self.repeat(&round, *least, *most)?;
            }
        }
        Ok(())
    }

    fn either(&mut self, branches: &[Piece], back: bool) -> Result<(), String> {
        let mut jumps = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            if index + 1 == branches.len() {
                self.piece(branch, back)?;
                break;
            }
            let split = self.push(Step::Split(0, 0))?;
            self.piece(branch, back)?;
            jumps.push(self.push(Step::Jump(0))?);
            self.steps[split] = Step::Split(split + 1, self.here());
        }
        for jump in jumps {
            self.steps[jump] = Step::Jump(self.here());
        }
        Ok(())
    }

    fn repeat(&mut self, round: &Round<'_>, least: usize, most: Option<usize>) -> Result<(), String> {
        for _ in 0..least {
            let before = self.here();
            self.round(round)?;
            if self.here() == before {
                break;
            }
        }
        let Some(most) = most else { return self.endless(round) };
        let mut splits = Vec::new();
        for _ in least..most {
            splits.push(self.push(Step::Split(0, 0))?);
            self.optional_round(round)?;
        }
        for split in splits {
            self.steps[split] = round.split(split + 1, self.here());
        }
        Ok(())
    }

    fn endless(&mut self, round: &Round<'_>) -> Result<(), String> {
        let split = self.push(Step::Split(0, 0))?;
        self.optional_round(round)?;
        self.push(Step::Jump(split))?;
        self.steps[split] = round.split(split + 1, self.here());
        Ok(())
    }

    /// A round that counts only if it takes something.
    fn optional_round(&mut self, round: &Round<'_>) -> Result<(), String> {
        let slot = self.slots;
        self.slots += 1;
        self.push(Step::Mark(slot))?;
        self.round(round)?;
        self.push(Step::Moved(slot))?;
        Ok(())
    }

    fn round(&mut self, round: &Round<'_>) -> Result<(), String> {
        let (first, last) = round.groups;
        if first <= last {
            self.push(Step::Forget { first, last })?;
        }
        self.piece(round.piece, round.back)
    }
}

/// What a quantifier repeats.
struct Round<'p> {
    piece: &'p Piece,
    lazy: bool,
    groups: (usize, usize),
    back: bool,
}

impl Round<'_> {
    fn split(&self, more: usize, done: usize) -> Step {
        if self.lazy { Step::Split(done, more) } else { Step::Split(more, done) }
    }
}
