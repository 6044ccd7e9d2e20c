//! Releases leave the house.
