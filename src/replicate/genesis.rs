//! Everything that replicas have to agree on before the first entry.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use super::quarantine::Quarantine;
use super::timing::Timing;
use crate::Cluster;
use crate::cluster::PortableHasher;
use crate::policy::FailoverPolicy;
use crate::spec::Limits;

/// The rules by which a replica decides, so far as no log and no snapshot carries them: the policy,
/// which is code, and bounds.
///
/// [`behaviour`](Self::behaviour) is a number of all of them. Beats carry it, and a leader grants
/// no lease to a node that would decide otherwise.
#[derive(Clone, Debug)]
pub struct Genesis {
    policy: Arc<dyn FailoverPolicy>,
    limits: Limits,
    quarantine: Option<Quarantine>,
    timing: Option<Timing>,
    offered: Vec<Arc<dyn FailoverPolicy>>,
    events: usize,
}

impl Genesis {
    /// Returns the rules with this policy, the default limits and no quarantine.
    #[must_use]
    pub fn new(policy: impl FailoverPolicy + 'static) -> Self {
        Self {
            policy: Arc::new(policy),
            limits: Limits::default(),
            quarantine: None,
            timing: None,
            offered: Vec::new(),
            events: 4_096,
        }
    }

    /// Sets the limits of declarations.
    #[must_use]
    pub const fn within(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Keeps nodes out that begin too many lives.
    #[must_use]
    pub const fn quarantining(mut self, rule: Quarantine) -> Self {
        self.quarantine = Some(rule);
        self
    }

    /// Sets the spans. A node with other spans has another [`behaviour`](Self::behaviour), so it gets
    /// no lease, and a configuration that they do not fit is refused by every replica. Do this
    /// always; without it nobody compares them.
    #[must_use]
    pub const fn timed(mut self, timing: Timing) -> Self {
        self.timing = Some(timing);
        self
    }

    /// Offers a policy to which the cluster may change while it runs
    /// ([`Command::change_policy`](crate::cluster::Command::change_policy)).
    #[must_use]
    pub fn offering(mut self, policy: impl FailoverPolicy + 'static) -> Self {
        self.offered.push(Arc::new(policy));
        self
    }

    /// Sets how many events a replica keeps until they are polled; with 0 it keeps none, and spends
    /// nothing on them. Default 4,096. Replicas may differ in this.
    #[must_use]
    pub const fn keeping_events(mut self, events: usize) -> Self {
        self.events = events;
        self
    }

    /// Returns the policy.
    #[must_use]
    pub const fn policy(&self) -> &Arc<dyn FailoverPolicy> {
        &self.policy
    }

    /// Returns the limits of declarations.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the rule by which nodes are kept out, if there is one.
    #[must_use]
    pub const fn quarantine(&self) -> Option<Quarantine> {
        self.quarantine
    }

    /// Returns the spans, if they are set.
    #[must_use]
    pub const fn timing(&self) -> Option<Timing> {
        self.timing
    }

    /// Returns the policies that are offered.
    #[must_use]
    pub fn offered(&self) -> &[Arc<dyn FailoverPolicy>] {
        &self.offered
    }

    /// Returns the policy of this name: the first one, or one that is offered.
    pub(super) fn policy_named(&self, name: Option<&str>) -> &Arc<dyn FailoverPolicy> {
        let is_meant = |policy: &&Arc<dyn FailoverPolicy>| name == Some(policy.name().as_ref());
        let mut all = core::iter::once(&self.policy).chain(&self.offered);
        all.find(is_meant).unwrap_or(&self.policy)
    }

    /// Returns how many events a replica keeps.
    #[must_use]
    pub const fn events(&self) -> usize {
        self.events
    }

    /// Returns a number that is equal for equal rules: the [behaviour](Cluster::BEHAVIOUR) of the
    /// release, the names of the policies, the limits, the spans and the quarantine.
    #[must_use]
    pub fn behaviour(&self) -> u64 {
        let mut hasher = PortableHasher::default();
        Cluster::BEHAVIOUR.hash(&mut hasher);
        self.policy.name().hash(&mut hasher);
        self.limits.hash(&mut hasher);
        self.quarantine.hash(&mut hasher);
        self.timing.hash(&mut hasher);
        for policy in &self.offered {
            policy.name().hash(&mut hasher);
        }
        hasher.finish()
    }
}
