//! What the guards that save calls, tokens or a reader's time did, in one trial or summed over a column.

use std::ops::{AddAssign, SubAssign};

use crate::domain::{Guarded, ModelId, Step, Usd};

/// What the semantic cache, tiers, compression and the confidence filter did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deeds {
    /// What the answers that the semantic cache gave cost when they were paid, as far as their price is known.
    pub semantic_saved: Usd,
    /// Trials that a tier gave to another model than the asked one.
    pub tiered: u64,
    /// Trials in which a layer was shortened.
    pub compressed: u64,
    /// Tokens that shortened layers no longer have.
    pub tokens_spared: u64,
    /// What shortening took.
    pub compression_spent: Usd,
    /// Items of lists that the confidence filter left, and those that it took out.
    pub items_kept: u64,
    pub items_dropped: u64,
}

impl Deeds {
    /// Of one trial; `asked` is the model of its column.
    pub(super) fn of(guarded: &Guarded, asked: Option<&ModelId>) -> Self {
        let mut deeds = Self { compression_spent: guarded.compression_spent, ..Self::default() };
        for timed in &guarded.steps {
            match &timed.step {
                Step::SemanticHit { saved, .. } => deeds.semantic_saved += saved.unwrap_or_default(),
                Step::Tiered { model, .. } => deeds.tiered = u64::from(Some(model) != asked),
                Step::Compressed { before, after, .. } => {
                    deeds.compressed = 1;
                    deeds.tokens_spared += before.saturating_sub(*after);
                }
                Step::Filtered { kept, dropped, .. } => {
                    deeds.items_kept += kept;
                    deeds.items_dropped += dropped;
                }
                _ => {}
            }
        }
        deeds
    }
}

impl AddAssign for Deeds {
    fn add_assign(&mut self, other: Self) {
        self.semantic_saved += other.semantic_saved;
        self.tiered += other.tiered;
        self.compressed += other.compressed;
        self.tokens_spared += other.tokens_spared;
        self.compression_spent += other.compression_spent;
        self.items_kept += other.items_kept;
        self.items_dropped += other.items_dropped;
    }
}

impl SubAssign for Deeds {
    fn sub_assign(&mut self, other: Self) {
        self.semantic_saved -= other.semantic_saved;
        self.tiered -= other.tiered;
        self.compressed -= other.compressed;
        self.tokens_spared -= other.tokens_spared;
        self.compression_spent -= other.compression_spent;
        self.items_kept -= other.items_kept;
        self.items_dropped -= other.items_dropped;
    }
}
