//! Dynamic votes: the voters of a consensus engine, as nodes come and go.
//!
//! A majority is always one of the voters that were agreed on *before* a failure. So a cluster that
//! loses its nodes one after the other lives on with the last one, while one that loses most of them
//! at once stops. [`voters`] says who should vote now; the engine makes that its membership by a
//! joint change, in which a majority of the old voters and one of the new voters agree.
//!
//! The rules are those of Windows clusters (dynamic quorum of 2012, dynamic witness and tie-breaker
//! of 2012 R2).

use alloc::vec::Vec;

use super::WitnessState;

/// A node that may vote.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Voter<N> {
    /// The node.
    pub node: N,
    /// Its rank when one vote has to be taken away: the lowest loses it, and of equal ones the
    /// greatest node (`LowerQuorumPriorityNodeID`). Give nodes of the preferred site a higher one.
    pub priority: u32,
}

/// A machine that votes and owns nothing.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Witness {
    /// There is none.
    None,
    /// There is one, in this state.
    Configured(WitnessState),
}

/// The voters at one time.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct VoterSet<N> {
    /// The nodes that vote, ascending.
    nodes: Vec<N>,
    witness: bool,
}

/// The effect of a failure on quorum.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Quorum {
    /// More than half of the voters are left.
    Maintained,
    /// They are not.
    Lost,
}

impl<N: Copy + Ord> VoterSet<N> {
    /// Returns the set of these voters.
    #[must_use]
    pub fn new(nodes: impl IntoIterator<Item = N>, witness: WitnessState) -> Self {
        let mut nodes: Vec<N> = nodes.into_iter().collect();
        nodes.sort_unstable();
        nodes.dedup();
        Self { nodes, witness: witness == WitnessState::Up }
    }

    /// Returns the nodes that vote, ascending.
    #[must_use]
    pub fn nodes(&self) -> &[N] {
        &self.nodes
    }

    /// Tells whether the witness votes.
    #[must_use]
    pub const fn has_witness(&self) -> bool {
        self.witness
    }

    /// Returns the number of votes.
    #[must_use]
    pub fn votes(&self) -> usize {
        self.nodes.len().saturating_add(usize::from(self.witness))
    }

    /// Judges the moment at which only the nodes `present` are left, before votes can change: what
    /// this cluster survives now. `witness` is the state of the witness then.
    #[must_use]
    pub fn quorum_of(&self, present: &[N], witness: WitnessState) -> Quorum {
        let nodes = self.nodes.iter().filter(|node| present.contains(node)).count();
        let witness = usize::from(self.witness && witness == WitnessState::Up);
        if nodes.saturating_add(witness).saturating_mul(2) > self.votes() {
            Quorum::Maintained
        } else {
            Quorum::Lost
        }
    }
}

/// Returns the voters that the members should agree on now.
///
/// `alive` are the members that may vote, `previous` the voters agreed on so far, `configured` the
/// number of nodes that may vote when all are members. Ask after each change of the members and of
/// the witness, and before a node is stopped, without that node in `alive`: then its vote moves
/// first, and the cluster lives.
///
/// The number of votes is kept odd: with an even number of nodes the witness votes, or, without a
/// witness, one node does not. While there is a witness the last node keeps the votes as they were,
/// so that two of three are always needed: the last node with the witness lives, and without it
/// stops.
///
/// ```
/// use quorate::quorum::WitnessState;
/// use quorate::quorum::voters::{Quorum, Voter, VoterSet, Witness, voters};
///
/// let alive = ["a", "b", "c", "d"].map(|node| Voter { node, priority: 0 });
/// let none = VoterSet::default();
/// let four = voters(&alive, Witness::None, &none, 4);
/// assert_eq!(four.nodes(), ["a", "b", "c"]);
/// let two_left = |present: [&'static str; 2]| four.quorum_of(&present, WitnessState::Down);
/// assert_eq!(two_left(["a", "b"]), Quorum::Maintained);
/// assert_eq!(two_left(["a", "d"]), Quorum::Lost);
/// ```
#[must_use]
pub fn voters<N: Copy + Ord>(
    alive: &[Voter<N>],
    witness: Witness,
    previous: &VoterSet<N>,
    configured: usize,
) -> VoterSet<N> {
    let mut voters: Vec<Voter<N>> = alive.to_vec();
    voters.sort_unstable_by_key(|voter| (core::cmp::Reverse(voter.priority), voter.node));
    let is_even = voters.len().checked_rem(2) == Some(0);
    let witness = match witness {
        Witness::Configured(WitnessState::Up) if voters.len() == 1 && configured >= 2 => {
            return previous.clone();
        }
        Witness::Configured(WitnessState::Up) if is_even => WitnessState::Up,
        Witness::Configured(WitnessState::Up) => WitnessState::Down,
        Witness::None | Witness::Configured(WitnessState::Down) => {
            if is_even {
                voters.pop();
            }
            WitnessState::Down
        }
    };
    VoterSet::new(voters.into_iter().map(|voter| voter.node), witness)
}

/// Returns how many voters may fail at the same moment, whichever they are, without losing quorum.
/// The witness counts as one that does not fail.
#[must_use]
pub fn failures_survived<N: Copy + Ord>(voters: &VoterSet<N>) -> usize {
    let witness = usize::from(voters.witness);
    let needed = voters.votes().checked_div(2).unwrap_or(0).saturating_add(1);
    voters.nodes.len().saturating_sub(needed.saturating_sub(witness))
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn alive(set: u32) -> Vec<Voter<u32>> {
        (0..8)
            .filter(|node| set & (1 << node) != 0)
            .map(|node| Voter { node, priority: 0 })
            .collect()
    }

    fn agree(set: u32, witness: Witness, previous: &VoterSet<u32>, nodes: u32) -> VoterSet<u32> {
        voters(&alive(set), witness, previous, usize::try_from(nodes).unwrap())
    }

    /// Loses the nodes of each batch at once, one batch after the other. Returns whether there is
    /// quorum after every batch.
    fn survives(nodes: u32, witness: Witness, batches: &[u32]) -> bool {
        let mut up = (1 << nodes) - 1;
        let mut set = agree(up, witness, &VoterSet::default(), nodes);
        let state = match witness {
            Witness::None => WitnessState::Down,
            Witness::Configured(state) => state,
        };
        batches.iter().all(|batch| {
            up &= !batch;
            let present: Vec<u32> = (0..nodes).filter(|node| up & (1 << node) != 0).collect();
            let quorum = set.quorum_of(&present, state);
            set = agree(up, witness, &set, nodes);
            quorum == Quorum::Maintained
        })
    }

    /// All sets of `count` of these nodes.
    fn sets(nodes: u32, count: u32) -> Vec<u32> {
        (0..1_u32 << nodes).filter(|set| set.count_ones() == count).collect()
    }

    /// Returns how many of the ways to lose the nodes are survived, and how many there are.
    fn tally(nodes: u32, witness: Witness, ways: &[Vec<u32>]) -> (usize, usize) {
        let survived = ways.iter().filter(|way| survives(nodes, witness, way)).count();
        (survived, ways.len())
    }

    fn at_once(nodes: u32, witness: Witness, count: u32) -> (usize, usize) {
        let ways: Vec<Vec<u32>> = sets(nodes, count).into_iter().map(|set| vec![set]).collect();
        tally(nodes, witness, &ways)
    }

    fn one_then_another(nodes: u32, witness: Witness) -> (usize, usize) {
        let mut ways = Vec::new();
        for first in sets(nodes, 1) {
            ways.extend(
                sets(nodes, 1).into_iter().filter(|at| *at != first).map(|at| vec![first, at]),
            );
        }
        tally(nodes, witness, &ways)
    }

    /// The table of survival in "Understanding cluster and pool quorum" (Windows Server), where it
    /// says yes, no and 50/50, counted over all sets of nodes with a witness that is up.
    #[test]
    fn survival_table() {
        let (none, up) = (Witness::None, Witness::Configured(WitnessState::Up));
        for (nodes, witness, one, then, two, three) in [
            (2, none, (1, 2), (0, 2), (0, 1), (0, 0)),
            (2, up, (2, 2), (0, 2), (0, 1), (0, 0)),
            (3, none, (3, 3), (3, 6), (0, 3), (0, 1)),
            (3, up, (3, 3), (6, 6), (0, 3), (0, 1)),
            (4, none, (4, 4), (12, 12), (3, 6), (0, 4)),
            (4, up, (4, 4), (12, 12), (6, 6), (0, 4)),
            (5, none, (5, 5), (20, 20), (10, 10), (0, 10)),
            (5, up, (5, 5), (20, 20), (10, 10), (0, 10)),
            (6, none, (6, 6), (30, 30), (15, 15), (10, 20)),
            (6, up, (6, 6), (30, 30), (15, 15), (20, 20)),
            (7, none, (7, 7), (42, 42), (21, 21), (35, 35)),
            (7, up, (7, 7), (42, 42), (21, 21), (35, 35)),
        ] {
            let row = alloc::format!("{nodes} nodes, {witness:?}");
            assert_eq!(at_once(nodes, witness, 1), one, "one of {row}");
            assert_eq!(one_then_another(nodes, witness), then, "one then another of {row}");
            assert_eq!(at_once(nodes, witness, 2), two, "two of {row}");
            assert_eq!(at_once(nodes, witness, 3), three, "three of {row}");
        }
        assert_eq!(at_once(7, none, 4), (0, 35));
    }

    /// Nodes that fail one after the other: without a witness the last but one failure is survived
    /// in half of the cases, with a witness in all.
    #[test]
    fn the_last_node_lives_with_a_witness() {
        for nodes in 3..=7_u32 {
            let order: Vec<u32> = (1..nodes).map(|node| 1 << node).collect();
            assert!(survives(nodes, Witness::Configured(WitnessState::Up), &order));
            let all_but_one = order.split_last().map(|(_, rest)| rest).unwrap_or_default();
            assert!(survives(nodes, Witness::None, all_but_one));
        }
    }

    /// Two of three votes are always needed: the last node with a witness that fails has one.
    #[test]
    fn the_last_node_stops_without_its_witness() {
        let up = Witness::Configured(WitnessState::Up);
        let three = agree(0b111, up, &VoterSet::default(), 3);
        assert_eq!((three.votes(), three.has_witness()), (3, false));
        let two = agree(0b011, up, &three, 3);
        assert_eq!((two.votes(), two.has_witness()), (3, true));
        let one = agree(0b001, up, &two, 3);
        assert_eq!(one, two);
        assert_eq!(one.quorum_of(&[0], WitnessState::Up), Quorum::Maintained);
        assert_eq!(one.quorum_of(&[0], WitnessState::Down), Quorum::Lost);
    }

    /// A node that is stopped in good order gives its vote away first.
    #[test]
    fn the_vote_moves_before_a_node_is_stopped() {
        let two = agree(0b11, Witness::None, &VoterSet::default(), 2);
        assert_eq!(two.nodes(), [0]);
        assert_eq!(two.quorum_of(&[1], WitnessState::Down), Quorum::Lost);
        let one = agree(0b10, Witness::None, &two, 2);
        assert_eq!(one.nodes(), [1]);
        assert_eq!(one.quorum_of(&[1], WitnessState::Down), Quorum::Maintained);
    }

    #[test]
    fn the_lowest_priority_loses_its_vote() {
        let mut all = alive(0b1111);
        for (voter, priority) in all.iter_mut().zip([2, 1, 2, 3]) {
            voter.priority = priority;
        }
        let set = voters(&all, Witness::None, &VoterSet::default(), 4);
        assert_eq!(set.nodes(), [0, 2, 3]);
        assert_eq!(failures_survived(&set), 1);
    }

    /// Every two majorities, before a change and after it, are agreed on by a joint change. Here: no
    /// set of voters is empty while somebody is alive, and the number of votes is odd.
    #[test]
    fn votes_are_odd() {
        let witnesses = [WitnessState::Up, WitnessState::Down].map(Witness::Configured);
        for witness in witnesses.into_iter().chain([Witness::None]) {
            for set in 1..1_u32 << 7 {
                let full = agree(0b111_1111, witness, &VoterSet::default(), 7);
                let now = agree(set, witness, &full, 7);
                assert_eq!(now.votes() % 2, 1, "{set:b} {witness:?}");
                let survived = failures_survived(&now);
                for count in 1..=u32::try_from(now.nodes().len()).unwrap() {
                    let all = sets(7, count).into_iter().all(|gone| {
                        let is_gone = |node: &u32| gone & (1 << node) != 0;
                        let is_within =
                            (0..7).filter(is_gone).all(|node| now.nodes.contains(&node));
                        let left: Vec<u32> = (0..7).filter(|node| !is_gone(node)).collect();
                        !is_within || now.quorum_of(&left, WitnessState::Up) == Quorum::Maintained
                    });
                    assert_eq!(all, usize::try_from(count).unwrap() <= survived, "{now:?} {count}");
                }
            }
        }
    }
}
