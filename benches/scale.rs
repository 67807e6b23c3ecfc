//! A cluster of a thousand nodes and a million resources. It measures the time and memory to build
//! it, the loss of a node with a hundred groups compared with a small cluster, a question, and an
//! answer about an orphan among few and among many.
//!
//! `cargo bench --bench scale`; ten seconds and a gigabyte.

mod support;

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use quorate::cluster::Life;
use quorate::policy::Ring;
use quorate::spec::Limits;
use quorate::{Cluster, Incarnation, Input, Timestamp};

use support::Size;

const LARGE: Size = Size { nodes: 1_000, groups: 100_000, resources: 10, on_first: 100 };
const SMALL: Size = Size { groups: 1_000, ..LARGE };
const FAILURES: u32 = 31;
const QUESTIONS: u32 = 5;
const REPORTS: u32 = 1_000_000;

fn main() {
    build();
    let mut clusters = [&SMALL, &LARGE].map(|size| {
        let mut cluster = support::running(size);
        support::spread_checks(&mut cluster);
        cluster
    });
    // In turn, so that other work of the machine affects both.
    let mut failures = [const { Vec::new() }; 2];
    for _ in 0..FAILURES {
        for (cluster, failures) in clusters.iter().zip(&mut failures) {
            failures.push(failure(cluster));
        }
    }
    let [small, large] = failures.map(median);
    for (cluster, failure) in clusters.iter_mut().zip([small, large]) {
        let groups = cluster.spec().groups().len();
        let report = report(cluster);
        println!(
            "{groups} groups: node failure with 100 groups {failure:.1?}, alive report {report:.0?}"
        );
    }
    println!("ratio of node failures {:.2}", large.as_secs_f64() / small.as_secs_f64());
    for cluster in &clusters {
        let groups = cluster.spec().groups().len();
        println!("{groups} groups: what-if of that failure {:.1?}", question(cluster));
    }
    orphans();
}

/// Measures one answer about an orphan, among few and among many on its node.
fn orphans() {
    let size = Size::even(7, 2_000, 10);
    let clusters = [10, 10_000].map(|orphans| support::with_orphans(&size, orphans));
    let mut answers = [const { Vec::new() }; 2];
    for _ in 0..FAILURES {
        for ((cluster, stop), answers) in clusters.iter().zip(&mut answers) {
            let mut copy = cluster.clone();
            black_box(vec![1_u8; 64 << 20]);
            let start = Instant::now();
            support::succeed(&mut copy, *stop);
            answers.push(start.elapsed());
        }
    }
    let [few, many] = answers.map(median);
    println!("answer about an orphan: among 10 {few:.1?}, among 10000 {many:.1?}");
    println!("ratio of answers {:.2}", many.as_secs_f64() / few.as_secs_f64());
}

/// Measures the build. It runs first, because the peak of memory is that of the whole process.
fn build() {
    let start = Instant::now();
    let declaration = support::declaration(&LARGE);
    let declared = start.elapsed();
    let spec = declaration.build_within(&Limits::unlimited()).expect("the declaration is valid");
    let validated = start.elapsed();
    let cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
    println!(
        "built: {:.2?}, declared after {declared:.2?}, validated after {validated:.2?}",
        start.elapsed(),
    );
    println!("memory: {}", memory());
    black_box(&cluster);
}

/// Returns the peak and present size of this process, if the system provides them.
fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines =
        status.lines().filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"));
    lines.map(|line| line.replace('\t', " ")).collect::<Vec<_>>().join(", ")
}

fn median(mut spans: Vec<Duration>) -> Duration {
    spans.sort_unstable();
    spans[spans.len() / 2]
}

/// Measures the loss of the first node until the last operation that follows from it at once.
fn failure(cluster: &Cluster) -> Duration {
    let node = cluster.spec().node_id("node0").expect("the first node");
    let mut copy = cluster.clone();
    // The copy of a small cluster would still be in the caches, that of a large one would not. A
    // real failure finds cold caches in both.
    black_box(vec![1_u8; 256 << 20]);
    let start = Instant::now();
    let effects = support::lose(&mut copy, node);
    let elapsed = start.elapsed();
    assert_eq!(effects, 100, "the first resource of every group starts elsewhere");
    elapsed
}

/// Measures the rehearsal of the loss of the first node, until everything runs again.
fn question(cluster: &Cluster) -> Duration {
    let answers = (0..QUESTIONS).map(|_| {
        let start = Instant::now();
        let plan = cluster.what_if([Input::node_lost("node0", Life::Known)]);
        let elapsed = start.elapsed();
        let plan = plan.expect("the node is a member");
        assert_eq!(plan.groups.len(), 100, "every group of the node moves");
        elapsed
    });
    median(answers.collect())
}

/// Returns the mean cost of a report that a resource is alive.
fn report(cluster: &mut Cluster) -> Duration {
    let node = cluster.spec().node_id("node0").expect("the first node");
    let resource = cluster.spec().resource_id("r0.0").expect("the first resource");
    let incarnation = Incarnation::new(1);
    let begin = cluster.state().now();
    let start = Instant::now();
    for count in 0..REPORTS {
        let report = Input::resource_alive(resource, node, incarnation);
        let now = begin.after(Duration::from_micros(u64::from(count)));
        cluster.handle(now, black_box(report)).expect("it runs there");
    }
    start.elapsed() / REPORTS
}
