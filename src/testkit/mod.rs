//! For tests, of this crate and of those that build on it.
