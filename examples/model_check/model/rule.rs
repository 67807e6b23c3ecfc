//! The rules, and how a broken one is told.

use std::fmt;

/// A rule that is judged.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Rule {
    /// No resource runs on two nodes, in the world or as far as the cluster knows.
    OneCopy,
    /// A resource starts only when what it needs is online there.
    StartOrder,
    /// A resource stops only when nothing needs it any more.
    StopOrder,
    /// A group is on one node.
    OneNode,
    /// Without quorum nothing starts, nothing is fenced and nothing changes its owner.
    Quorum,
    /// Epochs and lives never decrease, and epochs grow with every change of owner and fence.
    Epochs,
    /// What is stale changes nothing.
    Stale,
    /// A group starts elsewhere only on a proof that is true.
    Proof,
    /// One operation at a time.
    OneOperation,
    /// Operations have new names and deadlines, and deadlines have timers.
    Deadlines,
    /// Every operation ends once.
    Endings,
    /// A timeout is no outcome.
    Doubt,
    /// Failovers within their budget.
    Failovers,
    /// Restarts within their budget.
    Restarts,
    /// Nothing starts where it must not.
    Place,
    /// What is refused changes nothing, and what is true is not refused.
    Refusals,
    /// A cluster that is stored and restored goes on in the same way.
    Sameness,
    /// Fences within their budget, on proof only, of nodes that need it.
    Fences,
    /// Nothing that a node runs is adopted.
    Adoption,
    /// What was told adds up to the state.
    Told,
    /// The cluster's own invariants.
    Invariants,
    /// A lost quorum stops what can be reached.
    Minority,
    /// Nothing is stuck without a reason that lasts.
    Stuck,
    /// When nothing goes wrong any more, everything comes online that can.
    Calm,
    /// Asking at the same time again brings nothing new.
    HotLoop,
    /// A history outlasts the horizon: a bound of the model, not a rule of the cluster.
    Horizon,
}

/// A rule that was broken, and how.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Broken {
    pub(crate) rule: Rule,
    pub(crate) words: String,
}

impl Rule {
    /// The number of the rule in lists of safety (S) and liveness (L) properties.
    pub(crate) const fn number(self) -> &'static str {
        match self {
            Self::OneCopy => "S1",
            Self::StartOrder => "S2",
            Self::StopOrder => "S3",
            Self::OneNode => "S4",
            Self::Quorum => "S5",
            Self::Epochs => "S7",
            Self::Stale => "S8",
            Self::Proof => "S9",
            Self::OneOperation => "S10",
            Self::Deadlines => "S11",
            Self::Endings => "S12",
            Self::Doubt => "S13",
            Self::Failovers => "S14",
            Self::Restarts => "S15",
            Self::Place => "S16",
            Self::Refusals => "S22",
            Self::Sameness => "S31",
            Self::Minority => "S25",
            Self::Fences => "S26",
            Self::Adoption => "S27",
            Self::Told => "S28",
            Self::Invariants => "check",
            Self::Calm => "L1",
            Self::Stuck => "L5",
            Self::HotLoop => "L18",
            Self::Horizon => "horizon",
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}: {}", self.rule.number(), self.rule, self.words)
    }
}

/// Says that a rule is broken unless something holds.
macro_rules! ensure {
    ($holds:expr, $rule:ident, $($words:tt)*) => {
        if !$holds {
            return Err($crate::model::rule::Broken {
                rule: $crate::model::rule::Rule::$rule,
                words: format!($($words)*),
            });
        }
    };
}
pub(crate) use ensure;
