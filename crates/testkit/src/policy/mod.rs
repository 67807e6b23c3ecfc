//! Laws that every failover policy has to keep.
//!
//! A policy can make a poor choice but never an unsafe one: the core prevents that. A poor choice
//! can still be more than operators accept. Policies of real products forgot to call their sorter,
//! hashed an empty value, gave other answers when nothing had changed, or never came to rest. Each
//! of these defects is a [`Law`] here. [`conformance`] tries all laws that hold for every policy on
//! random clusters, in one line of a test:
//!
//! ```
//! use quorate::policy::{FailoverPolicy, Key, LeastGroups, PlacementRequest, Rank};
//! use quorate_testkit::policy::{Law, assert_conformance, conformance};
//! use quorate::NodeId;
//!
//! /// Prefers the site of the present owner.
//! #[derive(Debug)]
//! struct StayOnSite;
//!
//! impl FailoverPolicy for StayOnSite {
//!     fn name(&self) -> std::borrow::Cow<'static, str> {
//!         "stay_on_site".into()
//!     }
//!
//!     fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
//!         let site_of = |node| placement.spec().node(node).and_then(|node| node.site());
//!         let home = placement.owner().and_then(site_of);
//!         let is_away = i64::from(site_of(candidate) != home);
//!         Rank::by(Key::smallest("change of site", is_away))
//!     }
//! }
//!
//! assert_conformance(StayOnSite.then(LeastGroups));
//!
//! /// Prefers the node with the most groups: by mistake, the direction is the wrong one.
//! #[derive(Debug)]
//! struct Crowd;
//!
//! impl FailoverPolicy for Crowd {
//!     fn name(&self) -> std::borrow::Cow<'static, str> {
//!         "crowd".into()
//!     }
//!
//!     fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
//!         let groups = i64::try_from(placement.groups_on(candidate)).unwrap_or(i64::MAX);
//!         Rank::by(Key::largest("groups on node", groups))
//!     }
//! }
//!
//! let report = conformance(Crowd);
//! assert_eq!(report.broken().collect::<Vec<_>>(), [Law::LoadRepels]);
//! println!("{report}");
//! ```
//!
//! Every call tries equal cases. A broken law is reported with the smallest case that was found, in
//! words. [`Conformance`] sets the number of cases, the seed, and laws that only some policies are
//! made to keep.
//!
//! Nodes of the cases are called `n0`, `n1` and so on, groups `g0`, `g1` and so on; sites are
//! `site 0` to `site 2` or none, the one dimension is `room`, the anti-affinity classes are
//! `class 0` and `class 1`. A policy that looks for a name is tried with one of these.
//!
//! # Which law sees which defect
//!
//! Twelve ways in which placement went wrong in real products, with the law that detects each.
//! [`Law::source`] names the product.
//!
//! | defect | seen by |
//! | --- | --- |
//! | A hash is taken of an empty value, so that every group goes to one node. | [`Law::Spread`], optional |
//! | No case calls the order that was chosen, so that no node is ever taken; and its comparison is the wrong way round, so that the fullest node would be first. | [`Law::SomeNode`]; [`Law::LoadRepels`] |
//! | One list is sorted and another one is used; the list is cut beyond its end; the list ends where it should begin anew. | [`Law::WalkAgrees`]; [`Law::Total`]; [`Law::VisitsAll`], optional |
//! | The least of some counts depends on the order in which a map is read. | [`Law::AnyOrder`], [`Law::Deterministic`] |
//! | A mean of terms leaves a term out where it is zero, which gives another mean. | [`Law::SameKeys`] |
//! | Of equal nodes the one that was asked last wins, or a random number decides. | [`Law::AnyOrder`], [`Law::Deterministic`] |
//! | Groups bounce between two plans; they move because of changes that do not concern them; more groups move than necessary when a node comes or goes. | [`Law::Settled`]; [`Law::IrrelevantChange`]; [`Law::NodeJoins`], [`Law::NodeLeaves`] |
//! | A group goes back to its home only if its home became known in one particular way. | [`Law::Deterministic`] for policies; for the core promise L9, and the truth table in `tests/exhaustive/failback.rs` |
//! | A group is kept from failing over, and no operator is told why. | [`Law::Named`] for vetoes; for the core promise S34 |
//! | A node is certain to be off, but its groups still wait for it. | no law, because the core takes groups over: promises L1, L5 and L16 |
//! | A rehearsal starts from an empty cluster instead of from the present one. | no law, but the property test of rehearsals |
//! | Groups move for ever. | [`Law::Convergent`] |
//!
//! Three laws are optional, and neither [`conformance`] nor [`assert_conformance`] tries them,
//! because good policies break them on purpose. [`Law::VisitsAll`] is for policies that go round; a
//! policy that takes the best node returns to it as soon as the next one failed. [`Law::Spread`] is
//! not for orders that an operator wrote down, because all groups of a node have one next node
//! there. [`Law::LoadAttracts`] is the opposite of [`Law::LoadRepels`], for policies that fill node
//! after node. A test of such a policy asks for its law with [`Conformance::also`].
//!
//! # Promises of the core
//!
//! Whatever a policy answers, the core takes no node that may not own the group, gives every node a
//! verdict, loses no group and gives each group one owner; a fenced node leads to another owner or
//! to a reason. These are promises of the core. [`audit`](super::audit),
//! [`history`](super::history) and the simulator check them, with bad policies too. The property
//! test of rehearsals (`cargo test --test properties`) checks that a rehearsal has the result of
//! the real step.

use quorate::policy::FailoverPolicy;

pub(crate) mod asking;
pub(crate) mod case;
#[cfg(test)]
mod choice_tests;
mod judge;
mod law;
mod laws;
mod report;
mod shrink;

pub use law::Law;
pub use report::{Counterexample, LawVerdict, Report};

#[cfg(test)]
mod tests;

/// Tries every law that holds for all policies, and returns the report.
#[must_use]
pub fn conformance(policy: impl FailoverPolicy) -> Report {
    Conformance::new().judge(&policy)
}

/// Tries every law that holds for all policies, and panics if one is broken. For use in a test.
///
/// # Panics
///
/// Panics if a law is not kept, with the whole report.
#[track_caller]
pub fn assert_conformance(policy: impl FailoverPolicy) {
    let report = conformance(policy);
    assert!(report.is_conformant(), "the policy breaks laws that hold for all:\n{report}");
}

/// The laws that are tried on a policy, and the number of cases.
///
/// ```
/// use quorate::policy::Ring;
/// use quorate_testkit::policy::{Conformance, Law};
///
/// let report = Conformance::new().cases(50).seed(1).also(Law::VisitsAll).judge(&Ring::new());
/// assert!(report.is_conformant(), "{report}");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Conformance {
    laws: Vec<Law>,
    cases: u32,
    seed: u64,
}

impl Default for Conformance {
    fn default() -> Self {
        let laws = Law::ALL.iter().copied().filter(|law| law.is_for_all()).collect();
        Self { laws, cases: 128, seed: 299_631 }
    }
}

impl Conformance {
    /// Returns a judge that tries all laws that hold for every policy, each in 128 cases.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the number of cases for each law, including the cases that the law does not apply to.
    #[must_use]
    pub const fn cases(mut self, cases: u32) -> Self {
        self.cases = cases;
        self
    }

    /// Sets the seed of the cases. Equal seeds give equal cases.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Adds a law.
    #[must_use]
    pub fn also(mut self, law: Law) -> Self {
        if !self.laws.contains(&law) {
            self.laws.push(law);
            self.laws.sort_unstable();
        }
        self
    }

    /// Leaves a law out. The test should say why.
    #[must_use]
    pub fn without(mut self, law: Law) -> Self {
        self.laws.retain(|own| *own != law);
        self
    }

    /// Tries the laws on a policy and returns the report.
    #[must_use]
    pub fn judge(&self, policy: &dyn FailoverPolicy) -> Report {
        judge::judge(&self.laws, self.cases, self.seed, policy)
    }
}
