//! Keeps and compares clusters: snapshots, digests and invariants.

pub(crate) mod digest;
pub(crate) mod invariants;
pub(crate) mod restore;
mod snapshot;

pub use restore::RestoreError;
pub use snapshot::{Snapshot, SnapshotV1};

/// See [`Cluster::BEHAVIOUR`](crate::Cluster::BEHAVIOUR).
pub(crate) const BEHAVIOUR: u32 = 1;
