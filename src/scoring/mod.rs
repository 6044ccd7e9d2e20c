//! Output and case become a verdict.
