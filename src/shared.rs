//! A cluster that threads share.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use parking_lot::RwLock;

use crate::cluster::{Cluster, Input, InputError, Output};
use crate::time::Timestamp;

/// A handle to one cluster that many threads may use; clones are cheap and share it.
///
/// The outputs of an input are taken in the same critical section, so threads never see each
/// other's. Readers do not block each other. Nothing of the embedder runs under the lock except
/// the policy.
///
/// Threads read their clocks before they wait for the lock, so a later one may come first: an
/// input with an older time counts as of the latest time that was seen.
///
/// ```
/// use quorate::policy::Ring;
/// use quorate::spec::ClusterDeclaration;
/// use quorate::{Cluster, Incarnation, Input, SharedCluster, Timestamp};
///
/// let spec = ClusterDeclaration::new("pair").node("a").node("b").node("c").build()?;
/// let node = spec.node_id("a").expect("declared above");
/// let cluster = SharedCluster::new(Cluster::new(spec, Ring::new(), Timestamp::ZERO));
///
/// let other = cluster.clone();
/// let join = Input::NodeJoined { node, incarnation: Incarnation::new(1), running: vec![] };
/// let outputs = other.handle(Timestamp::ZERO, join)?;
/// assert!(!outputs.is_empty());
/// assert!(!cluster.read().state().is_quorate());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SharedCluster {
    cluster: Arc<RwLock<Cluster>>,
}

impl SharedCluster {
    /// Shares a cluster.
    #[must_use]
    pub fn new(cluster: Cluster) -> Self {
        Self { cluster: Arc::new(RwLock::new(cluster)) }
    }

    /// Takes in what happened, and gives what to do about it.
    ///
    /// # Errors
    ///
    /// An input that is wrong or not possible now. Nothing has changed then.
    pub fn handle(&self, now: Timestamp, input: Input) -> Result<Vec<Output>, InputError> {
        let mut cluster = self.cluster.write();
        let now = now.max(cluster.state().now());
        cluster.handle(now, input)?;
        Ok(drain(&mut cluster))
    }

    /// Does what is due at `now`, and gives what to do about it.
    #[must_use]
    pub fn handle_timeout(&self, now: Timestamp) -> Vec<Output> {
        let mut cluster = self.cluster.write();
        cluster.handle_timeout(now);
        drain(&mut cluster)
    }

    /// The cluster as it is, for questions. Inputs wait until the answer is dropped.
    pub fn read(&self) -> impl Deref<Target = Cluster> + '_ {
        self.cluster.read()
    }
}

fn drain(cluster: &mut Cluster) -> Vec<Output> {
    core::iter::from_fn(|| cluster.poll_output()).collect()
}

impl fmt::Debug for SharedCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedCluster").field(&*self.cluster.read()).finish()
    }
}
