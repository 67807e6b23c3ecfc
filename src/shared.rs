//! A cluster that threads share.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use parking_lot::RwLock;

use crate::cluster::{
    Cluster, Deadline, Effect, Input, InputError, Output, Plan, Reason, Snapshot, WhatIfError,
};
use crate::id::{GroupId, Names, NodeId, ResourceId};
use crate::machine::{Budget, GroupState, NodeState, ResourceState};
use crate::plan::Explanation;
use crate::policy::Trigger;
use crate::spec::ClusterSpec;
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
/// Nothing of the embedder's runs under the lock but the policy, which sees a placement and needs
/// no handle; there is no guard to hold and no closure to pass. So nothing can deadlock, unless a
/// policy keeps a handle to its own cluster and uses it: it must not.
///
/// # Questions
///
/// Each question is answered as of one moment; two of them may see the cluster before and after an
/// input. What has to be of one moment, and whatever has no method here, is asked of a
/// [`fork`](Self::fork). Readers do not block each other, and give way to an input that waits, so
/// that those who ask all the time keep no input out.
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
/// assert!(!cluster.fork().state().is_quorate());
///
/// let outputs = cluster.poll_timeout().map(|deadline| cluster.handle_timeout(deadline.at));
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

    /// The declaration that is in force. Costs a counter: it is shared, and stays what it is when
    /// another one comes into force.
    #[must_use]
    pub fn spec(&self) -> Arc<ClusterSpec> {
        self.cluster.read().shared_spec()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next, and why:
    /// [`Cluster::poll_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Deadline> {
        self.cluster.read().poll_timeout()
    }

    /// Every operation that was asked for and has not ended, oldest first:
    /// [`Cluster::outstanding`].
    #[must_use]
    pub fn outstanding(&self) -> Vec<Effect> {
        self.cluster.read().outstanding().collect()
    }

    /// The state of a node.
    #[must_use]
    pub fn node_state(&self, node: NodeId) -> NodeState {
        self.cluster.read().state().node_state(node)
    }

    /// The state of a group: [`Cluster::group_state`].
    #[must_use]
    pub fn group_state(&self, group: GroupId) -> GroupState {
        self.cluster.read().group_state(group)
    }

    /// The state of a resource.
    #[must_use]
    pub fn resource_state(&self, resource: ResourceId) -> ResourceState {
        self.cluster.read().state().resource_state(resource)
    }

    /// The node that owns a group.
    #[must_use]
    pub fn owner(&self, group: GroupId) -> Option<NodeId> {
        self.cluster.read().state().owner(group)
    }

    /// Why a group that should be online is not: [`Cluster::why`].
    #[must_use]
    pub fn why(&self, group: GroupId) -> Option<Reason> {
        self.cluster.read().why(group)
    }

    /// Where a group would go if `trigger` happened now: [`Cluster::explain`].
    #[must_use]
    pub fn explain(&self, group: GroupId, trigger: Trigger) -> Option<Explanation> {
        self.cluster.read().explain(group, trigger)
    }

    /// What is left at `now` of the restarts of a resource: [`Cluster::restart_budget`].
    #[must_use]
    pub fn restart_budget(&self, resource: ResourceId, now: Timestamp) -> Option<Budget> {
        self.cluster.read().restart_budget(resource, now)
    }

    /// What is left at `now` of the failovers of a group: [`Cluster::failover_budget`].
    #[must_use]
    pub fn failover_budget(&self, group: GroupId, now: Timestamp) -> Option<Budget> {
        self.cluster.read().failover_budget(group, now)
    }

    /// A number that is equal for equal states: [`Cluster::digest`]. Inputs wait while the whole
    /// state is read.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.cluster.read().digest()
    }

    /// The whole state with its declaration: [`Cluster::snapshot`]. Inputs wait no longer than for
    /// a [`fork`](Self::fork).
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.fork().snapshot()
    }

    /// What would come of these inputs: [`Cluster::what_if`]. Inputs wait no longer than for a
    /// [`fork`](Self::fork); the rest happens on the copy.
    ///
    /// # Errors
    ///
    /// The first input that names what is not declared, or would not be accepted.
    pub fn what_if(
        &self,
        inputs: impl IntoIterator<Item = Input<Names>>,
    ) -> Result<Plan, WhatIfError> {
        self.fork().what_if(inputs)
    }

    /// A copy of the cluster as it is, to be asked at leisure. Nothing connects it with the shared
    /// one any more, so it must not be handed the inputs of the real nodes.
    ///
    /// Costs a copy of the state and of its indexes, in proportion to nodes, groups and resources;
    /// the declaration and the policy are shared. Inputs wait while it is made.
    #[must_use]
    pub fn fork(&self) -> Cluster {
        self.cluster.read().clone()
    }
}

fn drain(cluster: &mut Cluster) -> Vec<Output> {
    core::iter::from_fn(|| cluster.poll_output()).collect()
}

impl fmt::Debug for SharedCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Debugging must not wait for an input, and neither may an input for who is written to.
        let copy = self.cluster.try_read().map(|cluster| cluster.clone());
        let mut tuple = f.debug_tuple("SharedCluster");
        match copy {
            Some(cluster) => tuple.field(&cluster).finish(),
            None => tuple.field(&format_args!("<locked>")).finish(),
        }
    }
}
