//! What is on disk: definitions, cases, prices, settings, trust.

pub mod ron;
