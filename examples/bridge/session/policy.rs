//! The failover orders that a line can choose.

use quorate::policy::{
    FailoverPolicy, FirstPreferred, LeastGroups, LeastLoaded, Ring, StrictPreferred,
};
use serde::Deserialize;

/// One order, or several; each breaks the ties of those before it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected the name of a policy, {\"ring\": {\"seed\": 7}} or a list")]
pub(crate) enum PolicyChoice {
    Named(NamedPolicy),
    Seeded(SeededPolicy),
    Composed(Vec<PolicyChoice>),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NamedPolicy {
    Ring,
    FirstPreferred,
    StrictPreferred,
    LeastGroups,
    LeastLoaded,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SeededPolicy {
    Ring { seed: u64 },
}

impl Default for PolicyChoice {
    fn default() -> Self {
        Self::Named(NamedPolicy::Ring)
    }
}

impl PolicyChoice {
    /// Returns the policy; an empty list is the default policy.
    pub(crate) fn build(self) -> Box<dyn FailoverPolicy> {
        match self {
            Self::Named(NamedPolicy::Ring) => Box::new(Ring::new()),
            Self::Named(NamedPolicy::FirstPreferred) => Box::new(FirstPreferred),
            Self::Named(NamedPolicy::StrictPreferred) => Box::new(StrictPreferred),
            Self::Named(NamedPolicy::LeastGroups) => Box::new(LeastGroups),
            Self::Named(NamedPolicy::LeastLoaded) => Box::new(LeastLoaded),
            Self::Seeded(SeededPolicy::Ring { seed }) => Box::new(Ring::seeded(seed)),
            Self::Composed(list) => list
                .into_iter()
                .map(Self::build)
                .reduce(|first, next| Box::new(first.then(next)))
                .unwrap_or_else(|| Self::default().build()),
        }
    }
}
