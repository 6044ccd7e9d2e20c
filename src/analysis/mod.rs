//! Events become numbers.
