//! Small changes of a declaration, most of them valid.

use std::time::Duration;

use quorate::cluster::ConfigurationMoves;
use quorate::settings::{Interval, NoQuorum, Priority, QuorumRule};
use quorate::spec::{
    ClusterDeclaration, ClusterSpec, GroupDeclaration, NodeDeclaration, ResourceDeclaration,
};

use crate::history::declare;
use crate::history::tape::Tape;

/// Returns the declaration in force with one change.
pub(crate) fn edit(spec: &ClusterSpec, kind: u8, one: u16, other: u16) -> ClusterDeclaration {
    let mut cluster = ClusterDeclaration::from(spec);
    let (one, other) = (usize::from(one), usize::from(other));
    if kind & 1 == 0 {
        edit_cluster(&mut cluster, kind / 2, one, other);
    } else {
        edit_group(&mut cluster, kind / 2, one, other);
    }
    cluster
}

/// Tells whether the configuration may move groups.
pub(crate) fn moves(one: u16) -> ConfigurationMoves {
    match one / 16 % 2 {
        0 => ConfigurationMoves::Allow,
        _ => ConfigurationMoves::Refuse,
    }
}

fn edit_cluster(cluster: &mut ClusterDeclaration, kind: u8, one: usize, other: usize) {
    let nodes = cluster.nodes.len();
    match kind % 12 {
        0 if nodes < 6 => cluster.nodes.push(NodeDeclaration::new(format!("n{}", 5 + other % 3))),
        1 => {
            cluster.nodes.remove(one % nodes);
        }
        2 if cluster.groups.len() < 6 => {
            let tape = [other as u16, one as u16, 1, 2, 0, 1];
            let name = format!("g{}", 5 + one % 2);
            let resource = declare::resource(5 + one % 2, 0, nodes, &mut Tape::new(&tape));
            cluster.groups.push(GroupDeclaration::new(name).resource(resource));
        }
        3 if !cluster.groups.is_empty() => {
            let at = one % cluster.groups.len();
            cluster.groups.remove(at);
        }
        4 => cluster.groups.reverse(),
        5 => cluster.nodes.reverse(),
        6 => cluster.nodes[one % nodes].vote_weight = Some([0, 1, 2][other % 3]),
        7 => {
            cluster.quorum = Some(
                [QuorumRule::NodeMajority, QuorumRule::MajorityWithWitness, QuorumRule::DiskOnly]
                    [other % 3],
            );
        }
        8 => cluster.no_quorum = Some([NoQuorum::Stop, NoQuorum::Freeze][other % 2]),
        9 => {
            cluster.nodes[one % nodes].capacity.insert("mb".into(), [0, 5, 20][other % 3]);
        }
        10 => {
            let every = |millis| Interval::Every(Duration::from_millis(millis));
            let intervals = [every(1), every(700), every(60_000), Interval::Never];
            cluster.probe_interval = Some(intervals[other % 4]);
        }
        _ => {}
    }
}

fn edit_group(cluster: &mut ClusterDeclaration, kind: u8, one: usize, other: usize) {
    let count = cluster.groups.len();
    let nodes: Vec<String> = cluster.nodes.iter().map(|node| node.name.clone()).collect();
    let Some(at) = one.checked_rem(count) else { return };
    let group = &mut cluster.groups[at];
    let resources = group.resources.len();
    match kind % 14 {
        0 => {
            let name = format!("x{}.{}", at, other % 3);
            let mut resource = ResourceDeclaration::new(name, "Thing");
            if let Some(first) = group.resources.first() {
                resource = resource.needs(format!("[{}]", first.name));
            }
            group.resources.push(resource);
        }
        1 if resources > 0 => {
            group.resources.remove(other % resources);
        }
        2 if resources > 0 => group.resources[other % resources].depends_on = None,
        3 if resources > 1 => {
            // The last resource may need the first one; the other direction could make a cycle.
            let provider = group.resources[other % resources].name.clone();
            group.resources[resources - 1].depends_on = Some(format!("[{provider}]").into());
        }
        4 if resources > 0 => {
            let owners = vec![nodes[other % nodes.len()].clone()];
            group.resources[other % resources].possible_owners = Some(owners);
        }
        5 if resources > 0 => group.resources[other % resources].possible_owners = None,
        6 => group.preferred_owners = vec![nodes[other % nodes.len()].clone()],
        7 => {
            let tiers = [Priority::LOW, Priority::HIGH, Priority::NO_AUTO_START];
            group.priority = Some(tiers[other % 3]);
        }
        8 => group.anti_affinity_classes = vec![["red", "blue"][other % 2].into()],
        9 => {
            group.demands.insert("mb".into(), [0, 5, 9][other % 3]);
        }
        10 if resources > 0 && count > 1 => {
            // A resource goes to the next group; other resources may still need it in the old
            // group.
            let moved = group.resources.remove(other % resources);
            cluster.groups[(at + 1) % count].resources.push(moved);
        }
        11 if resources > 0 => {
            group.resources[other % resources].kind = "Generic Application".into()
        }
        12 => group.resources.reverse(),
        _ => group.preferred_owners.push("nobody".into()),
    }
}
