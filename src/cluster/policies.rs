//! Policies that are offered to a cluster, and the change of the one in force.

use alloc::string::ToString;
use alloc::sync::Arc;

use crate::cluster::Cluster;
use crate::policy::{FailoverPolicy, Shelf, TooManyPolicies};

impl Cluster {
    /// The most policies that may be [offered](Self::offer_policy).
    pub const OFFERED_POLICIES: usize = Shelf::MOST;

    /// Offers a policy, which
    /// [`Command::ChangePolicy`](crate::cluster::Command::ChangePolicy) may put in force by its
    /// [name](FailoverPolicy::name). One of the same name that was offered before is replaced; the
    /// one that is in force stays so. Nothing else changes: it is no input, and no part of the
    /// state, of [snapshots](Self::snapshot) or of the [digest](Self::digest).
    ///
    /// Code cannot be stored, so a cluster that was just restored has nothing on offer. It is
    /// restored under the policy that was in force
    /// ([`Snapshot::policy_name`](crate::Snapshot::policy_name)); offer the others again before the
    /// next input. Every replica has to be offered the same policies before an input reaches it
    /// that names one, or it refuses what others accept, and parts from them. A copy of a cluster
    /// has what was offered to the original.
    ///
    /// ```
    /// use quorate::cluster::Command;
    /// use quorate::policy::{LeastGroups, Ring};
    /// use quorate::spec::ClusterDeclaration;
    /// use quorate::{Cluster, Timestamp};
    ///
    /// let spec = ClusterDeclaration::new("pair").node("a").node("b").build()?;
    /// let mut cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
    /// cluster.offer_policy(LeastGroups)?;
    /// cluster.handle(Timestamp::ZERO, Command::change_policy("least_groups"))?;
    /// assert_eq!(cluster.policy().name(), "least_groups");
    /// // The one that was in force is on offer now.
    /// assert_eq!(cluster.offered_policies().collect::<Vec<_>>(), ["ring"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`OFFERED_POLICIES`](Self::OFFERED_POLICIES) others are offered already. Nothing has changed
    /// then.
    pub fn offer_policy(
        &mut self,
        policy: impl FailoverPolicy + 'static,
    ) -> Result<(), TooManyPolicies> {
        let name = policy.name().to_string();
        self.offer(&name, Arc::new(policy)).map(drop)
    }

    /// Offers a policy by this name, and returns the one that it replaces.
    pub(crate) fn offer(
        &mut self,
        name: &str,
        policy: Arc<dyn FailoverPolicy>,
    ) -> Result<Option<Arc<dyn FailoverPolicy>>, TooManyPolicies> {
        self.offered.put(name, policy)
    }

    /// Returns the names of the policies that are offered, in their order. The one in force is
    /// among them only if one of its name was offered.
    pub fn offered_policies(&self) -> impl Iterator<Item = &str> {
        self.offered.names()
    }

    /// Chooses nodes by a policy from the shelf, and puts the present one there.
    pub(super) fn put_in_force(&mut self, policy: Arc<dyn FailoverPolicy>) {
        let to = policy.name().into_owned();
        let before = core::mem::replace(&mut self.policy, policy);
        let from = before.name().into_owned();
        self.offered.exchange(&to, from.clone(), before);
        self.store.ledger().note_policy(from, to);
    }
}
