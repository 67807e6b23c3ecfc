//! The explanation of a choice.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::{fmt, iter};

use serde::Serialize;

use super::choose::Contender;
use super::eligibility::LastResorts;
use super::{Drawback, Rejection};
use crate::id::{Ids, Naming};
use crate::policy::{
    FailedHere, FailoverPolicy, Key, PLACE_IN_NODE_LIST, PlacementRequest, Rank, Trigger, Walk,
};

/// Every node with its verdict, for one group that needs a node.
///
/// It can be written by serde and not read: the names of keys and the reasons of vetoes are static
/// texts of the policy, which another process cannot rebuild.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(bound = "")]
#[non_exhaustive]
pub struct Explanation<N: Naming = Ids> {
    /// The group.
    pub group: N::Group,
    /// The reason why it needs a node.
    pub trigger: Trigger,
    /// The node that owns it or owned it last.
    pub owner: Option<N::Node>,
    /// The node that it gets; `None` if no node may own it.
    pub chosen: Option<N::Node>,
    /// The chosen node first; then the others in the order in which they would be taken; then
    /// those that may not own it, ascending.
    pub candidates: Vec<Candidate<N>>,
}

/// One node of an [`Explanation`].
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(bound = "")]
#[non_exhaustive]
pub struct Candidate<N: Naming = Ids> {
    /// The node.
    pub node: N::Node,
    /// The verdict on it.
    pub verdict: CandidateVerdict<N>,
    /// The failure of the group there, and until when it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_here: Option<FailedHere>,
}

impl<N: Naming> Explanation<N> {
    /// Creates the explanation of a group without an owner that gets no node, for tests of what
    /// shows explanations to people.
    #[must_use]
    pub const fn new(group: N::Group, trigger: Trigger, candidates: Vec<Candidate<N>>) -> Self {
        Self { group, trigger, owner: None, chosen: None, candidates }
    }
}

impl<N: Naming> Candidate<N> {
    /// Creates a candidate on which the group did not fail.
    #[must_use]
    pub const fn new(node: N::Node, verdict: CandidateVerdict<N>) -> Self {
        Self { node, verdict, failed_here: None }
    }
}

/// The verdict on a candidate.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(bound = "", rename_all = "snake_case")]
pub enum CandidateVerdict<N: Naming = Ids> {
    /// The group gets it.
    Chosen {
        /// The drawback, if it is a last resort.
        drawback: Option<Drawback<N>>,
    },
    /// It can run all of the group, and another node comes before it; or it is a last resort like
    /// the chosen node.
    Behind {
        /// The node right before it.
        node: N::Node,
        /// The difference that put it behind that node.
        by: Difference,
    },
    /// It is taken only if no better node is left.
    LastResort(Drawback<N>),
    /// It may not own the group.
    Rejected(Rejection<N>),
}

/// The difference that decided between two nodes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// It can run less of the group than the other node.
    RunsLess,
    /// The group failed there, and on the other node it did not, or longer ago.
    Failed,
    /// A key of the policy differs.
    Key {
        /// The name of the number.
        name: &'static str,
        /// The number of the node behind.
        own: i64,
        /// The number of the node before it.
        better: i64,
    },
    /// The group is on its way to the other one.
    UnderWay,
    /// The policy sees no difference, and the other one is the owner.
    Owner,
    /// The policy sees no difference, and the other one stands earlier in the node list.
    NodeList,
}

/// Chooses a node like [`choose`](super::choose()) and gives the reasons, for every node.
#[must_use]
pub fn explain(placement: &PlacementRequest<'_>, policy: &dyn FailoverPolicy) -> Explanation {
    let walk = policy.walk(placement);
    let after = match walk {
        Walk::NodeList { after } => after,
        Walk::Ranked => None,
    };
    let mut contenders = Vec::new();
    let mut rejected = Vec::new();
    for (place, node) in placement.node_list_after(after).enumerate() {
        let failed_here = placement.failed_here(node);
        match Contender::assess(placement, policy, node) {
            Ok(contender) => contenders.push(match walk {
                Walk::NodeList { .. } => Contender { rank: by_place(place), ..contender },
                Walk::Ranked => contender,
            }),
            Err(rejection) => {
                let verdict = CandidateVerdict::Rejected(rejection);
                rejected.push(Candidate { node, verdict, failed_here });
            }
        }
    }
    let last_resorts = LastResorts::new(placement);
    contenders.retain(|contender| match contender.drawback {
        Some(drawback) if !last_resorts.is_open(drawback) => {
            let verdict = CandidateVerdict::Rejected(drawback.closed());
            let failed_here = placement.failed_here(contender.node);
            rejected.push(Candidate { node: contender.node, verdict, failed_here });
            false
        }
        Some(_) | None => true,
    });
    contenders.sort_by(|one, other| one.compare(other, placement));
    rejected.sort_by_key(|candidate| candidate.node);

    let chosen = contenders.first();
    let before = iter::once(None).chain(contenders.iter().map(Some));
    let taken = before.zip(&contenders).map(|(before, own)| Candidate {
        node: own.node,
        verdict: match chosen.zip(before) {
            None => CandidateVerdict::Chosen { drawback: own.drawback },
            Some((chosen, before)) => verdict(placement, chosen, before, own),
        },
        failed_here: placement.failed_here(own.node),
    });
    Explanation {
        group: placement.group(),
        trigger: placement.trigger(),
        owner: placement.owner(),
        chosen: chosen.map(|best| best.node),
        candidates: taken.chain(rejected).collect(),
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { name, own, better } => {
                let sign = if own > better { '>' } else { '<' };
                write!(f, "{name} {own} {sign} {better}")
            }
            Self::RunsLess => f.write_str("that one can run more of it"),
            Self::Failed => f.write_str("the group failed here"),
            Self::UnderWay => f.write_str("it is on its way there"),
            Self::Owner => f.write_str("that one is the owner"),
            Self::NodeList => f.write_str("later in the node list"),
        }
    }
}

impl<N: Naming> fmt::Display for CandidateVerdict<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chosen { drawback: None } => f.write_str("chosen"),
            Self::Chosen { drawback: Some(drawback) } => {
                write!(f, "chosen as last resort: {drawback}")
            }
            Self::Behind { node, by } => write!(f, "behind {node}: {by}"),
            Self::LastResort(drawback) => write!(f, "last resort: {drawback}"),
            Self::Rejected(rejection) => write!(f, "rejected: {rejection}"),
        }
    }
}

impl<N: Naming> fmt::Display for Candidate<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.node)?;
        self.write_verdict(f)
    }
}

impl<N: Naming> Candidate<N> {
    /// Writes the verdict, and that the group failed there.
    fn write_verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.verdict, self.failed_here) {
            (CandidateVerdict::Behind { node, by: Difference::Failed }, Some(failed)) => {
                write!(f, "behind {node}: {failed}")
            }
            (verdict, Some(failed)) => write!(f, "{verdict}; {failed}"),
            (verdict, None) => write!(f, "{verdict}"),
        }
    }
}

/// Writes one line for the question and one per node, the verdicts below each other.
impl<N: Naming> fmt::Display for Explanation<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.group, self.trigger)?;
        match &self.owner {
            Some(owner) => write!(f, ", owner {owner}:")?,
            None => f.write_str(", no owner:")?,
        }
        let names = self.candidates.iter().map(|candidate| candidate.node.to_string());
        let width = names.map(|name| name.chars().count()).max().unwrap_or(0);
        for candidate in &self.candidates {
            write!(f, "\n  {:width$}  ", candidate.node.to_string())?;
            candidate.write_verdict(f)?;
        }
        Ok(())
    }
}

/// Returns the verdict on a contender that is not chosen, given the one right before it.
fn verdict(
    placement: &PlacementRequest<'_>,
    chosen: &Contender,
    before: &Contender,
    own: &Contender,
) -> CandidateVerdict {
    let by = difference(placement, before, own);
    match own.drawback {
        Some(drawback) if own.tier() != chosen.tier() || own.tier() != before.tier() => {
            CandidateVerdict::LastResort(drawback)
        }
        Some(_) | None => CandidateVerdict::Behind { node: before.node, by },
    }
}

fn difference(placement: &PlacementRequest<'_>, before: &Contender, own: &Contender) -> Difference {
    if before.merit.unable() != own.merit.unable() {
        return Difference::RunsLess;
    }
    if before.merit != own.merit {
        return Difference::Failed;
    }
    match own.rank.first_difference(&before.rank) {
        Some((own, better)) => {
            // A rank without the key has no name for it.
            let name = if own.name().is_empty() { better.name() } else { own.name() };
            Difference::Key { name, own: own.value(), better: better.value() }
        }
        None if placement.owner() == Some(before.node) => Difference::Owner,
        None => Difference::NodeList,
    }
}

fn by_place(place: usize) -> Rank {
    Rank::by(Key::smallest(PLACE_IN_NODE_LIST, i64::try_from(place).unwrap_or(i64::MAX)))
}
