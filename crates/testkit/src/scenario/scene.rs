//! The surroundings of a scenario: the world around the cluster, and its judges.

use std::sync::Arc;

use crate::audit::Audit;
use quorate::policy::{
    FailoverPolicy, FirstPreferred, LeastGroups, LeastLoaded, Ring, StrictPreferred,
};
use quorate::{Cluster, Timestamp};

use super::print::Show;
use super::world::World;

/// Everything beside the cluster that a command may change.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) policy: Arc<dyn FailoverPolicy>,
    /// The policies that were offered, without the first one in force.
    pub(super) offered: Vec<Arc<dyn FailoverPolicy>>,
    pub(super) now: Timestamp,
    pub(super) world: World,
    pub(super) agents: Agents,
    pub(super) show: Show,
    pub(super) digest_before: u64,
    /// Judges every step, until one breaks a promise.
    pub(super) audit: Option<Audit>,
    pub(super) breaches: Vec<String>,
}

/// The way in which agents answer operations.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Agents {
    Automatic,
    Manual,
}

impl Scene {
    /// Offers the policies of the scene to a cluster that was just started or restored.
    pub(super) fn offer_all(&self, cluster: &mut Cluster) -> Result<(), String> {
        let all = self.offered.iter().chain([&self.policy]);
        all.map(Arc::clone).try_for_each(|policy| cluster.offer_policy(policy)).map_err(text)
    }

    /// Returns the policy of this name.
    pub(super) fn policy_named(&self, name: Option<&str>) -> Arc<dyn FailoverPolicy> {
        let is_it = |policy: &&Arc<dyn FailoverPolicy>| Some(&*policy.name()) == name;
        Arc::clone(self.offered.iter().find(is_it).unwrap_or(&self.policy))
    }
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            policy: Arc::new(Ring::new()),
            offered: vec![
                Arc::new(Ring::new()),
                Arc::new(FirstPreferred),
                Arc::new(StrictPreferred),
                Arc::new(LeastGroups),
                Arc::new(LeastLoaded),
            ],
            now: Timestamp::ZERO,
            world: World::default(),
            agents: Agents::Automatic,
            show: Show::default(),
            digest_before: 0,
            audit: None,
            breaches: Vec::new(),
        }
    }
}
