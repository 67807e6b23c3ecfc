//! Steady inputs allocate nothing: what arrives all the time must cost little.
#![allow(unsafe_code, reason = "an allocator that counts is a global allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use quorate::spec::ClusterDeclaration;
use quorate::{Incarnation, Input, Outcome};

#[path = "../benches/support/mod.rs"]
mod support;

use support::Size;

/// The system's allocator, counting for each thread.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// So many bytes more, or fewer, are in use on this thread.
fn in_use(bytes: isize) {
    let live = LIVE.get() + bytes;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

// SAFETY: every call is handed on as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        BYTES.set(BYTES.get() + layout.size());
        in_use(layout.size().cast_signed());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        in_use(-layout.size().cast_signed());
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        BYTES.set(BYTES.get() + size);
        in_use(size.cast_signed() - layout.size().cast_signed());
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SIZE: Size = Size::even(7, 20, 12);

fn allocations(work: impl FnOnce()) -> u64 {
    let before = COUNT.get();
    work();
    COUNT.get() - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7)))), 1);
}

#[test]
fn a_report_that_a_resource_is_alive_allocates_nothing() {
    let mut cluster = support::running(&SIZE);
    let resource = cluster.spec().resource_id("r3.5").expect("the fourth group");
    let group = cluster.spec().group_id("group3").expect("the fourth group");
    let node = cluster.state().owner(group).expect("it is running");
    let incarnation = Incarnation::new(1);
    let count = allocations(|| {
        // Not as long as until the first check of another resource is due.
        for _ in 0..10_000 {
            let now = cluster.state().now().after(std::time::Duration::from_millis(5));
            let alive = Input::resource_alive(resource, node, incarnation);
            cluster.handle(now, alive).expect("it runs there");
            assert_eq!(cluster.poll_output(), None);
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn another_value_of_a_known_attribute_allocates_nothing() {
    let mut cluster = support::running(&SIZE);
    let node = cluster.spec().node_id("node1").expect("the second node");
    let mut report = |value: i64| {
        let input = Input::node_attribute_changed(node, "lag", value);
        // The name in the input becomes that of the event.
        let count = allocations(|| support::handle(&mut cluster, input));
        let told = core::iter::from_fn(|| cluster.poll_output()).count();
        (count, told)
    };
    assert_eq!(report(0).1, 1);
    // The queues find their size.
    report(1);
    for value in 2..1_000 {
        assert_eq!(report(value), (0, 1));
        assert_eq!(report(value), (0, 0), "it is known");
    }
}

/// Checks and answers that are counted; `STEPS=10000000` for a long time of them.
fn steps() -> usize {
    let asked = std::env::var("STEPS").ok().map(|steps| steps.parse().expect("STEPS is a number"));
    asked.unwrap_or(SIZE.groups * SIZE.resources * 3)
}

#[test]
fn health_checks_and_their_answers_allocate_nothing() {
    let mut cluster = support::running(&SIZE);
    support::spread_checks(&mut cluster);
    let mut check = |times: usize| {
        for _ in 0..times {
            let operation = support::next_check(&mut cluster);
            support::succeed(&mut cluster, operation);
            assert_eq!(cluster.poll_output(), None);
        }
    };
    // The queues find their size.
    check(SIZE.groups * SIZE.resources * 3);
    let steps = steps();
    assert_eq!(allocations(|| check(steps)), 0);
}

#[test]
fn an_operation_that_goes_on_allocates_nothing() {
    let mut cluster = support::running(&SIZE);
    support::spread_checks(&mut cluster);
    let operation = support::next_check(&mut cluster);
    let count = allocations(|| {
        for _ in 0..100 {
            support::handle(&mut cluster, Input::operation_progressed(operation));
        }
        let refused = cluster
            .handle(cluster.state().now(), Input::operation_finished(operation, Outcome::Running));
        assert!(refused.is_err(), "only a probe finds out that something runs");
    });
    assert_eq!(count, 0);
}

/// A look at all orphans of a node would make a list of them.
#[test]
fn an_answer_about_an_orphan_takes_no_more_memory_among_many() {
    let size = Size::even(3, 300, 10);
    let [few, many] = [10, 2_000].map(|orphans| {
        let (mut cluster, stop) = support::with_orphans(&size, orphans);
        let before = BYTES.get();
        support::succeed(&mut cluster, stop);
        BYTES.get() - before
    });
    assert!(many <= few + 1_024, "{few} bytes among 10, {many} among 2000");
}

/// The most memory that is in use while something is read, for each byte of it.
fn memory_per_byte<T: serde::de::DeserializeOwned>(text: &str) -> usize {
    let before = LIVE.get();
    PEAK.set(before);
    let read = serde_json::from_str::<T>(text);
    let peak = usize::try_from(PEAK.get() - before).expect("more than before");
    drop(std::hint::black_box(read));
    peak.div_ceil(text.len())
}

#[test]
fn what_is_read_takes_no_more_than_eight_times_its_length() {
    let cluster = support::running(&SIZE);
    let snapshot = serde_json::to_string(&cluster.snapshot()).expect("it is written");
    let declaration = serde_json::to_string(&support::declaration(&SIZE)).expect("it is written");
    let of_snapshot = memory_per_byte::<quorate::Snapshot>(&snapshot);
    let of_declaration = memory_per_byte::<ClusterDeclaration>(&declaration);
    println!("{of_snapshot} and {of_declaration} bytes for each byte");
    assert!(of_snapshot <= 8 && of_declaration <= 8, "{of_snapshot} and {of_declaration}");
}

/// The shortest texts for the most memory. It is more than eight times their length, and bounded by
/// it all the same: nothing says in advance how long a list will be.
#[test]
fn lists_of_nothing_are_bounded_by_their_length() {
    let list = |entry: &str| vec![entry; 100_000].join(",");
    let group = |owners: &str, resources: &str| {
        format!(r#"{{"name":"","preferred_owners":[{owners}],"resources":[{resources}]}}"#)
    };
    let declared = |nodes: &str, groups: &str| {
        format!(r#"{{"name":"c","nodes":[{nodes}],"groups":[{groups}]}}"#)
    };
    let texts = [
        declared("", &group(&list(r#""""#), "")),
        declared("", &group("", &list(r#"{"name":"","kind":""}"#))),
        declared("", &list(r#"{"name":"","resources":[]}"#)),
        declared(&list(r#"{"name":""}"#), ""),
        // Short forms of the same: arrays in place of objects, which are refused.
        declared(&list(r#"[""]"#), ""),
        declared("", &list(r#"["",[]]"#)),
        declared("", &group("", &list(r#"["",""]"#))),
    ];
    for text in texts {
        let bytes = memory_per_byte::<ClusterDeclaration>(&text);
        println!("{bytes} bytes for each byte of {text:.60}");
        assert!(bytes <= 16, "{bytes} for each byte of {text:.60}");
    }
    // The worst of all: a node that is its name alone.
    let bytes = memory_per_byte::<ClusterDeclaration>(&declared(&list(r#""""#), ""));
    println!("{bytes} bytes for each byte of bare names");
    assert!(bytes <= 48, "{bytes} for each byte of bare names");
    let running = [r#""""#, r#"{"resource":"","state":"online"}"#];
    for entry in running {
        let text = format!(
            r#"{{"node_joined":{{"node":"","incarnation":1,"running":[{}]}}}}"#,
            list(entry)
        );
        let bytes = memory_per_byte::<Input<quorate::id::Names>>(&text);
        println!("{bytes} bytes for each byte of {text:.60}");
        assert!(bytes <= 16, "{bytes} for each byte of {text:.60}");
    }
}
