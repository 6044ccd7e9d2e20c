//! Layers and variables become messages.
