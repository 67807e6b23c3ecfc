//! Builds nodes, with their capacities and votes.

use alloc::vec;
use alloc::vec::Vec;

use super::dictionary::Dictionary;
use super::report::Report;
use crate::id::NodeId;
use crate::settings::{ClusterSettings, NoQuorum, QuorumRule};
use crate::spec::names::sort;
use crate::spec::problem::{Place, Problem, shown};
use crate::spec::{NodeDeclaration, NodeSpec, Parameters};

/// Returns the nodes, and their ids sorted by name.
pub(super) fn build(
    declared: Vec<NodeDeclaration>,
    settings: &ClusterSettings,
    dictionary: &Dictionary,
    report: &mut Report<'_>,
) -> (Vec<NodeSpec>, Vec<NodeId>) {
    if declared.is_empty() {
        report.add(Place::Cluster.field("nodes"), Problem::NoNodes);
    }
    let mut totals = vec![0_u64; dictionary.dimensions.len()];
    let mut nodes = Vec::with_capacity(declared.len());
    for (index, node) in declared.into_iter().enumerate() {
        let place = Place::Node(&node.name);
        report.name(&node.name, || Place::Cluster.field("nodes"), index, place);
        report.parameters(&node.parameters, || place.field("parameters"));
        report.length(node.site.as_deref().unwrap_or(""), || place.field("site"));
        nodes.push(build_one(node, dictionary, &mut totals, report));
    }
    let name_of = |id: NodeId| nodes.get(id.index()).map_or("", NodeSpec::name);
    let sorted = sort((0..nodes.len()).map(NodeId::from_index), name_of);
    for (first, later) in sorted.duplicates {
        if !name_of(later).is_empty() {
            let first = Place::Node(name_of(first)).whole();
            let path = Place::Node(name_of(later)).field("name");
            report.add(path, Problem::DuplicateName { first });
        }
    }
    check_votes(&nodes, settings, report);
    (nodes, sorted.ids)
}

fn build_one(
    declared: NodeDeclaration,
    dictionary: &Dictionary,
    totals: &mut [u64],
    report: &mut Report<'_>,
) -> NodeSpec {
    let mut capacity = vec![None; dictionary.dimensions.len()];
    for (index, (name, amount)) in declared.capacity.iter().enumerate() {
        let path = || Place::Node(&declared.name).field("capacity");
        report.word(name, index, path);
        let Some(dimension) = dictionary.dimension(name) else {
            continue;
        };
        if capacity.get_mut(dimension.index()).and_then(|slot| slot.replace(*amount)).is_some() {
            report.add(path(), Problem::DuplicateDimension { name: shown(name) });
        }
        add(totals.get_mut(dimension.index()), *amount, || {
            report.add(path(), Problem::SumOverflow { dimension: shown(name) });
        });
    }
    NodeSpec {
        name: declared.name.into_boxed_str(),
        vote_weight: declared.vote_weight.unwrap_or(1),
        site: declared.site.map(alloc::string::String::into_boxed_str),
        capacity: capacity.into_boxed_slice(),
        parameters: Parameters::new(declared.parameters),
    }
}

/// Adds to a total; calls `overflown` if it no longer fits.
pub(super) fn add(total: Option<&mut u64>, amount: u64, overflown: impl FnOnce()) {
    let Some(total) = total else { return };
    match total.checked_add(amount) {
        Some(sum) => *total = sum,
        None => overflown(),
    }
}

fn check_votes(nodes: &[NodeSpec], settings: &ClusterSettings, report: &mut Report<'_>) {
    let witness = match settings.quorum {
        QuorumRule::NodeMajority => 0,
        QuorumRule::MajorityWithWitness => {
            if settings.witness_weight == 0 {
                report.add(Place::Cluster.field("witness_weight"), Problem::Zero);
            }
            settings.witness_weight
        }
        // Votes do not count: the witness decides alone, or the log does.
        QuorumRule::DiskOnly => return,
        QuorumRule::Agreed => {
            if settings.no_quorum == NoQuorum::Freeze {
                report.add(Place::Cluster.field("no_quorum"), Problem::FrozenWhileAgreed);
            }
            return;
        }
    };
    let total = nodes.iter().try_fold(witness, |sum, node| sum.checked_add(node.vote_weight));
    match total {
        Some(0) if !nodes.is_empty() => {
            report.add(Place::Cluster.field("nodes"), Problem::NoVotes);
        }
        Some(_) => {}
        None => report.add(Place::Cluster.field("nodes"), Problem::TooManyVotes),
    }
}
