//! Chance that repeats exactly: numbers drawn from a hash of the request.

use sha2::{Digest, Sha256};

use crate::domain::ChatRequest;

/// The source of all draws for one request: the seed, the messages and the sample number.
#[derive(Debug)]
pub struct Draws(Sha256);

impl Draws {
    pub fn new(seed: u64, request: &ChatRequest) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update(request.sample.to_le_bytes());
        for message in &request.messages {
            hash.update(message.role.word());
            hash.update((message.content.len() as u64).to_le_bytes());
            hash.update(&message.content);
        }
        Self(hash)
    }

    /// A number that stands for the request and the model.
    pub fn key(&self, model: &str) -> u64 {
        self.bits(&["key", model], 0).0
    }

    /// An evenly distributed number from 0 to below 1, for one purpose.
    pub fn share(&self, purpose: &[&str], attempt: u32) -> f64 {
        unit(self.bits(purpose, attempt).0)
    }

    /// A normally distributed number with mean 0 and deviation 1, for one purpose.
    pub fn number(&self, purpose: &[&str], attempt: u32) -> f64 {
        let (a, b) = self.bits(purpose, attempt);
        // 1 - u is above zero, so its logarithm is finite.
        (-2.0 * (1.0 - unit(a)).ln()).sqrt() * (std::f64::consts::TAU * unit(b)).cos()
    }

    fn bits(&self, purpose: &[&str], attempt: u32) -> (u64, u64) {
        let mut hash = self.0.clone();
        for word in purpose {
            hash.update((word.len() as u64).to_le_bytes());
            hash.update(word);
        }
        hash.update(attempt.to_le_bytes());
        let digest = hash.finalize();
        let word = |from: usize| digest[from..from + 8].iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte));
        (word(0), word(8))
    }
}

#[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
