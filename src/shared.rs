//! A cluster that threads share.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use parking_lot::RwLock;

use crate::cluster::{Cluster, Input, InputError, Output};
use crate::time::Timestamp;

/// A handle to one cluster that many threads may use; clones are cheap and share it.
///
/// The outputs of an input are taken in the same critical section, so threads never see each
/// other's. What two threads got they may carry out in either order: epochs and operation numbers
/// say which is the newer one. Readers do not block each other.
///
/// Threads read their clocks before they wait for the lock, so a later one may come first: an
/// input with an older time counts as of the latest time that was seen.
///
/// # Deadlock
///
/// Of the embedder, only the policy and what is passed to [`read`](Self::read) run under the lock.
/// Neither may use a handle to the same cluster, or it waits for itself: look, let the answer out,
/// and act on it afterwards. There is no guard to hold, so that nothing is locked by accident.
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
/// assert!(!cluster.read(|cluster| cluster.state().is_quorate()));
///
/// let due = cluster.read(|cluster| cluster.poll_timeout());
/// let outputs = due.map(|deadline| cluster.handle_timeout(deadline.at));
/// assert_eq!(outputs, None);
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

    /// Answers a question about the cluster as it is. Inputs wait for the answer; other questions
    /// do not, unless an input waits already: then they come after it, so that those who ask all
    /// the time keep no input out.
    ///
    /// `question` must not use a handle to the same cluster: see [`SharedCluster`].
    pub fn read<T>(&self, question: impl FnOnce(&Cluster) -> T) -> T {
        question(&self.cluster.read())
    }
}

fn drain(cluster: &mut Cluster) -> Vec<Output> {
    core::iter::from_fn(|| cluster.poll_output()).collect()
}

impl fmt::Debug for SharedCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("SharedCluster");
        // Debugging must not wait for an input, and may happen in a question.
        match self.cluster.try_read() {
            Some(cluster) => tuple.field(&*cluster).finish(),
            None => tuple.field(&format_args!("<locked>")).finish(),
        }
    }
}
