use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::*;
use crate::cluster::keep::invariants::sample::{
    at, group, log, node, operation, resource, spec, state,
};
use crate::id::{Epoch, Incarnation, OpId};
use crate::machine::{NodeState, ResourceState};
use crate::settings::{DesiredState, Maintenance};
use crate::spec::ClusterDeclaration;
use crate::state::{
    Attributes, DownProof, DrainMode, DrainStatus, FailbackTarget, HomeWait, Lock, LockHandling,
    MoveFailure, MovementCause, OperationKind, OrphanState, Pause, Recovery, Tenure, Turn,
    WitnessState,
};

type Change = Box<dyn Fn(&mut ClusterState)>;

macro_rules! changes {
    ($($field:ident $(. $inner:tt)* = $value:expr;)*) => {
        [$(
            (Box::new(|state: &mut ClusterState| {
                let value = $value;
                assert_ne!(state.$field $(. $inner)*, value, "not a change");
                state.$field $(. $inner)* = value;
            })) as Change,
        )*]
    };
}

macro_rules! record_changes {
    ($list:ident, $index:expr; $($field:ident $(. $inner:ident)* = $value:expr;)*) => {
        [$(
            (Box::new(|state: &mut ClusterState| {
                let record = &mut state.$list[$index];
                let value = $value;
                assert_ne!(record.$field $(. $inner)*, value, "not a change");
                record.$field $(. $inner)* = value;
            })) as Change,
        )*]
    };
}

fn cluster() -> impl Iterator<Item = Change> {
    changes! {
        now = at(10_001);
        inputs = 41;
        next_operation = OpId::new(21);
        configuration = 3;
        last_declared = 1;
        witness = WitnessState::Down;
        wall_clock = None;
        quorate_since = None;
        formed_at = Some(at(401));
        resumed_at = Some(at(450));
    }
    .into_iter()
}

fn nodes() -> impl Iterator<Item = Change> {
    record_changes! { nodes, 1;
        state = NodeState::Up;
        incarnation = Incarnation::new(8);
        since = at(601);
        up_in_input = 5;
        attraction = FailbackTarget::Withheld;
        pause = Pause::Resumed;
        drain.status = DrainStatus::Failed;
        drain.mode = DrainMode::Normal;
        drain.target = None;
        drain.lock = LockHandling::Respect;
        drain.since = None;
        proof = DownProof::Left;
        fence.operation = Some(operation(17, OperationKind::Fence));
        fence.retry_at = Some(at(1));
        fence.attempts = log(&[1]);
        listed_in = 1;
        inquiry = None;
        attributes = Attributes::default();
        attributes = [("lag", 8), ("load", -1)].into_iter().collect();
        attributes = [("lag", 7)].into_iter().collect();
        attributes = [("log", 7), ("load", -1)].into_iter().collect();
    }
    .into_iter()
}

fn groups() -> impl Iterator<Item = Change> {
    let plain = record_changes! { groups, 1;
        owner = Some(node(0));
        epoch = Epoch::new(4);
        desired = DesiredState::Offline;
        ordered_in = Some(Epoch::new(1));
        default_owner = None;
        failovers = log(&[1]);
        movement = None;
        return_to = Some(node(1));
        queued = Some(crate::state::QueuedMove {
            to: None,
            on_failure: MoveFailure::Failover,
            lock: LockHandling::Respect,
        });
        lock = Lock::Locked;
        drained_from = None;
        last_failback = Some(at(1));
        placed_at = at(1_001);
        placed_in_input = 6;
        home_wait = HomeWait::Possible;
        turn = Turn::Awaited;
        tenure = Tenure::Struck;
    };
    let moved: [Change; 3] = [
        Box::new(|state| state.groups[1].movement.as_mut().unwrap().to = None),
        Box::new(|state| {
            state.groups[1].movement.as_mut().unwrap().cause = MovementCause::Operator;
        }),
        Box::new(|state| {
            state.groups[1].movement.as_mut().unwrap().on_failure = MoveFailure::Failover;
        }),
    ];
    plain.into_iter().chain(moved)
}

fn resources() -> impl Iterator<Item = Change> {
    record_changes! { resources, 0;
        state = ResourceState::InDoubt;
        since = at(2_001);
        desired = None;
        maintenance = Maintenance::Off;
        operation = None;
        late_start = crate::state::LateStart::Possible;
        doubt = crate::state::Doubt::WasOnline;
        restarts = log(&[1]);
        recovery = Recovery::Failover;
        run = None;
        failed_while = crate::state::FailedWhile::Starting;
        started_at = at(9);
        retries = 1;
        looked_alive_at = at(3_001);
        known_alive_at = at(2_501);
        declared_in = 1;
        vouched = crate::state::Vouched::Yes;
        sequence = 9;
    }
    .into_iter()
}

fn orphans() -> [Change; 3] {
    let place = || (node(3), resource("quorum"));
    [
        Box::new(move |state| {
            state.orphans.remove(&place());
        }),
        Box::new(move |state| {
            state.orphans.get_mut(&place()).unwrap().state = OrphanState::Terminating;
        }),
        Box::new(move |state| state.orphans.get_mut(&place()).unwrap().operation = None),
    ]
}

/// All digests differ from that of the sample and from each other.
#[test]
fn every_field_of_the_ground_state_counts() {
    let spec = spec();
    let changes: Vec<Change> =
        cluster().chain(nodes()).chain(groups()).chain(resources()).chain(orphans()).collect();
    let mut seen = BTreeSet::from([digest(&spec, &state(&spec), "ring")]);
    for (index, change) in changes.iter().enumerate() {
        let mut state = state(&spec);
        change(&mut state);
        assert!(seen.insert(digest(&spec, &state, "ring")), "change {index}");
    }
}

#[test]
fn the_index_does_not_count() {
    let spec = spec();
    let mut changed = state(&spec);
    changed.occupancy.leave(spec.group(group(0)).unwrap(), group(0), node(0));
    assert_eq!(digest(&spec, &changed, "ring"), digest(&spec, &state(&spec), "ring"));
}

#[test]
fn the_name_of_the_cluster_counts() {
    let spec = spec();
    let mut declaration = ClusterDeclaration::from(&spec);
    declaration.name = "other".into();
    let other = declaration.build().unwrap();
    assert_ne!(digest(&spec, &state(&spec), "ring"), digest(&other, &state(&other), "ring"));
}

/// S31: replicas with different policies have different digests.
#[test]
fn the_policy_counts() {
    let spec = spec();
    let state = state(&spec);
    assert_ne!(digest(&spec, &state, "ring"), digest(&spec, &state, "ring(7)"));
}

/// SipHash-1-3 of the same bytes, fed in one piece.
#[test]
fn numbers_are_little_endian_and_sizes_have_sixty_four_bits() {
    let mut hasher = PortableHasher(SipHasher13::new());
    hasher.write_u16(0x0102);
    hasher.write_usize(3);
    hasher.write_isize(-1);
    hasher.write_u32(4);
    let mut expected = SipHasher13::new();
    expected.write(&[2, 1, 3, 0, 0, 0, 0, 0, 0, 0]);
    expected.write(&[255; 8]);
    expected.write(&[4, 0, 0, 0]);
    assert_eq!(hasher.finish(), expected.finish());
}

/// Returns for each integer type what a number feeds, and what its bytes feed in little endian
/// order.
macro_rules! little_endian {
    ($($write:ident $type:ty;)*) => {
        [$({
            let number: $type = 0x12;
            let number = number.rotate_right(8).wrapping_add(0x34);
            let mut hasher = PortableHasher::default();
            hasher.$write(number);
            let mut bytes = PortableHasher::default();
            bytes.write(&number.to_le_bytes());
            (stringify!($write), hasher.finish(), bytes.finish())
        },)*]
    };
}

/// Checks that integers feed equal bytes on every platform, as replicas on different ones are
/// compared.
#[test]
fn integers_are_fed_alike_on_every_platform() {
    let fed = little_endian! {
        write_u8 u8; write_u16 u16; write_u32 u32; write_u64 u64; write_u128 u128;
        write_i8 i8; write_i16 i16; write_i32 i32; write_i64 i64; write_i128 i128;
    };
    for (write, found, expected) in fed {
        assert_eq!(found, expected, "{write}");
        assert_ne!(found, PortableHasher::default().finish(), "{write} feeds something");
    }
    let fed = |feed: fn(&mut PortableHasher)| {
        let mut hasher = PortableHasher::default();
        feed(&mut hasher);
        hasher.finish()
    };
    assert_eq!(fed(|hasher| hasher.write_usize(7)), fed(|hasher| hasher.write_u64(7)));
    assert_eq!(fed(|hasher| hasher.write_isize(-7)), fed(|hasher| hasher.write_i64(-7)));
}
