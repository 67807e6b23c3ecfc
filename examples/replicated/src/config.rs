//! The file of one node: its addresses, its folders and the spans of the cluster.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use quorate::replicate::Timing;
use serde::{Deserialize, Serialize};

use crate::Failure;

/// Everything that a node is told by a file, `node.json` in its folder.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NodeFile {
    /// The name of the node, which is also the name in its certificate.
    pub name: String,
    /// The address for the other nodes.
    pub listen: SocketAddr,
    /// The address for operators; on loopback.
    pub http: SocketAddr,
    /// The addresses of the other nodes, by name.
    pub peers: BTreeMap<String, SocketAddr>,
    /// The folder of the node: store, certificate, locks.
    pub folder: PathBuf,
    /// The folder in which resources write their journals.
    pub journals: PathBuf,
    /// The spans of the cluster.
    pub timing: Timing,
    /// The spans are not checked. Only the power test of the judge says so.
    #[serde(default)]
    pub unchecked: bool,
    /// The heartbeat of the engine, in milliseconds.
    pub heartbeat: u64,
    /// The election timeout of this node, in milliseconds. It differs from node to node.
    pub election: u64,
    /// The bytes that the store may take; for the test of a full disk.
    #[serde(default)]
    pub disk: Option<u64>,
    /// The interval at which resources write into their journals, in milliseconds.
    pub pulse: u64,
    /// A watchdog device that the keeper feeds.
    #[serde(default)]
    pub watchdog: Option<PathBuf>,
}

impl NodeFile {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path)
            .map_err(|error| Failure(format!("{}: {error}", path.display())))?;
        serde_json::from_str(&text).map_err(|error| Failure(format!("{}: {error}", path.display())))
    }

    /// Writes the file into the folder of the node.
    pub fn write(&self) -> Result<(), Failure> {
        fs::create_dir_all(&self.folder)?;
        fs::write(self.path(), serde_json::to_string_pretty(self)?)?;
        Ok(())
    }

    /// The path of the file.
    pub fn path(&self) -> PathBuf {
        self.folder.join("node.json")
    }

    /// The store of the engine.
    pub fn store(&self) -> PathBuf {
        self.folder.join("store.redb")
    }
}

/// The heartbeat of the engine, in milliseconds.
pub const HEARTBEAT: u64 = 50;

/// Returns the election timeout of the node at a position among so many, in milliseconds.
///
/// The engine draws one timeout for each process and keeps it, so two survivors that drew the same
/// one could split the votes for ever. Timeouts that differ by more than a round trip cannot.
pub fn election_timeout(position: u64, nodes: u64) -> u64 {
    let gap = 150 / nodes.saturating_sub(1).max(1);
    180 + gap.min(40) * position
}

/// Returns the spans that fit a cluster of so many nodes.
///
/// A follower stands for election after its timeout and the lease that it had given its leader,
/// which is as long again.
pub fn timing(nodes: u64) -> Timing {
    let millis = Duration::from_millis;
    let longest = election_timeout(nodes.saturating_sub(1), nodes);
    Timing::fitting(millis(50), millis(2 * longest + 60), millis(200), Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two timeouts are never as close as a round trip. When a candidate asks, no node trusts the old
    /// leader any more: it would refuse.
    #[test]
    fn election_timeouts_differ() {
        for nodes in 2..=7 {
            let timeouts: Vec<u64> = (0..nodes).map(|at| election_timeout(at, nodes)).collect();
            assert!(timeouts.windows(2).all(|pair| pair[1] - pair[0] >= 20), "{timeouts:?}");
            let patience = timeouts[timeouts.len() - 1] + 1;
            assert!(2 * timeouts[0] > patience, "{timeouts:?}");
        }
    }
}
