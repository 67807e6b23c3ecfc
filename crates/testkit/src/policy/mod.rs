//! Laws that every failover policy has to keep.
//!
//! A policy can make a poor choice and never an unsafe one: the core sees to that. Whether it is
//! one that operators can live with is another question. Policies of real products forgot to call
//! their sorter, hashed nothing, gave other answers when nothing had changed, or never came to
//! rest. Each of these defects is a [`Law`] here, and [`conformance`] tries all that hold for every
//! policy on random clusters: in one line of a test,
//!
//! ```
//! use quorate::policy::{FailoverPolicy, Key, LeastGroups, PlacementRequest, Rank};
//! use quorate_testkit::policy::{Law, assert_conformance, conformance};
//! use quorate::NodeId;
//!
//! /// Stay at the site of the present owner.
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
//! /// Go where the most groups are: by mistake, the direction is the wrong one.
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
//! The cases are the same every time. A law that is broken comes with the smallest case that was
//! found, in words. [`Conformance`] is for more cases, for others, and for laws that only some
//! policies are made to keep.
//!
//! Nodes of the cases are called `n0`, `n1` and so on, groups `g0`, `g1` and so on; sites are
//! `site 0` to `site 2` or none, the one dimension is `room`, the anti-affinity classes are
//! `class 0` and `class 1`. A policy that looks for a name is tried with one of these.
//!
//! # Which law sees which defect
//!
//! Twelve ways in which placement went wrong in real products, and who would see them here. Of
//! which product each is stands with the law: [`Law::source`].
//!
//! | defect | seen by |
//! | --- | --- |
//! | A hash is taken of nothing, so that every group goes to the same node. | [`Law::Spread`], optional |
//! | No case calls the order that was chosen, so that no node is ever taken; and its comparison is the wrong way round, so that the fullest node would be first. | [`Law::SomeNode`]; [`Law::LoadRepels`] |
//! | One list is sorted and another one used; it is cut beyond its end; it ends where it should begin anew. | [`Law::WalkAgrees`]; [`Law::Total`]; [`Law::VisitsAll`], optional |
//! | The least of some counts depends on the order in which a map is read. | [`Law::AnyOrder`], [`Law::Deterministic`] |
//! | In a mean of terms one is left out where it is zero, which is not the same. | [`Law::SameKeys`] |
//! | Of equal nodes the one that was asked last wins, or dice decide. | [`Law::AnyOrder`], [`Law::Deterministic`] |
//! | Groups bounce between two plans; they move because of something that is none of their business; more of them move than a node that comes or goes makes necessary. | [`Law::Settled`]; [`Law::IrrelevantChange`]; [`Law::NodeJoins`], [`Law::NodeLeaves`] |
//! | A group goes back to its home only if its home became known in one particular way. | [`Law::Deterministic`] for policies; for the core promise L9, and the truth table in `tests/exhaustive/failback.rs` |
//! | A group is kept from failing over, and nobody is told why. | [`Law::Named`] for vetoes; for the core promise S34 |
//! | A node is certain to be off, and its groups wait for it all the same. | no law, for it is the core that takes over: promises L1, L5 and L16 |
//! | A rehearsal starts from an empty cluster instead of from the one there is. | no law: the property test of rehearsals |
//! | Groups elect for ever. | [`Law::Convergent`] |
//!
//! Three laws are optional, and neither [`conformance`] nor [`assert_conformance`] tries them:
//! good policies break them on purpose. [`Law::VisitsAll`] is for policies that go round; one that
//! goes to the best node returns to it as soon as the next one failed. [`Law::Spread`] is not for
//! orders that an operator wrote down, by which all groups of a node have the same next one.
//! [`Law::LoadAttracts`] is the opposite of [`Law::LoadRepels`], for policies that fill node after
//! node. Whoever makes such a policy asks for its law with [`Conformance::also`].
//!
//! # What is judged elsewhere
//!
//! Whatever a policy says, the core takes no node that may not own the group, gives every node a
//! verdict, loses no group and has one owner for each; a fenced node leads to another place or to a
//! reason. These are promises of the core, and [`audit`](super::audit), [`history`](super::history)
//! and the simulator hold it to them, with bad policies too. That a rehearsal comes out as the real
//! thing is held by the property test of rehearsals (`cargo test --test properties`).

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

/// Tries every law that holds for all policies.
#[must_use]
pub fn conformance(policy: impl FailoverPolicy) -> Report {
    Conformance::new().judge(&policy)
}

/// Tries every law that holds for all policies, for use in a test.
///
/// # Panics
///
/// If a law is not kept, with the whole report.
#[track_caller]
pub fn assert_conformance(policy: impl FailoverPolicy) {
    let report = conformance(policy);
    assert!(report.is_conformant(), "the policy breaks laws that hold for all:\n{report}");
}

/// Which laws are tried on a policy, and how hard.
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
    /// All laws that hold for every policy, each in 128 cases.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// So many cases for each law, those included to which it has nothing to say.
    #[must_use]
    pub const fn cases(mut self, cases: u32) -> Self {
        self.cases = cases;
        self
    }

    /// Other cases. Equal seeds give equal cases.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// This law as well.
    #[must_use]
    pub fn also(mut self, law: Law) -> Self {
        if !self.laws.contains(&law) {
            self.laws.push(law);
            self.laws.sort_unstable();
        }
        self
    }

    /// Not this law; whoever leaves one out says why.
    #[must_use]
    pub fn without(mut self, law: Law) -> Self {
        self.laws.retain(|own| *own != law);
        self
    }

    /// Tries the laws on a policy.
    #[must_use]
    pub fn judge(&self, policy: &dyn FailoverPolicy) -> Report {
        judge::judge(&self.laws, self.cases, self.seed, policy)
    }
}
