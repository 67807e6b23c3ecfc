//! Questions to a cluster that threads share.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::cluster::{
    Cluster, Deadline, Effect, Forecast, Input, NamedInputError, Reason, Snapshot,
};
use crate::id::{GroupId, Names, NodeId, ResourceId};
use crate::machine::{Budget, GroupState, NodeState, ResourceState};
use crate::plan::Explanation;
use crate::policy::Trigger;
use crate::shared::{HalfChanged, SharedCluster, SharedError};
use crate::spec::ClusterSpec;
use crate::time::Timestamp;

impl SharedCluster {
    /// Returns the declaration in force. It is shared, so this is cheap, and it stays unchanged
    /// when another declaration comes into force.
    ///
    /// # Errors
    ///
    /// The cluster is half changed.
    pub fn spec(&self) -> Result<Arc<ClusterSpec>, HalfChanged> {
        self.ask(Cluster::shared_spec)
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout) next, and why:
    /// [`Cluster::poll_timeout`].
    ///
    /// # Errors
    ///
    /// The cluster is half changed.
    pub fn poll_timeout(&self) -> Result<Option<Deadline>, HalfChanged> {
        self.ask(Cluster::poll_timeout)
    }

    /// Returns every operation that was asked for and has not ended, oldest first:
    /// [`Cluster::outstanding`].
    ///
    /// # Errors
    ///
    /// The cluster is half changed.
    pub fn outstanding(&self) -> Result<Vec<Effect>, HalfChanged> {
        self.ask(|cluster| cluster.outstanding().collect())
    }

    /// The state of a node.
    ///
    /// # Errors
    ///
    /// The cluster is half changed.
    pub fn node_state(&self, node: NodeId) -> Result<NodeState, HalfChanged> {
        self.ask(|cluster| cluster.state().node_state(node))
    }

    /// The state of a group: [`Cluster::group_state`].
    ///
    /// # Errors
    ///
    /// The cluster is half changed.
    pub fn group_state(&self, group: GroupId) -> Result<GroupState, HalfChanged> {
        self.ask(|cluster| cluster.group_state(group))
    }

    /// The state of a resource.
    ///
    /// # Errors
    ///
    /// The cluster is half changed.
    pub fn resource_state(&self, resource: ResourceId) -> Result<ResourceState, HalfChanged> {
        self.ask(|cluster| cluster.state().resource_state(resource))
    }

    /// The node that owns a group.
    ///
    /// # Errors
    ///
    /// The cluster is half changed.
    pub fn owner(&self, group: GroupId) -> Result<Option<NodeId>, HalfChanged> {
        self.ask(|cluster| cluster.state().owner(group))
    }

    /// Returns why a group that should be online is not: [`Cluster::why`].
    ///
    /// # Errors
    ///
    /// The cluster is half changed.
    pub fn why(&self, group: GroupId) -> Result<Option<Reason>, HalfChanged> {
        self.ask(|cluster| cluster.why(group))
    }

    /// Returns where a group would go if `trigger` happened now: [`Cluster::explain`].
    ///
    /// # Errors
    ///
    /// The cluster is half changed.
    pub fn explain(
        &self,
        group: GroupId,
        trigger: Trigger,
    ) -> Result<Option<Explanation>, HalfChanged> {
        match trigger {
            // These triggers change a copy of the cluster.
            Trigger::NodeFailure | Trigger::Drain => Ok(self.fork()?.explain(group, trigger)),
            Trigger::Start | Trigger::ResourceFailure | Trigger::BestPossible => {
                self.ask(|cluster| cluster.explain(group, trigger))
            }
        }
    }

    /// Returns the restarts of a resource that are left at `now`: [`Cluster::restart_budget`].
    ///
    /// # Errors
    ///
    /// The cluster is half changed.
    pub fn restart_budget(
        &self,
        resource: ResourceId,
        now: Timestamp,
    ) -> Result<Option<Budget>, HalfChanged> {
        self.ask(|cluster| cluster.restart_budget(resource, now))
    }

    /// Returns the failovers of a group that are left at `now`: [`Cluster::failover_budget`].
    ///
    /// # Errors
    ///
    /// The cluster is half changed.
    pub fn failover_budget(
        &self,
        group: GroupId,
        now: Timestamp,
    ) -> Result<Option<Budget>, HalfChanged> {
        self.ask(|cluster| cluster.failover_budget(group, now))
    }

    /// Returns a number that is equal for equal states: [`Cluster::digest`]. Inputs wait while the
    /// whole state is read.
    ///
    /// # Errors
    ///
    /// The cluster is half changed.
    pub fn digest(&self) -> Result<u64, HalfChanged> {
        self.ask(Cluster::digest)
    }

    /// Returns the whole state with its declaration: [`Cluster::snapshot`]. Inputs wait no longer
    /// than for a [`fork`](Self::fork).
    ///
    /// # Errors
    ///
    /// The cluster is half changed.
    pub fn snapshot(&self) -> Result<Snapshot, HalfChanged> {
        self.fork().map(|cluster| cluster.snapshot())
    }

    /// Returns what these inputs would lead to: [`Cluster::what_if`]. Inputs wait no longer than
    /// for a [`fork`](Self::fork); the rest happens on the copy.
    ///
    /// # Errors
    ///
    /// The first input that has an unknown name or would not be accepted; or the cluster is half
    /// changed.
    pub fn what_if(
        &self,
        inputs: impl IntoIterator<Item = Input<Names>>,
    ) -> Result<Forecast, SharedError<NamedInputError>> {
        self.fork()?.what_if(inputs).map_err(SharedError::Refused)
    }

    /// Returns a copy of the cluster for any number of questions. It has no connection to the
    /// shared cluster any more, so do not hand it inputs of the real nodes.
    ///
    /// It costs a copy of the state and of its indexes, in proportion to nodes, groups and
    /// resources; the declaration and the policy are shared. Inputs wait while it is made.
    ///
    /// # Errors
    ///
    /// The cluster is half changed.
    pub fn fork(&self) -> Result<Cluster, HalfChanged> {
        self.ask(Cluster::clone)
    }
}
