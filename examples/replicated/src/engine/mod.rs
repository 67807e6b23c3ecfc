//! The engine: openraft over the store of this node and the links to the others.

use std::io::Cursor;
use std::sync::Arc;

use openraft::{BasicNode, Config, SnapshotPolicy, TokioRuntime};
use quorate::replicate::Entry;

use crate::Failure;
use crate::config::NodeFile;

mod machine;
mod network;
mod store;

pub use machine::{Machine, Shared};
pub use network::{Affirmed, Factory, Mute, Silence};
pub use store::{Founding, Store};

openraft::declare_raft_types!(
    /// The types of the engine. A node of the engine is known by a number that is never used again;
    /// its address is the name of a node of the cluster.
    pub Types:
        D = Entry,
        R = (),
        NodeId = u64,
        Node = BasicNode,
        Entry = openraft::Entry<Types>,
        SnapshotData = Cursor<Vec<u8>>,
        AsyncRuntime = TokioRuntime,
);

/// The engine of this node.
pub type Raft = openraft::Raft<Types>;

/// Returns the settings of the engine. The election timeout is that of this node alone.
pub fn settings(file: &NodeFile) -> Result<Arc<Config>, Failure> {
    let config = Config {
        cluster_name: "quorate".into(),
        heartbeat_interval: file.heartbeat,
        election_timeout_min: file.election,
        election_timeout_max: file.election + 1,
        install_snapshot_timeout: 2_000,
        snapshot_max_chunk_size: 512 * 1_024,
        snapshot_policy: SnapshotPolicy::LogsSinceLast(500),
        max_in_snapshot_log_to_keep: 100,
        replication_lag_threshold: 1_000,
        ..Config::default()
    };
    let config = config.validate().map_err(|error| Failure(error.to_string()))?;
    Ok(Arc::new(config))
}
