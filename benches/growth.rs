//! How costs grow: with what an input touches, and with what it does not touch.
//!
//! `cargo bench --bench growth` prints CPU times of this thread, the least of several runs. The
//! exponent compares a line with the line before: 1 is linear, 2 quadratic.
//!
//! `growth --once JOB SIZE` does one job once, for a tool that counts the instructions of
//! `growth::measured`. `ci/growth` does that for all jobs, and holds the growth to its bounds.

mod support;

use std::hint::black_box;
use std::time::Duration;

use cpu_time::ThreadTime;
use quorate::cluster::Command;
use quorate::policy::{Ring, Trigger};
use quorate::quorum::WitnessState;
use quorate::settings::{Failback, Fencing, QuorumRule};
use quorate::spec::{
    ClusterDeclaration, GroupDeclaration, Limits, NodeDeclaration, ResourceDeclaration,
};
use quorate::{Cluster, Incarnation, Input, NodeId, Timestamp};

const NODES: usize = 10;
const RUNS: usize = 7;

/// One job: the cluster of a size, and the work that is measured.
struct Job {
    name: &'static str,
    title: &'static str,
    sizes: &'static [usize],
    declaration: fn(usize) -> ClusterDeclaration,
    work: fn(&mut Cluster),
}

const JOBS: &[Job] = &[
    Job {
        name: "drain",
        title: "drain of groups that may fail back",
        sizes: &[100, 300, 1_000, 3_000],
        declaration: homes,
        work: drain,
    },
    Job {
        name: "drain_beside_waiting",
        title: "drain of 100 groups beside groups that wait",
        sizes: &[0, 1_000, 10_000],
        declaration: beside_waiting,
        work: drain,
    },
    Job {
        name: "move",
        title: "one move among groups that may fail back",
        sizes: &[100, 1_000, 10_000],
        declaration: homes,
        work: move_one,
    },
    Job {
        name: "lost_node",
        title: "a lost node with 10 groups among groups",
        sizes: &[100, 1_000, 10_000],
        declaration: ten_on_first,
        work: lose_first,
    },
    Job {
        name: "full_plan",
        title: "a lost node, 7x4x12, 8x100x10, 32x1000x10",
        sizes: &[4, 100, 1_000],
        declaration: ordinary,
        work: lose_first,
    },
    Job {
        name: "failed_resource",
        title: "a resource that fails and restarts among groups",
        sizes: &[100, 1_000, 10_000],
        declaration: ten_on_first,
        work: fail_one,
    },
    Job {
        name: "explain",
        title: "where a group would go, among nodes",
        sizes: &[50, 100, 200],
        declaration: among_nodes,
        work: explain,
    },
    Job {
        name: "chain",
        title: "start of a chain of resources",
        sizes: &[12, 100, 400, 800],
        declaration: chain,
        work: start,
    },
    Job {
        name: "tree",
        title: "start of a tree of resources",
        sizes: &[12, 100, 400, 800],
        declaration: tree,
        work: start,
    },
    Job {
        name: "fan",
        title: "start of resources that need the first one",
        sizes: &[12, 100, 400, 800],
        declaration: fan,
        work: start,
    },
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "--once", job, size] => once(job, size.parse().expect("the size is a number")),
        _ => tables(),
    }
}

/// Does one job once.
fn once(name: &str, size: usize) {
    let job = JOBS.iter().find(|job| job.name == name).expect("there is such a job");
    let mut cluster = running((job.declaration)(size));
    measured(&mut cluster, job.work);
    black_box(cluster);
}

/// Does the work. A tool that counts instructions finds it by its name.
#[inline(never)]
fn measured(cluster: &mut Cluster, work: fn(&mut Cluster)) {
    work(black_box(cluster));
}

fn tables() {
    println!("{:<48} {:>8} {:>12} {:>12} {:>9}", "", "size", "CPU time", "for each", "exponent");
    for job in JOBS {
        table(job);
    }
}

/// Prints a line for each size.
fn table(job: &Job) {
    let (title, mut before): (_, Option<(usize, Duration)>) = (job.title, None);
    for size in job.sizes {
        let time = least(&running((job.declaration)(*size)), job.work);
        let each = if *size == 0 { Duration::ZERO } else { time / u32::try_from(*size).unwrap() };
        let exponent = before.filter(|(size, _)| *size > 0).map(|(smaller, earlier)| {
            let growth = time.as_secs_f64() / earlier.as_secs_f64();
            format!("{:.2}", growth.ln() / (*size as f64 / smaller as f64).ln())
        });
        let exponent = exponent.unwrap_or_default();
        println!("{title:<48} {size:>8} {time:>12.1?} {each:>12.1?} {exponent:>9}");
        before = Some((*size, time));
    }
}

/// Measures some work on copies of a cluster, and returns the least time.
fn least(cluster: &Cluster, work: fn(&mut Cluster)) -> Duration {
    let run = || {
        let mut copy = cluster.clone();
        let start = ThreadTime::now();
        measured(&mut copy, work);
        let time = start.elapsed();
        black_box(copy);
        time
    };
    (0..RUNS).map(|_| run()).min().unwrap_or_default()
}

fn lose_first(cluster: &mut Cluster) {
    let first = cluster.spec().nodes().map(|(node, _)| node).next().expect("a node");
    support::lose(cluster, first);
    support::carry_out(cluster);
}

fn fail_one(cluster: &mut Cluster) {
    let resource = cluster.spec().resource_id("r0").expect("it is declared");
    let group = cluster.spec().resource(resource).expect("it is declared").group();
    let owner = cluster.state().owner(group).expect("it has an owner");
    let failed = Input::resource_failed(resource, owner, Incarnation::new(1));
    support::handle(cluster, failed.into());
    support::carry_out(cluster);
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

fn explain(cluster: &mut Cluster) {
    let group = cluster.spec().group_id("g0").expect("it is declared");
    black_box(cluster.explain(group, Trigger::NodeFailure));
}

fn nodes(name: &str) -> ClusterDeclaration {
    several_nodes(name, NODES)
}

fn several_nodes(name: &str, count: usize) -> ClusterDeclaration {
    let mut cluster =
        ClusterDeclaration::new(name).quorum(QuorumRule::DiskOnly).fencing(Fencing::Trusted);
    for number in 0..count {
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

/// Nodes, groups and resources of each group as in clusters of ordinary size.
fn ordinary(groups: usize) -> ClusterDeclaration {
    let (nodes, resources) = match groups {
        4 => (7, 12),
        100 => (8, 10),
        _ => (32, 10),
    };
    support::declaration(&support::Size::even(nodes, groups, resources))
}

/// Ten groups on the first node, and as many others on the other nodes.
fn ten_on_first(groups: usize) -> ClusterDeclaration {
    let mut cluster = nodes("ten");
    for number in 0..groups {
        let home = if number < 10 { 0 } else { 1 + number % (NODES - 1) };
        let group = GroupDeclaration::new(format!("g{number}"))
            .preferred_owners([format!("n{home}"), format!("n{}", (home + 1) % NODES)])
            .resource(ResourceDeclaration::new(format!("r{number}"), "Generic Service"));
        cluster = cluster.group(group);
    }
    cluster
}

/// One group, which may go to every node.
fn among_nodes(count: usize) -> ClusterDeclaration {
    let resource = ResourceDeclaration::new("r0", "Generic Service");
    several_nodes("among", count).group(GroupDeclaration::new("g0").resource(resource))
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
    linked(length, |number| number.checked_sub(1))
}

/// One group that is off. Two resources need each.
fn tree(resources: usize) -> ClusterDeclaration {
    linked(resources, |number| number.checked_sub(1).map(|before| before / 2))
}

/// One group that is off. All of its resources need the first one.
fn fan(resources: usize) -> ClusterDeclaration {
    linked(resources, |number| (number > 0).then_some(0))
}

fn linked(resources: usize, provider: fn(usize) -> Option<usize>) -> ClusterDeclaration {
    let mut group = GroupDeclaration::new("g0").preferred_owners(["n0"]);
    for number in 0..resources {
        let mut resource = ResourceDeclaration::new(format!("r{number}"), "Generic Service");
        if let Some(before) = provider(number) {
            resource = resource.needs(format!("[r{before}]"));
        }
        group = group.resource(resource);
    }
    group.desired = Some(quorate::settings::DesiredState::Offline);
    nodes("linked").group(group)
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
