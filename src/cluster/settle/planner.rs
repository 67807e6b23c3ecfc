//! The planner: all rules write to its ledger and ask its policy.

use crate::cluster::ledger::Ledger;
use crate::cluster::view::View;
use crate::policy::FailoverPolicy;

/// The ledger and the policy while one input is taken in and settled.
pub(crate) struct Planner<'a> {
    pub(crate) ledger: Ledger<'a>,
    pub(crate) policy: &'a dyn FailoverPolicy,
}

impl Planner<'_> {
    /// Returns the facts with the policy, for questions about the present.
    pub(crate) fn view(&self) -> View<'_> {
        View { facts: self.ledger.facts(), policy: self.policy }
    }
}
