//! Whole groups, ready to declare.
//!
//! A builder turns the few things that differ from one group to the next into a
//! [`GroupDeclaration`](crate::spec::GroupDeclaration) with all its resources, kinds and
//! dependencies. The result is plain data: change what does not fit before it is built.

pub mod exchange;
