//! Every case there is, where cases can be counted: small graphs, votes, the failback predicate,
//! who may be given a group.

mod failback;
mod order;
mod placement;
mod quorum;
