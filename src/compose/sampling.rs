//! Which rows of a dataset become examples, and in which order.

use crate::domain::{Case, Pick};

use super::fence::scrambled;

/// Indices of the rows that can be examples, the first to be taken in front; and how many are taken.
pub(super) fn candidates(pick: &Pick, cases: &[Case]) -> (Vec<usize>, usize) {
    match pick {
        Pick::First(count) => ((0..cases.len()).collect(), *count as usize),
        Pick::Tagged { tag, most } => {
            let tagged = cases.iter().enumerate().filter(|(_, case)| case.tags.iter().any(|has| has == tag));
            (tagged.map(|(index, _)| index).collect(), *most as usize)
        }
        Pick::Sample { count, seed } => {
            let mut drawn: Vec<usize> = (0..cases.len()).collect();
            drawn.sort_by_cached_key(|&index| (draw(*seed, &cases[index], index), index));
            (drawn, *count as usize)
        }
    }
}

/// A row's number in the draw hangs on its id, so that a row added to the dataset moves no other.
fn draw(seed: u64, case: &Case, index: usize) -> u64 {
    if case.id.as_str().is_empty() {
        return scrambled(seed ^ scrambled(index as u64));
    }
    case.id.as_str().bytes().fold(scrambled(seed), |state, byte| scrambled(state ^ u64::from(byte)))
}

/// Whether an example would give away the answer of the case under test.
pub(super) fn is_same_case(example: &Case, case: &Case) -> bool {
    (!case.id.as_str().is_empty() && example.id == case.id) || (!case.vars.is_empty() && example.vars == case.vars)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases() -> Vec<Case> {
        let case = |id: usize| Case {
            id: id.to_string().into(),
            tags: if id.is_multiple_of(2) { vec!["even".to_owned()] } else { Vec::new() },
            ..Case::default()
        };
        (0..10).map(case).collect()
    }

    #[test]
    fn picks_take_the_rows_that_they_name() {
        let cases = cases();
        assert_eq!(candidates(&Pick::First(3), &cases), ((0..10).collect(), 3));
        assert_eq!(candidates(&Pick::Tagged { tag: "even".to_owned(), most: 2 }, &cases), (vec![0, 2, 4, 6, 8], 2));
    }

    #[test]
    fn a_sample_is_the_same_for_the_same_seed_only() {
        let cases = cases();
        let sample = |seed: u64| candidates(&Pick::Sample { count: 4, seed }, &cases).0;
        assert_eq!(sample(1), sample(1));
        assert_ne!(sample(1), sample(2));
        let mut sorted = sample(1);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..10).collect::<Vec<_>>());
    }
}
