//! Policies that are offered to a cluster, by name.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;

use thiserror::Error;

use super::FailoverPolicy;

/// The policies that are offered, by name. Copies share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf(Arc<BTreeMap<Box<str>, Arc<dyn FailoverPolicy>>>);

/// A policy was not put on the shelf, because as many are offered as may be. Nothing has changed.
#[derive(Clone, Copy, Debug, Eq, Error, Hash, PartialEq)]
#[error("{most} policies are offered, and no more are allowed")]
pub struct TooManyPolicies {
    /// The limit: [`Cluster::OFFERED_POLICIES`](crate::Cluster::OFFERED_POLICIES).
    pub most: usize,
}

impl Shelf {
    /// The most policies that may be offered.
    pub(crate) const MOST: usize = 64;

    /// Puts a policy on the shelf, and returns the one of this name that it replaces.
    pub(crate) fn put(
        &mut self,
        name: &str,
        policy: Arc<dyn FailoverPolicy>,
    ) -> Result<Option<Arc<dyn FailoverPolicy>>, TooManyPolicies> {
        if self.0.len() >= Self::MOST && !self.0.contains_key(name) {
            return Err(TooManyPolicies { most: Self::MOST });
        }
        Ok(Arc::make_mut(&mut self.0).insert(name.into(), policy))
    }

    /// Puts a policy in the place of another one, which is taken off the shelf. So there are never
    /// more than before.
    pub(crate) fn exchange(&mut self, taken: &str, name: String, policy: Arc<dyn FailoverPolicy>) {
        let policies = Arc::make_mut(&mut self.0);
        policies.remove(taken);
        policies.insert(name.into(), policy);
    }

    /// Returns the policy of this name, which is compared exactly.
    pub(crate) fn find(&self, name: &str) -> Option<&Arc<dyn FailoverPolicy>> {
        self.0.get(name)
    }

    /// Returns the names of the policies, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Ring;
    use alloc::vec::Vec;

    #[test]
    fn the_shelf_has_an_end() {
        let mut shelf = Shelf::default();
        for seed in 0..64 {
            let policy = Ring::seeded(seed);
            assert!(matches!(shelf.put(&policy.name(), Arc::new(policy)), Ok(None)));
        }
        let full = shelf.put("ring", Arc::new(Ring::new())).map(drop);
        assert_eq!(full, Err(TooManyPolicies { most: 64 }));
        assert!(shelf.find("ring").is_none());
        // One of a known name takes its place, and one may be exchanged for another.
        let again = shelf.put("ring(7)", Arc::new(Ring::seeded(7)));
        assert!(matches!(again, Ok(Some(_))));
        shelf.exchange("ring(7)", "ring".into(), Arc::new(Ring::new()));
        assert_eq!(shelf.names().count(), 64);
        assert!(shelf.find("ring").is_some() && shelf.find("ring(7)").is_none());
    }

    #[test]
    fn copies_do_not_change_each_other() {
        let mut shelf = Shelf::default();
        let copy = shelf.clone();
        assert!(shelf.put("ring", Arc::new(Ring::new())).is_ok());
        assert_eq!(shelf.names().collect::<Vec<_>>(), ["ring"]);
        assert_eq!(copy.names().count(), 0);
    }
}
