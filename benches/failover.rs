//! The cost of a failover, a report and a question in clusters of ordinary size.
//!
//! `cargo bench --bench failover`; the larger cluster takes most of the time.

mod support;

use std::cell::RefCell;

use divan::{Bencher, black_box};
use quorate::cluster::Life;
use quorate::policy::Ring;
use quorate::{Cluster, Incarnation, Input, NodeId, ResourceId, Timestamp};

use support::Size;

fn main() {
    divan::main();
}

/// Seven nodes with four groups of twelve resources, and a hundred nodes with a thousand groups.
const SIZES: [Size; 2] = [Size::even(7, 4, 12), Size::even(100, 1_000, 10)];

#[divan::bench(args = SIZES)]
fn build(bencher: Bencher<'_, '_>, size: &Size) {
    bencher.with_inputs(|| support::declaration(size)).bench_values(|declaration| {
        let spec = declaration
            .build_within(&quorate::spec::Limits::unlimited())
            .expect("the declaration is valid");
        Cluster::new(spec, Ring::new(), Timestamp::ZERO)
    });
}

/// Measures the loss of a node until the last operation that follows from it at once.
#[divan::bench(args = SIZES)]
fn node_failure(bencher: Bencher<'_, '_>, size: &Size) {
    let cluster = support::running(size);
    let node = cluster.spec().node_id("node0").expect("the first node");
    bencher
        .with_inputs(|| cluster.clone())
        .bench_local_refs(|cluster| support::lose(cluster, black_box(node)));
}

/// Measures the report of an agent that a resource is alive.
#[divan::bench(args = SIZES)]
fn alive_report(bencher: Bencher<'_, '_>, size: &Size) {
    let mut cluster = support::running(size);
    let (resource, node) = a_resource(&cluster);
    let incarnation = Incarnation::new(1);
    let begin = cluster.state().now().as_millis();
    let mut count = 0;
    bencher.bench_local(|| {
        count += 1;
        let report = Input::resource_alive(resource, node, incarnation);
        cluster.handle(Timestamp::from_millis(begin + count / 1_000), black_box(report))
    });
}

/// Measures a health check that falls due and is asked for.
#[divan::bench(args = SIZES, sample_count = 1_000, sample_size = 1)]
fn health_check(bencher: Bencher<'_, '_>, size: &Size) {
    let cluster = RefCell::new(support::running(size));
    support::spread_checks(&mut cluster.borrow_mut());
    let asked = RefCell::new(Vec::with_capacity(1));
    bencher
        .with_inputs(|| {
            for operation in asked.borrow_mut().drain(..) {
                support::succeed(&mut cluster.borrow_mut(), operation);
            }
        })
        .bench_local_values(|()| {
            asked.borrow_mut().push(support::next_check(&mut cluster.borrow_mut()));
        });
}

/// Measures the answer to a health check.
#[divan::bench(args = SIZES, sample_count = 1_000, sample_size = 1)]
fn health_answer(bencher: Bencher<'_, '_>, size: &Size) {
    let cluster = RefCell::new(support::running(size));
    support::spread_checks(&mut cluster.borrow_mut());
    bencher.with_inputs(|| support::next_check(&mut cluster.borrow_mut())).bench_local_values(
        |operation| {
            support::succeed(&mut cluster.borrow_mut(), operation);
        },
    );
}

/// Measures the rehearsal of the loss of a node, with all operations until everything runs again.
#[divan::bench(args = SIZES)]
fn what_if(bencher: Bencher<'_, '_>, size: &Size) {
    let cluster = support::running(size);
    bencher.bench_local(|| cluster.what_if([Input::node_lost(black_box("node0"), Life::Known)]));
}

fn a_resource(cluster: &Cluster) -> (ResourceId, NodeId) {
    let resource = cluster.spec().resource_id("r0.0").expect("the first resource");
    let group = cluster.spec().group_id("group0").expect("the first group");
    (resource, cluster.state().owner(group).expect("it is running"))
}
