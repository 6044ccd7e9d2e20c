//! Runs a pattern's program at one place of a text.

use super::super::value::{Heap, Result};
use super::Found;
use super::program::{Program, Step};

/// Steps of the matcher that one step of a template pays for.
const STEPS_PER_FUEL: usize = 16;

/// The match that begins at `start`, if there is one; `steps` counts what the search has done so far.
pub(super) fn run(
    program: &Program,
    heap: &Heap,
    text: &[u16],
    start: usize,
    steps: &mut usize,
) -> Result<Option<Found>> {
    let mut matcher = Matcher { program, heap, text, slots: vec![None; program.slots], steps };
    let Some(end) = matcher.run(0, start)? else { return Ok(None) };
    let groups = (1..=program.groups).map(|group| matcher.slots[2 * group].zip(matcher.slots[2 * group + 1])).collect();
    Ok(Some(Found { start, end, groups }))
}

struct Matcher<'r> {
    program: &'r Program,
    heap: &'r Heap,
    text: &'r [u16],
    slots: Vec<Option<usize>>,
    steps: &'r mut usize,
}

/// What to do when a way turns out wrong.
enum Undo {
    Try { step: usize, at: usize },
    Restore { slot: usize, was: Option<usize> },
}

impl Matcher<'_> {
    /// Runs from a step at a place; where the match ends.
    fn run(&mut self, mut step: usize, mut at: usize) -> Result<Option<usize>> {
        let mut undo: Vec<Undo> = Vec::new();
        loop {
            self.pay()?;
            let next = match &self.program.steps[step] {
                Step::Match => return Ok(Some(at)),
                Step::Split(first, second) => {
                    undo.push(Undo::Try { step: *second, at });
                    Some((*first, at))
                }
                Step::Jump(target) => Some((*target, at)),
                Step::Save(slot) | Step::Mark(slot) => {
                    self.set(*slot, Some(at), &mut undo);
                    Some((step + 1, at))
                }
                Step::Forget { first, last } => {
                    for slot in 2 * first..2 * last + 2 {
                        self.set(slot, None, &mut undo);
                    }
                    Some((step + 1, at))
                }
                Step::Moved(slot) => (self.slots[*slot] != Some(at)).then_some((step + 1, at)),
                Step::Look { is, next } => {
                    let before = self.slots.clone();
                    let found = self.run(step + 1, at)?.is_some();
                    let after = std::mem::replace(&mut self.slots, before);
                    if found && *is {
                        for (slot, value) in after.into_iter().enumerate() {
                            self.set(slot, value, &mut undo);
                        }
                    }
                    (found == *is).then_some((*next, at))
                }
                plain => self.consumed(plain, at).map(|at| (step + 1, at)),
            };
            match next.or_else(|| self.back(&mut undo)) {
                Some(next) => (step, at) = next,
                None => return Ok(None),
            }
        }
    }

    fn pay(&mut self) -> Result<()> {
        *self.steps += 1;
        if self.steps.is_multiple_of(STEPS_PER_FUEL) { self.heap.spend(1) } else { Ok(()) }
    }

    fn set(&mut self, slot: usize, value: Option<usize>, undo: &mut Vec<Undo>) {
        if self.slots[slot] != value {
            undo.push(Undo::Restore { slot, was: self.slots[slot] });
            self.slots[slot] = value;
        }
    }

    fn back(&mut self, undo: &mut Vec<Undo>) -> Option<(usize, usize)> {
        while let Some(entry) = undo.pop() {
            match entry {
                Undo::Try { step, at } => return Some((step, at)),
                Undo::Restore { slot, was } => self.slots[slot] = was,
            }
        }
        None
    }

    /// Where the text stands after a step that looks at it, or `None` where it does not fit.
    fn consumed(&self, step: &Step, at: usize) -> Option<usize> {
        match step {
            Step::Unit { unit, back } => self.one(at, *back, |found| self.same(found, *unit)),
            Step::Any { back } => self.one(at, *back, |found| !is_line_end(found)),
            Step::Class { class, back } => self.one(at, *back, |found| {
                if !self.program.any_case {
                    return class.contains(found);
                }
                let forms = [found, upper(found), lower(found)];
                let inside = forms.iter().any(|form| class.contains(*form) != class.inverted);
                inside != class.inverted
            }),
            Step::Start => {
                let fits = at == 0 || (self.program.by_line && is_line_end(self.text[at - 1]));
                fits.then_some(at)
            }
            Step::End => {
                let fits = at == self.text.len() || (self.program.by_line && is_line_end(self.text[at]));
                fits.then_some(at)
            }
            Step::WordEdge { is } => {
                let before = at > 0 && is_word(self.text[at - 1]);
                let after = self.text.get(at).is_some_and(|unit| is_word(*unit));
                ((before != after) == *is).then_some(at)
            }
            Step::Back { group, back } => self.again(*group, at, *back),
            _ => None,
        }
    }

    fn one(&self, at: usize, back: bool, fits: impl Fn(u16) -> bool) -> Option<usize> {
        let place = if back { at.checked_sub(1)? } else { at };
        let unit = *self.text.get(place)?;
        fits(unit).then_some(if back { place } else { at + 1 })
    }

    /// What a group has captured, once more; a group without a capture fits everywhere.
    fn again(&self, group: usize, at: usize, back: bool) -> Option<usize> {
        let Some((start, end)) = self.slots[2 * group].zip(self.slots[2 * group + 1]) else { return Some(at) };
        let length = end - start;
        let from = if back { at.checked_sub(length)? } else { at };
        let here = self.text.get(from..from + length)?;
        let fits = here.iter().zip(&self.text[start..end]).all(|(a, b)| self.same(*a, *b));
        fits.then_some(if back { from } else { at + length })
    }

    fn same(&self, a: u16, b: u16) -> bool {
        a == b || (self.program.any_case && upper(a) == upper(b))
    }
}

fn is_line_end(unit: u16) -> bool {
    matches!(unit, 0x0A | 0x0D | 0x2028 | 0x2029)
}

fn is_word(unit: u16) -> bool {
    u8::try_from(unit).is_ok_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The capital of a unit, where that is one unit too, and does not turn a foreign letter into an ASCII one.
fn upper(unit: u16) -> u16 {
    let Some(letter) = char::from_u32(u32::from(unit)) else { return unit };
    let mut capitals = letter.to_uppercase();
    match (capitals.next().and_then(|capital| u16::try_from(u32::from(capital)).ok()), capitals.next()) {
        (Some(capital), None) if unit < 128 || capital >= 128 => capital,
        _ => unit,
    }
}

fn lower(unit: u16) -> u16 {
    let Some(letter) = char::from_u32(u32::from(unit)) else { return unit };
    let mut smalls = letter.to_lowercase();
    match (smalls.next().and_then(|small| u16::try_from(u32::from(small)).ok()), smalls.next()) {
        (Some(small), None) if upper(small) == upper(unit) => small,
        _ => unit,
    }
}
