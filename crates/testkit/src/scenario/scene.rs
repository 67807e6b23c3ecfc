//! The surroundings of a scenario: the world around the cluster, and its judges.

use std::sync::Arc;

use crate::audit::Audit;
use quorate::Timestamp;
use quorate::policy::{
    FailoverPolicy, FirstPreferred, LeastGroups, LeastLoaded, Ring, StrictPreferred,
};

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
    /// Returns the policies that may be in force, that of the scene last.
    pub(super) fn policies(&self) -> Vec<Arc<dyn FailoverPolicy>> {
        self.offered.iter().chain([&self.policy]).map(Arc::clone).collect()
    }
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
