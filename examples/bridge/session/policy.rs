//! The failover orders that a line can choose.

use quorate::policy::{
    ByAttribute, FailoverPolicy, FirstPreferred, LeastGroups, LeastLoaded, Ring, StrictPreferred,
};
use serde::Deserialize;

use super::object;

/// One order, or several; each breaks the ties of those before it.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected the name of a policy, {\"ring\": {\"seed\": 7}}, \
                 {\"smallest_attribute\": \"lag\"} or a list"
)]
pub(crate) enum PolicyChoice {
    Named(NamedPolicy),
    Tuned(TunedPolicy),
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
pub(crate) enum TunedPolicy {
    Ring(#[serde(deserialize_with = "object::read")] RingSettings),
    SmallestAttribute(String),
    LargestAttribute(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RingSettings {
    seed: u64,
}

impl Default for PolicyChoice {
    fn default() -> Self {
        Self::Named(NamedPolicy::Ring)
    }
}

impl NamedPolicy {
    /// All of them. They are on offer in every cluster.
    const ALL: [Self; 5] = [
        Self::Ring,
        Self::FirstPreferred,
        Self::StrictPreferred,
        Self::LeastGroups,
        Self::LeastLoaded,
    ];
}

impl PolicyChoice {
    /// Returns the policies that are on offer in every cluster.
    pub(crate) fn offered() -> impl Iterator<Item = Box<dyn FailoverPolicy>> {
        NamedPolicy::ALL.into_iter().map(|named| Self::Named(named).build())
    }

    /// Returns the policy; an empty list is the default policy.
    pub(crate) fn build(self) -> Box<dyn FailoverPolicy> {
        match self {
            Self::Named(NamedPolicy::Ring) => Box::new(Ring::new()),
            Self::Named(NamedPolicy::FirstPreferred) => Box::new(FirstPreferred),
            Self::Named(NamedPolicy::StrictPreferred) => Box::new(StrictPreferred),
            Self::Named(NamedPolicy::LeastGroups) => Box::new(LeastGroups),
            Self::Named(NamedPolicy::LeastLoaded) => Box::new(LeastLoaded),
            Self::Tuned(TunedPolicy::Ring(RingSettings { seed })) => Box::new(Ring::seeded(seed)),
            Self::Tuned(TunedPolicy::SmallestAttribute(name)) => {
                Box::new(ByAttribute::smallest(name))
            }
            Self::Tuned(TunedPolicy::LargestAttribute(name)) => {
                Box::new(ByAttribute::largest(name))
            }
            Self::Composed(list) => list
                .into_iter()
                .map(Self::build)
                .reduce(|first, next| Box::new(first.then(next)))
                .unwrap_or_else(|| Self::default().build()),
        }
    }
}
