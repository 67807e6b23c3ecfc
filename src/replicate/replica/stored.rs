//! Snapshots and digests of replicas.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::hash::{Hash, Hasher};

use super::{Checkpoint, Replica};
use crate::Cluster;
use crate::cluster::{PortableHasher, RestoreError};
use crate::replicate::genesis::Genesis;
use crate::replicate::snapshot::{ReplicaSnapshot, ReplicaSnapshotV1};
use crate::time::Timestamp;

impl Replica {
    /// Returns everything that another replica needs to go on from here.
    #[must_use]
    pub fn snapshot(&self) -> ReplicaSnapshot {
        ReplicaSnapshot::V1(ReplicaSnapshotV1 {
            index: self.applied,
            stamp: self.stamp,
            cluster: self.cluster.snapshot(),
            lives: if seeded!(SnapshotForgetsReports) {
                BTreeMap::new()
            } else {
                self.lives.clone()
            },
            ward: self.ward.clone(),
            checkpoints: self.checkpoints.iter().map(|of| (of.index, of.digest)).collect(),
        })
    }

    /// Returns the replica of a snapshot, for the node `node`.
    ///
    /// # Errors
    ///
    /// Those of [`Cluster::restore`].
    pub fn restore(
        node: &str,
        snapshot: ReplicaSnapshot,
        genesis: Genesis,
    ) -> Result<Self, RestoreError> {
        let ReplicaSnapshot::V1(snapshot) = snapshot;
        let policy = Arc::clone(genesis.policy_named(snapshot.cluster.policy_name()));
        let cluster = Cluster::restore_within(snapshot.cluster, policy, genesis.limits())?;
        let stamp = snapshot.stamp.min(Timestamp::LATEST).max(cluster.state().now());
        let mut replica = Self::assemble(node, cluster, genesis, stamp);
        replica.applied = snapshot.index;
        replica.lives = snapshot.lives;
        replica.ward = snapshot.ward;
        let checkpoints = snapshot.checkpoints.into_iter().take(Self::CHECKPOINTS);
        replica.checkpoints =
            checkpoints.map(|(index, digest)| Checkpoint { index, digest }).collect();
        Ok(replica)
    }

    /// Returns a number that is equal for replicas that stand alike. It costs as much as reading the
    /// whole state.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut hasher = PortableHasher::default();
        self.cluster.digest().hash(&mut hasher);
        (self.stamp, &self.lives, &self.ward).hash(&mut hasher);
        self.genesis.behaviour().hash(&mut hasher);
        hasher.finish()
    }
}
