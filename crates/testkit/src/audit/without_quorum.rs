//! Rules for a configuration that is accepted without quorum.

use std::collections::BTreeMap;

use quorate::Cluster;
use quorate::machine::NodeState;
use quorate::settings::QuorumRule;
use quorate::spec::{ClusterDeclaration, ClusterSpec, NodeSpec};
use quorate::state::{DownProof, NodeRecord, WitnessState};

use super::Moment;
use crate::{Breach, ensure};

/// Checks that every node that is not a member, and that could take part in a quorum without the
/// members, was fenced, left, or is off as an operator confirmed. A node without a vote can take
/// part only where the witness is not held.
pub(super) fn nobody_else_votes(moment: &Moment<'_>, cluster: &Cluster) -> Result<(), Breach> {
    let (state, spec) = (moment.before.state(), moment.before.spec());
    let is_held = state.witness() == WitnessState::Up;
    let is_left_out = !has_witness(cluster.spec());
    ensure!(S6, is_held || is_left_out, "a witness that is not held is to decide");
    for (node, declared) in spec.nodes().filter(|(node, _)| !state.node_state(*node).is_member()) {
        let later = cluster.spec().node_id(declared.name()).and_then(|id| cluster.spec().node(id));
        let weights = [Some(declared), later].map(|of| of.map_or(0, NodeSpec::vote_weight));
        let counts = weights != [0, 0] || has_witness(spec) && !is_held;
        let proof = state.node(node).map(NodeRecord::proof);
        let is_off = state.node_state(node) == NodeState::Down
            && matches!(
                proof,
                Some(
                    DownProof::Left | DownProof::Fenced | DownProof::Operator | DownProof::Rebooted
                )
            );
        ensure!(S6, !counts || is_off, "{} may vote elsewhere: {proof:?}", declared.name());
    }
    Ok(())
}

fn has_witness(spec: &ClusterSpec) -> bool {
    let settings = spec.settings();
    match settings.quorum {
        QuorumRule::NodeMajority | QuorumRule::Agreed => false,
        QuorumRule::MajorityWithWitness => settings.witness_weight != 0,
        QuorumRule::DiskOnly => true,
    }
}

/// Checks that two configurations differ only in nodes, their votes and the witness.
pub(super) fn only_votes_change(old: &ClusterSpec, new: &ClusterSpec) -> Result<(), Breach> {
    let names = |spec: &ClusterSpec| -> Vec<String> {
        spec.nodes().map(|(_, node)| node.name().to_lowercase()).collect()
    };
    let (before, after) = (names(old), names(new));
    let is_common = |name: &String| before.contains(name) && after.contains(name);
    ensure!(
        S35,
        voteless(old, is_common) == voteless(new, is_common),
        "without quorum more than votes changes"
    );
    Ok(())
}

/// Returns the declaration, the sites and capacities of the nodes, and the lists of owners, all
/// without votes and without nodes that are only in one of the declarations.
fn voteless(
    spec: &ClusterSpec,
    is_common: impl Fn(&String) -> bool,
) -> (ClusterDeclaration, BTreeMap<String, impl PartialEq>, Vec<Vec<String>>) {
    let mut declared = ClusterDeclaration::from(spec);
    (declared.quorum, declared.witness_weight) = (None, None);
    let nodes = declared.nodes.drain(..).map(|node| {
        let name = node.name.to_lowercase();
        (name, (node.site, node.capacity))
    });
    let nodes = nodes.filter(|(name, _)| is_common(name)).collect();
    let mut owners: Vec<Vec<String>> = Vec::new();
    for group in &mut declared.groups {
        let common = |names: &mut Vec<String>| -> Vec<String> {
            names.drain(..).map(|name| name.to_lowercase()).filter(|name| is_common(name)).collect()
        };
        owners.push(common(&mut group.preferred_owners));
        for possible in group.resources.iter_mut().filter_map(|of| of.possible_owners.as_mut()) {
            let mut names = common(possible);
            names.sort();
            owners.push(names);
        }
    }
    (declared, nodes, owners)
}
