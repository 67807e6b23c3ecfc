//! S6: two sets of votes that suffice always share a vote. All sets of up to seven nodes with all
//! weights up to two, with a witness and without; and every change of the configuration that the
//! engine accepts from every set of members of up to three nodes.

use quorate::cluster::{Command, Event, Life, Output};
use quorate::policy::Ring;
use quorate::quorum::{Ballot, WitnessState, judge};
use quorate::settings::{Fencing, QuorumRule};
use quorate::spec::{ClusterDeclaration, NodeDeclaration};
use quorate::{Cluster, Incarnation, Input, NodeId, Timestamp};

const RULES: [QuorumRule; 3] =
    [QuorumRule::NodeMajority, QuorumRule::MajorityWithWitness, QuorumRule::DiskOnly];

/// Every list of so many weights up to two. Their order does not matter.
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
                    // A vote that one side gains is not lost by another, so the largest rival decides.
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

    /// Tells whether the nodes with these names suffice.
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

/// Where a change is accepted while nobody has vouched for anybody, the members suffice before and
/// after, so that nodes which took no part in it have no quorum: neither by the old votes nor by the
/// new ones. Or nobody is a member. The exception is the test below.
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
                    let command = Command::configure(declaration);
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
                    // Without quorum a configuration changes only where nobody is absent who could have any.
                    let is_forced = !old.suffices(&members, has_witness);
                    let is_granted = suffices || members.is_empty() || is_forced;
                    assert!(is_granted, "{old:?} {members:?} {new:?}");
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
    cluster.handle(now, Input::witness_changed(witness)).expect("it is accepted");
    for name in members {
        let node: NodeId = cluster.spec().node_id(name).expect("a declared node");
        let joined = Input::node_joined(node, Incarnation::new(1), vec![]);
        cluster.handle(now, joined).expect("it is accepted");
    }
}

/// How an absent node is known to be off, if it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Absence {
    NeverSeen,
    Lost,
    Fenced,
    Left,
    Confirmed,
    ConfirmedUnseen,
}

const ABSENCES: [Absence; 6] = [
    Absence::NeverSeen,
    Absence::Lost,
    Absence::Fenced,
    Absence::Left,
    Absence::Confirmed,
    Absence::ConfirmedUnseen,
];

impl Absence {
    fn is_certain(self) -> bool {
        matches!(self, Self::Fenced | Self::Left | Self::Confirmed | Self::ConfirmedUnseen)
    }

    fn come_about(self, cluster: &mut Cluster, name: &str) {
        let now = Timestamp::from_millis(1);
        let node: NodeId = cluster.spec().node_id(name).expect("a declared node");
        let incarnation = Life::Known;
        let joined = Input::node_joined(node, Incarnation::new(1), vec![]);
        let inputs = match self {
            Self::NeverSeen => vec![],
            Self::Lost => vec![joined, Input::node_lost(node, incarnation)],
            Self::Fenced => vec![joined, Input::node_fenced(node, incarnation)],
            Self::Left => vec![joined, Input::node_left(node, incarnation)],
            Self::Confirmed => vec![
                joined,
                Input::node_lost(node, incarnation),
                Input::node_confirmed_down(node, incarnation),
            ],
            Self::ConfirmedUnseen => vec![Input::node_confirmed_down(node, incarnation)],
        };
        for input in inputs {
            cluster.handle(now, input).expect("it is accepted");
        }
    }
}

/// The exception. Without quorum a change is accepted only where all that could make up another
/// quorum, by the old votes or by the new ones, are nodes that are certain to be off; and it is
/// accepted whenever they are and the witness is held or left out. It is told.
#[test]
fn without_quorum_votes_change_only_if_nobody_else_can_have_any() {
    let (mut accepted, mut refused) = (0, 0);
    let names = ["a", "b", "c"];
    for (rule, weights) in
        RULES.iter().flat_map(|rule| weights(3).into_iter().map(|of| (*rule, of)))
    {
        for witness_weight in 1..=2 {
            let old = Votes {
                rule,
                nodes: names.into_iter().zip(weights.clone()).collect(),
                witness_weight,
            };
            let Ok(spec) = old.declaration().build() else { continue };
            for member in 0..3 {
                for (one, other) in
                    ABSENCES.into_iter().flat_map(|one| ABSENCES.map(|it| (one, it)))
                {
                    for has_witness in [true, false] {
                        let mut cluster = Cluster::new(spec.clone(), Ring::new(), Timestamp::ZERO);
                        let absent: Vec<&str> =
                            names.into_iter().filter(|name| *name != names[member]).collect();
                        for (name, absence) in absent.iter().zip([one, other]) {
                            absence.come_about(&mut cluster, name);
                        }
                        come_up(&mut cluster, &[names[member]], has_witness);
                        if cluster.state().is_quorate() {
                            continue;
                        }
                        let doubtful: Vec<&str> = absent
                            .iter()
                            .zip([one, other])
                            .filter(|(_, absence)| !absence.is_certain())
                            .map(|(name, _)| *name)
                            .collect();
                        for new in old.neighbours() {
                            let is_accepted = is_accepted(&cluster, &new);
                            match is_accepted {
                                true => accepted += 1,
                                false => refused += 1,
                            }
                            for votes in [&old, &new] {
                                let is_rival = votes.suffices(&doubtful, !has_witness);
                                assert!(!(is_accepted && is_rival), "{old:?} {new:?} {doubtful:?}");
                            }
                            let is_clear = doubtful.is_empty()
                                && (has_witness || new.rule == QuorumRule::NodeMajority);
                            let is_valid = new.declaration().build().is_ok()
                                && new.nodes.iter().any(|(name, _)| *name == names[member]);
                            assert!(is_accepted || !is_clear || !is_valid, "{old:?} {new:?}");
                        }
                    }
                }
            }
        }
    }
    assert!(accepted > 300 && refused > 300, "{accepted} accepted, {refused} refused");
}

fn is_accepted(cluster: &Cluster, new: &Votes) -> bool {
    let mut changed = cluster.clone();
    while changed.poll_output().is_some() {}
    let command = Command::configure(new.declaration());
    let is_accepted = changed.handle(Timestamp::from_millis(2), command).is_ok();
    let mut outputs = std::iter::from_fn(|| changed.poll_output());
    let is_told =
        outputs.any(|output| matches!(output, Output::Event(Event::AcceptedWithoutQuorum { .. })));
    assert_eq!(is_accepted, is_told);
    is_accepted
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
