//! Ids of rows: the id that a row has, else a hash of the row; a number behind it where it stands twice.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use crate::domain::CaseId;
use crate::store::files::fingerprint;

/// The id of a row without one: `row-` and 12 hexadecimal digits of its hash.
pub(super) fn of_row(row: &[u8]) -> String {
    format!("row-{}", fingerprint(row).short())
}

/// Collects the ids of all rows and finds those that stand there more than once.
#[derive(Default)]
pub(super) struct Collector {
    hashes: Vec<u64>,
}

/// Which rows carry a number behind their id.
#[derive(Debug, Default)]
pub(super) struct Occurrences {
    /// By row: which occurrence of its id it is, from 2.
    later: HashMap<usize, u32>,
    /// The first rows with a repeated id.
    first: Option<(usize, usize)>,
}

impl Collector {
    pub fn push(&mut self, id: &str) {
        let digest = Sha256::digest(id.as_bytes());
        let mut half = [0; 8];
        half.copy_from_slice(&digest[..8]);
        self.hashes.push(u64::from_le_bytes(half));
    }

    pub fn finish(self) -> Occurrences {
        let mut sorted = self.hashes.clone();
        sorted.sort_unstable();
        let repeated: HashSet<u64> = sorted.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        drop(sorted);
        let mut seen: HashMap<u64, (usize, u32)> = HashMap::new();
        let mut found = Occurrences::default();
        for (row, hash) in self.hashes.iter().enumerate().filter(|(_, hash)| repeated.contains(hash)) {
            let (first, count) = seen.entry(*hash).or_insert((row, 0));
            *count += 1;
            if *count > 1 {
                found.later.insert(row, *count);
                found.first.get_or_insert((*first, row));
            }
        }
        found
    }
}

impl Occurrences {
    /// The id of a row, unique in its dataset.
    pub fn id(&self, row: usize, id: String) -> CaseId {
        match self.later.get(&row) {
            Some(count) => CaseId(format!("{id}#{count}")),
            None => CaseId(id),
        }
    }

    pub fn repeated(&self) -> usize {
        self.later.len()
    }

    pub const fn first(&self) -> Option<(usize, usize)> {
        self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_ids_are_numbered_from_the_second_on() {
        let mut collector = Collector::default();
        for id in ["a", "b", "a", "c", "a"] {
            collector.push(id);
        }
        let found = collector.finish();
        let ids: Vec<_> =
            ["a", "b", "a", "c", "a"].iter().enumerate().map(|(row, id)| found.id(row, (*id).to_owned()).0).collect();
        assert_eq!(ids, ["a", "b", "a#2", "c", "a#3"]);
        assert_eq!((found.repeated(), found.first()), (2, Some((0, 2))));
    }
}
