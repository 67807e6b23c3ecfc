//! Everything that replicas have to agree on before the first entry.

use alloc::sync::Arc;
use core::hash::{Hash, Hasher};

use super::quarantine::Quarantine;
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

    /// Returns how many events a replica keeps.
    #[must_use]
    pub const fn events(&self) -> usize {
        self.events
    }

    /// Returns a number that is equal for equal rules: the [behaviour](Cluster::BEHAVIOUR) of the
    /// release, the name of the policy, the limits and the quarantine.
    #[must_use]
    pub fn behaviour(&self) -> u64 {
        let mut hasher = PortableHasher::default();
        Cluster::BEHAVIOUR.hash(&mut hasher);
        self.policy.name().hash(&mut hasher);
        self.limits.hash(&mut hasher);
        self.quarantine.hash(&mut hasher);
        hasher.finish()
    }
}
