//! Whole groups, ready to declare.
//!
//! A builder takes the few things that differ from one group to the next and returns a
//! [`GroupDeclaration`](crate::spec::GroupDeclaration) with all its resources, kinds and
//! dependencies. The result is plain data: change it as you need before you build the cluster.

pub mod exchange;
