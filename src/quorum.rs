//! Quorum: decides whether the votes that are present suffice to act for the whole cluster.
//!
//! It is a pure function of votes and knows neither nodes nor time. Other modules decide which
//! nodes count as present and when a weight changes.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::form::Counted;
use crate::settings::QuorumRule;

pub mod voters;

/// The votes at one moment, as one side of the cluster sees them.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ballot {
    /// The number of nodes that are present, with or without votes.
    pub members: usize,
    /// Votes of these nodes.
    pub present: u64,
    /// Votes of all nodes of the configuration.
    pub total: u64,
    /// The witness, as this side sees it.
    pub witness: WitnessState,
    /// Votes of the witness; they count only under a rule that has a witness.
    pub witness_weight: u32,
}

/// The state of the witness.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum WitnessState {
    /// This side does not hold it, or nobody has reported it yet.
    #[default]
    Down,
    /// This side holds it.
    Up,
}

crate::form::strictly_read! { "QuorumVerdict"
/// The result of a ballot.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum QuorumVerdict {
    /// The votes suffice.
    Quorate {
        /// Votes that count.
        votes: u64,
        /// Fewest votes that suffice.
        needed: u64,
    },
    /// The votes do not suffice.
    Inquorate {
        /// Votes that count.
        votes: u64,
        /// Fewest votes that suffice.
        needed: u64,
    },
}
}

/// Judges a ballot. More than half of all votes must be present, or, where the disk alone decides,
/// the witness and a node that holds it.
///
/// Two sides that share neither a node nor the witness are never both quorate, except under
/// [`QuorumRule::Agreed`], where the log that both would have to write to sees to it.
///
/// ```
/// use quorate::quorum::{Ballot, judge};
/// use quorate::settings::QuorumRule;
///
/// let two_of_four = Ballot { members: 2, present: 2, total: 4, ..Ballot::default() };
/// assert!(!judge(QuorumRule::NodeMajority, &two_of_four).is_quorate());
/// ```
#[must_use]
pub fn judge(rule: QuorumRule, ballot: &Ballot) -> QuorumVerdict {
    let witness_weight = u64::from(ballot.witness_weight);
    match rule {
        QuorumRule::NodeMajority => majority(ballot.present, ballot.total),
        QuorumRule::MajorityWithWitness => {
            let total = ballot.total.saturating_add(witness_weight);
            match ballot.witness {
                // A witness does not count without a node that holds it.
                WitnessState::Up | WitnessState::Down
                    if ballot.members > 0
                        && (ballot.witness == WitnessState::Up || seeded!(WitnessForBoth)) =>
                {
                    majority(ballot.present.saturating_add(witness_weight), total)
                }
                WitnessState::Up | WitnessState::Down => majority(ballot.present, total),
            }
        }
        QuorumRule::DiskOnly => match (ballot.witness, ballot.members) {
            (WitnessState::Up, 1..) => QuorumVerdict::Quorate { votes: 1, needed: 1 },
            (WitnessState::Up, 0) | (WitnessState::Down, _) => {
                QuorumVerdict::Inquorate { votes: 0, needed: 1 }
            }
        },
        QuorumRule::Agreed => {
            let votes = u64::from(ballot.members > 0);
            if votes == 1 {
                QuorumVerdict::Quorate { votes, needed: 1 }
            } else {
                QuorumVerdict::Inquorate { votes, needed: 1 }
            }
        }
    }
}

impl QuorumVerdict {
    /// Tells whether the votes suffice.
    #[must_use]
    pub const fn is_quorate(self) -> bool {
        match self {
            Self::Quorate { .. } => true,
            Self::Inquorate { .. } => false,
        }
    }
}

impl fmt::Display for QuorumVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quorate { votes, needed } => {
                write!(f, "quorum: {}, {needed} needed", Counted(*votes, "vote"))
            }
            Self::Inquorate { votes, needed } => {
                write!(f, "no quorum: {}, {needed} needed", Counted(*votes, "vote"))
            }
        }
    }
}

/// Judges by `2 * votes > total`, written so that it cannot overflow.
fn majority(votes: u64, total: u64) -> QuorumVerdict {
    let needed = if seeded!(HalfIsMajority) {
        total.saturating_sub(total.midpoint(0))
    } else {
        total.midpoint(0).saturating_add(1)
    };
    if votes >= needed {
        QuorumVerdict::Quorate { votes, needed }
    } else {
        QuorumVerdict::Inquorate { votes, needed }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    const RULES: [QuorumRule; 3] =
        [QuorumRule::NodeMajority, QuorumRule::MajorityWithWitness, QuorumRule::DiskOnly];

    fn ballot(members: u32, nodes: u32, witness: WitnessState) -> Ballot {
        Ballot {
            members: usize::try_from(members).unwrap(),
            present: u64::from(members),
            total: u64::from(nodes),
            witness,
            witness_weight: 1,
        }
    }

    fn is_quorate(rule: QuorumRule, members: u32, nodes: u32, witness: WitnessState) -> bool {
        judge(rule, &ballot(members, nodes, witness)).is_quorate()
    }

    #[test]
    fn majority_of_nodes() {
        for (nodes, needed) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4), (8, 5)] {
            for members in 0..=nodes {
                let verdict =
                    judge(QuorumRule::NodeMajority, &ballot(members, nodes, WitnessState::Up));
                let votes = u64::from(members);
                let expected = if votes >= needed {
                    QuorumVerdict::Quorate { votes, needed }
                } else {
                    QuorumVerdict::Inquorate { votes, needed }
                };
                assert_eq!(verdict, expected, "{members} of {nodes}");
            }
        }
    }

    /// Tries every set of `failed` nodes. Returns how many of the sets leave a quorum, and the
    /// number of sets.
    fn survived(nodes: u32, rule: QuorumRule, failed: u32) -> (usize, usize) {
        let sets = (0_u32..1 << nodes).filter(|set| set.count_ones() == nodes - failed);
        let quorate = |set: &u32| is_quorate(rule, set.count_ones(), nodes, WitnessState::Up);
        (sets.clone().filter(quorate).count(), sets.count())
    }

    /// The table of survival in "Understanding cluster and pool quorum" (Windows Server), for nodes
    /// that fail at once. Votes are fixed here: an even number of nodes without a witness survives
    /// no half of the failures that the table gives it, for there one vote is taken away before.
    #[test]
    fn quorum_table() {
        let (nodes, witness) = (QuorumRule::NodeMajority, QuorumRule::MajorityWithWitness);
        for (count, rule, expected) in [
            (2, nodes, vec![(0, 2), (0, 1)]),
            (2, witness, vec![(2, 2), (0, 1)]),
            (3, nodes, vec![(3, 3), (0, 3), (0, 1)]),
            (3, witness, vec![(3, 3), (0, 3), (0, 1)]),
            (4, nodes, vec![(4, 4), (0, 6), (0, 4)]),
            (4, witness, vec![(4, 4), (6, 6), (0, 4)]),
            (5, nodes, vec![(5, 5), (10, 10), (0, 10)]),
            (5, witness, vec![(5, 5), (10, 10), (0, 10)]),
            (6, nodes, vec![(6, 6), (15, 15), (0, 20)]),
            (6, witness, vec![(6, 6), (15, 15), (20, 20)]),
            (7, nodes, vec![(7, 7), (21, 21), (35, 35), (0, 35)]),
            (7, witness, vec![(7, 7), (21, 21), (35, 35), (0, 35)]),
        ] {
            for (failed, expected) in (1..).zip(expected) {
                assert_eq!(
                    survived(count, rule, failed),
                    expected,
                    "{failed} of {count}, {rule:?}"
                );
            }
        }
    }

    #[test]
    fn the_witness_counts_in_the_total_even_while_it_is_down() {
        let rule = QuorumRule::MajorityWithWitness;
        assert!(is_quorate(rule, 1, 2, WitnessState::Up));
        assert!(!is_quorate(rule, 1, 2, WitnessState::Down));
        assert!(is_quorate(rule, 2, 2, WitnessState::Down));
        assert!(!is_quorate(rule, 2, 4, WitnessState::Down));
        assert!(is_quorate(rule, 2, 4, WitnessState::Up));
    }

    #[test]
    fn the_disk_alone_needs_a_node_that_holds_it() {
        let rule = QuorumRule::DiskOnly;
        assert!(is_quorate(rule, 1, 8, WitnessState::Up));
        assert!(!is_quorate(rule, 0, 8, WitnessState::Up));
        assert!(!is_quorate(rule, 8, 8, WitnessState::Down));
        // A node without a vote holds the disk as well as any other.
        let voteless = Ballot { present: 0, ..ballot(1, 8, WitnessState::Up) };
        assert!(judge(rule, &voteless).is_quorate());
    }

    #[test]
    fn nobody_has_a_majority_of_no_votes() {
        assert!(!judge(QuorumRule::NodeMajority, &Ballot::default()).is_quorate());
        assert!(!judge(QuorumRule::MajorityWithWitness, &Ballot::default()).is_quorate());
    }

    #[test]
    fn huge_votes_do_not_overflow() {
        let rest = u64::MAX - 1;
        let all = Ballot { members: 1, present: rest, total: rest, ..Ballot::default() };
        assert!(judge(QuorumRule::NodeMajority, &all).is_quorate());
        let half = Ballot { present: rest / 2, ..all };
        assert!(!judge(QuorumRule::NodeMajority, &half).is_quorate());
        let more = Ballot { present: rest / 2 + 1, ..all };
        assert!(judge(QuorumRule::NodeMajority, &more).is_quorate());
    }

    #[test]
    fn two_sides_are_never_both_quorate() {
        for (rule, nodes) in RULES.into_iter().flat_map(|rule| (1..=7).map(move |n| (rule, n))) {
            for one in 0_u32..1 << nodes {
                let others = !one & ((1 << nodes) - 1);
                let mut other = others;
                // Every subset of the nodes that are not on the first side.
                loop {
                    let first = is_quorate(rule, one.count_ones(), nodes, WitnessState::Up);
                    let second = is_quorate(rule, other.count_ones(), nodes, WitnessState::Down);
                    assert!(!(first && second), "{rule:?} {nodes} {one:b} {other:b}");
                    if other == 0 {
                        break;
                    }
                    other = (other - 1) & others;
                }
            }
        }
    }

    /// Tries all votes of 0 to 3 for up to four nodes and the witness.
    #[test]
    fn two_weighted_sides_are_never_both_quorate() {
        for rule in RULES {
            for (one, other, neither) in triples(12) {
                for witness_weight in 0..=3 {
                    let total = one + other + neither;
                    let first = Ballot {
                        members: 1,
                        present: one,
                        total,
                        witness: WitnessState::Up,
                        witness_weight,
                    };
                    let second = Ballot { present: other, witness: WitnessState::Down, ..first };
                    assert!(
                        !(judge(rule, &first).is_quorate() && judge(rule, &second).is_quorate())
                    );
                }
            }
        }
    }

    fn triples(end: u64) -> impl Iterator<Item = (u64, u64, u64)> {
        (0..=end).flat_map(move |a| {
            (0..=end - a).flat_map(move |b| (0..=end - a - b).map(move |c| (a, b, c)))
        })
    }

    #[test]
    fn a_vote_more_never_loses_quorum() {
        for rule in RULES {
            for nodes in 1..=7 {
                for members in 0..nodes {
                    for witness in [WitnessState::Down, WitnessState::Up] {
                        let before = is_quorate(rule, members, nodes, witness);
                        assert!(!before || is_quorate(rule, members + 1, nodes, witness));
                        assert!(!before || is_quorate(rule, members, nodes, WitnessState::Up));
                    }
                }
            }
        }
    }

    #[test]
    fn reads_well() {
        let verdict = judge(QuorumRule::NodeMajority, &ballot(2, 4, WitnessState::Down));
        assert_eq!(std::format!("{verdict}"), "no quorum: 2 votes, 3 needed");
        let verdict = QuorumVerdict::Quorate { votes: 1, needed: 1 };
        assert_eq!(std::format!("{verdict}"), "quorum: 1 vote, 1 needed");
    }
}
