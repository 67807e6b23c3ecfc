//! How costs grow: drains of more and more groups, a drain beside groups that wait for another node,
//! one move among many groups, and the start of a group whose chain gets longer.
//!
//! `cargo bench --bench growth`. Times are CPU times of this thread, the least of several runs. The
//! exponent compares a line with the line before: 1 is linear, 2 quadratic.

mod support;

use std::hint::black_box;
use std::time::Duration;

use cpu_time::ThreadTime;
use quorate::cluster::Command;
use quorate::policy::Ring;
use quorate::quorum::WitnessState;
use quorate::settings::{Failback, Fencing, QuorumRule};
use quorate::spec::{
    ClusterDeclaration, GroupDeclaration, Limits, NodeDeclaration, ResourceDeclaration,
};
use quorate::{Cluster, Input, NodeId, Timestamp};

const NODES: usize = 10;
const RUNS: usize = 7;

fn main() {
    println!("{:<42} {:>8} {:>12} {:>12} {:>9}", "", "size", "CPU time", "for each", "exponent");
    table("drain of groups that may fail back", &[100, 300, 1_000, 3_000], |groups| {
        least(&running(homes(groups)), drain)
    });
    table("drain of 100 groups beside groups that wait", &[0, 1_000, 10_000], |waiting| {
        least(&running(beside_waiting(waiting)), drain)
    });
    table("one move among groups that may fail back", &[100, 1_000, 10_000], |groups| {
        least(&running(homes(groups)), move_one)
    });
    table("start of a chain of resources", &[12, 100, 400, 800], |length| {
        least(&running(chain(length)), start)
    });
}

/// Prints a line for each size.
fn table(title: &str, sizes: &[usize], mut cost: impl FnMut(usize) -> Duration) {
    let mut before: Option<(usize, Duration)> = None;
    for size in sizes {
        let time = cost(*size);
        let each = if *size == 0 { Duration::ZERO } else { time / u32::try_from(*size).unwrap() };
        let exponent = before.filter(|(size, _)| *size > 0).map(|(smaller, earlier)| {
            let growth = time.as_secs_f64() / earlier.as_secs_f64();
            format!("{:.2}", growth.ln() / (*size as f64 / smaller as f64).ln())
        });
        let exponent = exponent.unwrap_or_default();
        println!("{title:<42} {size:>8} {time:>12.1?} {each:>12.1?} {exponent:>9}");
        before = Some((*size, time));
    }
}

/// Measures some work on copies of a cluster, and returns the least time.
fn least(cluster: &Cluster, work: impl Fn(&mut Cluster)) -> Duration {
    let run = || {
        let mut copy = cluster.clone();
        let start = ThreadTime::now();
        work(&mut copy);
        let time = start.elapsed();
        black_box(copy);
        time
    };
    (0..RUNS).map(|_| run()).min().unwrap_or_default()
}

fn node(cluster: &Cluster, name: &str) -> NodeId {
    cluster.spec().node_id(name).expect("it is declared")
}

fn drain(cluster: &mut Cluster) {
    let first = node(cluster, "n0");
    support::handle(cluster, Command::drain_node(first).into());
    support::carry_out(cluster);
}

fn move_one(cluster: &mut Cluster) {
    let group = cluster.spec().group_id("g0").expect("it is declared");
    let second = node(cluster, "n1");
    support::handle(cluster, Command::move_group(group).to(second).into());
    support::carry_out(cluster);
}

fn start(cluster: &mut Cluster) {
    let group = cluster.spec().group_id("g0").expect("it is declared");
    support::handle(cluster, Command::bring_group_online(group).into());
    support::carry_out(cluster);
}

fn nodes(name: &str) -> ClusterDeclaration {
    let mut cluster =
        ClusterDeclaration::new(name).quorum(QuorumRule::DiskOnly).fencing(Fencing::Trusted);
    for number in 0..NODES {
        cluster = cluster.node(format!("n{number}"));
    }
    cluster
}

/// Groups of one resource, all on the first node, which prefer all nodes and may fail back.
fn homes(groups: usize) -> ClusterDeclaration {
    let mut cluster = nodes("homes");
    for number in 0..groups {
        let mut group = GroupDeclaration::new(format!("g{number}"))
            .preferred_owners((0..NODES).map(|at| format!("n{at}")))
            .resource(ResourceDeclaration::new(format!("r{number}"), "Generic Service"));
        group.failback = Some(Failback::Allow);
        cluster = cluster.group(group);
    }
    cluster
}

/// A hundred groups on the first node, and groups that wait for room on a node of their own.
fn beside_waiting(waiting: usize) -> ClusterDeclaration {
    let mut cluster = homes(100);
    cluster.nodes.push(NodeDeclaration::new("full").capacity("places", 0));
    for number in 0..waiting {
        let resource = ResourceDeclaration::new(format!("w{number}"), "Generic Service");
        let group = GroupDeclaration::new(format!("waiting{number}"))
            .demand("places", 1)
            .resource(resource.possible_owners(["full"]));
        cluster = cluster.group(group);
    }
    cluster
}

/// One group that is off. Each of its resources needs the one before.
fn chain(length: usize) -> ClusterDeclaration {
    let mut group = GroupDeclaration::new("g0").preferred_owners(["n0"]);
    for number in 0..length {
        let mut resource = ResourceDeclaration::new(format!("r{number}"), "Generic Service");
        if let Some(before) = number.checked_sub(1) {
            resource = resource.needs(format!("[r{before}]"));
        }
        group = group.resource(resource);
    }
    group.desired = Some(quorate::settings::DesiredState::Offline);
    nodes("chain").group(group)
}

/// The cluster with every node up and every answer given.
fn running(declaration: ClusterDeclaration) -> Cluster {
    let spec = declaration.build_within(&Limits::unlimited()).expect("it is valid");
    let mut cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
    let nodes: Vec<NodeId> = cluster.spec().nodes().map(|(node, _)| node).collect();
    for node in nodes {
        support::join(&mut cluster, node, 1);
    }
    support::handle(&mut cluster, Input::witness_changed(WitnessState::Up));
    support::carry_out(&mut cluster);
    cluster
}
