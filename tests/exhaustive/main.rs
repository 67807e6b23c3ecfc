//! Every case there is, where cases can be counted: small graphs, votes, the failback predicate.

mod failback;
mod order;
mod quorum;
