//! S6: two sets of votes that suffice always share a vote. All sets of up to seven nodes with all
//! weights up to two, with a witness and without; and every change of the configuration that the
//! engine accepts from every set of members of up to three nodes.

use quorate::policy::Ring;
use quorate::quorum::{Ballot, WitnessState, judge};
use quorate::spec::{ClusterDeclaration, Fencing, NodeDeclaration, QuorumRule};
use quorate::{Cluster, Command, Incarnation, Input, NodeId, Timestamp};

const RULES: [QuorumRule; 3] =
    [QuorumRule::NodeMajority, QuorumRule::MajorityWithWitness, QuorumRule::DiskOnly];

/// Every list of so many weights up to two, the order of which does not matter.
fn weights(nodes: usize) -> Vec<Vec<u32>> {
    let mut all = Vec::new();
    for twos in 0..=nodes {
        for ones in 0..=nodes - twos {
            let weight = |node: usize| if node < twos { 2 } else { u32::from(node < twos + ones) };
            all.push((0..nodes).map(weight).collect());
        }
    }
    all
}

/// Some of the nodes, as bits, and whether they hold the witness.
#[derive(Clone, Copy, Debug)]
struct Side {
    nodes: u32,
    has_witness: bool,
}

fn is_quorate(rule: QuorumRule, weights: &[u32], witness_weight: u32, side: Side) -> bool {
    let here = weights.iter().enumerate().filter(|(node, _)| side.nodes & (1 << node) != 0);
    let ballot = Ballot {
        members: usize::try_from(side.nodes.count_ones()).expect("few nodes"),
        present: here.map(|(_, weight)| u64::from(*weight)).sum(),
        total: weights.iter().map(|weight| u64::from(*weight)).sum(),
        witness: if side.has_witness { WitnessState::Up } else { WitnessState::Down },
        witness_weight,
    };
    judge(rule, &ballot).is_quorate()
}

/// Two sides that share no node, and not the witness, are never both quorate.
#[test]
fn no_two_sides_without_a_common_vote_are_quorate() {
    let (mut sides, mut quorate) = (0_u64, 0_u64);
    for nodes in 1..=7 {
        for (rule, weights) in
            RULES.iter().flat_map(|rule| weights(nodes).into_iter().map(|of| (*rule, of)))
        {
            for witness_weight in 0..=2 {
                for one in 0..1_u32 << nodes {
                    // What one side gains another one does not lose, so the largest rival decides.
                    let other = !one & ((1 << nodes) - 1);
                    for has_witness in [true, false] {
                        let one = Side { nodes: one, has_witness };
                        let other = Side { nodes: other, has_witness: !has_witness };
                        let is = |side| is_quorate(rule, &weights, witness_weight, side);
                        assert!(!(is(one) && is(other)), "{rule:?} {weights:?}: {one:?} {other:?}");
                        sides += 1;
                        quorate += u64::from(is(one));
                    }
                }
            }
        }
    }
    assert!(sides > 100_000 && quorate > 30_000, "{quorate} of {sides}");
}

/// One side more makes no quorum worse, which the test above relies on.
#[test]
fn more_votes_are_never_worse() {
    for nodes in 1..=5 {
        for (rule, weights) in
            RULES.iter().flat_map(|rule| weights(nodes).into_iter().map(|of| (*rule, of)))
        {
            for (witness_weight, set) in
                (0..=2).flat_map(|of| (0..1_u32 << nodes).map(move |set| (of, set)))
            {
                for has_witness in [true, false] {
                    let side = Side { nodes: set, has_witness };
                    if !is_quorate(rule, &weights, witness_weight, side) {
                        continue;
                    }
                    for node in 0..nodes {
                        let more = Side { nodes: set | 1 << node, has_witness: true };
                        assert!(is_quorate(rule, &weights, witness_weight, more));
                    }
                }
            }
        }
    }
}

/// A cluster with these votes.
#[derive(Clone, Debug)]
struct Votes {
    rule: QuorumRule,
    nodes: Vec<(&'static str, u32)>,
    witness_weight: u32,
}

impl Votes {
    fn declaration(&self) -> ClusterDeclaration {
        let mut declared =
            ClusterDeclaration::new("c").quorum(self.rule).fencing(Fencing::Operator);
        declared.witness_weight = Some(self.witness_weight);
        for (name, weight) in &self.nodes {
            let mut node = NodeDeclaration::new(*name);
            node.vote_weight = Some(*weight);
            declared = declared.node(node);
        }
        declared
    }

    /// Whether the nodes with these names suffice.
    fn suffices(&self, members: &[&str], has_witness: bool) -> bool {
        let weights: Vec<u32> = self.nodes.iter().map(|(_, weight)| *weight).collect();
        let here = self.nodes.iter().enumerate().filter(|(_, (name, _))| members.contains(name));
        let nodes = here.fold(0, |set, (node, _)| set | 1 << node);
        is_quorate(self.rule, &weights, self.witness_weight, Side { nodes, has_witness })
    }

    /// Everything that is one change away: a node more or less, another weight, another witness,
    /// another rule.
    fn neighbours(&self) -> Vec<Self> {
        let with = |change: &dyn Fn(&mut Self)| {
            let mut votes = self.clone();
            change(&mut votes);
            votes
        };
        let mut all = Vec::new();
        for weight in 0..=2 {
            all.push(with(&|votes| votes.nodes.push(("new", weight))));
            all.push(with(&|votes| votes.witness_weight = weight));
            for node in 0..self.nodes.len() {
                all.push(with(&|votes| votes.nodes[node].1 = weight));
            }
        }
        for node in 0..self.nodes.len() {
            all.push(with(&|votes| {
                votes.nodes.remove(node);
            }));
        }
        all.extend(RULES.map(|rule| with(&|votes| votes.rule = rule)));
        all
    }
}

/// Where a change is accepted, the members suffice before and after, so that whoever did not take
/// part in it has no quorum: neither by the old votes nor by the new ones. Or nobody is a member.
#[test]
fn whoever_took_no_part_in_a_change_has_no_quorum() {
    let (mut accepted, mut refused) = (0, 0);
    for nodes in 1..=3 {
        for (rule, weights) in
            RULES.iter().flat_map(|rule| weights(nodes).into_iter().map(|of| (*rule, of)))
        {
            let names = ["a", "b", "c"];
            let old =
                Votes { rule, nodes: names.into_iter().zip(weights).collect(), witness_weight: 1 };
            let Ok(spec) = old.declaration().build() else { continue };
            for (set, has_witness) in
                (0..1_u32 << nodes).flat_map(|set| [(set, true), (set, false)])
            {
                let mut cluster = Cluster::new(spec.clone(), Ring::new(), Timestamp::ZERO);
                let members: Vec<&str> = (0..nodes)
                    .filter(|node| set & (1 << node) != 0)
                    .map(|node| names[node])
                    .collect();
                come_up(&mut cluster, &members, has_witness);
                for new in old.neighbours() {
                    let mut changed = cluster.clone();
                    let declaration = Box::new(new.declaration());
                    let command = Input::Command(Command::Configure {
                        declaration,
                        moves: Default::default(),
                    });
                    if changed.handle(Timestamp::from_millis(2), command).is_err() {
                        refused += 1;
                        continue;
                    }
                    accepted += 1;
                    let left: Vec<&str> = members
                        .iter()
                        .copied()
                        .filter(|name| new.nodes.iter().any(|(other, _)| other == name))
                        .collect();
                    let suffices =
                        old.suffices(&members, has_witness) && new.suffices(&left, has_witness);
                    assert!(suffices || members.is_empty(), "{old:?} {members:?} {new:?}");
                    others_have_none(&old, &new, &members, has_witness);
                }
            }
        }
    }
    assert!(accepted > 300 && refused > 300, "{accepted} accepted, {refused} refused");
}

fn come_up(cluster: &mut Cluster, members: &[&str], has_witness: bool) {
    let now = Timestamp::from_millis(1);
    let witness = if has_witness { WitnessState::Up } else { WitnessState::Down };
    cluster.handle(now, Input::WitnessChanged { witness }).expect("it is accepted");
    for name in members {
        let node: NodeId = cluster.spec().node_id(name).expect("a declared node");
        let joined = Input::NodeJoined { node, incarnation: Incarnation::new(1), running: vec![] };
        cluster.handle(now, joined).expect("it is accepted");
    }
}

/// Every node that was no member goes by the old votes or by the new ones.
fn others_have_none(old: &Votes, new: &Votes, members: &[&str], has_witness: bool) {
    if members.is_empty() {
        return;
    }
    for votes in [old, new] {
        let names = votes.nodes.iter().map(|(name, _)| *name);
        let others: Vec<&str> = names.filter(|name| !members.contains(name)).collect();
        let is_quorate = votes.suffices(&others, !has_witness);
        assert!(!is_quorate, "{old:?} {members:?} {new:?}: {others:?}");
    }
}
