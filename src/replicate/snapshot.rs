//! The whole of a replica as plain data.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::quarantine::Ward;
use crate::cluster::Snapshot;
use crate::id::Incarnation;
use crate::time::Timestamp;

crate::form::strictly_read! { "ReplicaSnapshot"
/// A replica as it stood after an entry: the snapshot of its cluster, and the reports that counted.
#[derive(Clone, Debug, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReplicaSnapshot {
    /// The first version.
    V1(ReplicaSnapshotV1),
}
}

/// The first version of a [`ReplicaSnapshot`].
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReplicaSnapshotV1 {
    pub(super) index: u64,
    pub(super) stamp: Timestamp,
    pub(super) cluster: Snapshot,
    pub(super) lives: BTreeMap<String, Reported>,
    pub(super) ward: Ward,
    pub(super) checkpoints: Vec<(u64, u64)>,
}

impl ReplicaSnapshot {
    /// Returns the index of the last entry that is part of it.
    #[must_use]
    pub const fn index(&self) -> u64 {
        match self {
            Self::V1(snapshot) => snapshot.index,
        }
    }

    /// Returns the snapshot of the cluster.
    #[must_use]
    pub const fn cluster(&self) -> &Snapshot {
        match self {
            Self::V1(snapshot) => &snapshot.cluster,
        }
    }
}

/// The latest life of a node that was heard of, and the number of the last report of it that
/// counted.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(deny_unknown_fields)]
pub(super) struct Reported {
    pub(super) incarnation: Incarnation,
    pub(super) sequence: u64,
    /// It joined at some time.
    pub(super) joined: bool,
}
