//! An experiment becomes trials.
