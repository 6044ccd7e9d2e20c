//! The records as a whole: what is stored is what was told, whatever fails in between.

mod damage;
mod durability;
mod opening;
mod reading;
mod recording;
mod resuming;
mod support;
