//! A state with every kind of record in it, built by hand.

use core::time::Duration;

use crate::id::{Epoch, GroupId, Incarnation, NodeId, OpId, ResourceId};
use crate::machine::{FailureLog, NodeState, ResourceState};
use crate::settings::{DesiredState, Maintenance, QuorumRule};
use crate::spec::{ClusterDeclaration, ClusterSpec, GroupDeclaration, ResourceDeclaration};
use crate::state::{
    ClusterState, DownProof, Drain, DrainMode, DrainStatus, FailbackTarget, FailedNode,
    FailedNodes, FailedWhile, Fence, HomeWait, LateStart, Lock, LockHandling, MoveFailure,
    Movement, MovementCause, NoRestartCause, Operation, OperationKind, Orphan, OrphanState, Pause,
    QueuedMove, Recovery, Room, Tenure, Turn, Vouched, WitnessState,
};
use crate::time::{Timestamp, WallClock};

pub(crate) const NOW: u64 = 10_000;

/// Returns the id of the node with this number.
pub(crate) fn node(number: u32) -> NodeId {
    NodeId::new(number)
}

/// Returns the id of the group with this number.
pub(crate) fn group(number: u32) -> GroupId {
    GroupId::new(number)
}

/// Returns the time so many milliseconds after the origin.
pub(crate) fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Returns an operation that was issued at 9,000 ms and reported progress at 9,500 ms.
pub(crate) fn operation(id: u64, kind: OperationKind) -> Operation {
    Operation { id: OpId::new(id), kind, issued_at: at(9_000), progress_at: at(9_500) }
}

/// Returns a log of failures at these times, in milliseconds.
pub(crate) fn log(entries: &[u64]) -> FailureLog {
    FailureLog::from_entries(entries.iter().map(|millis| at(*millis)).collect())
}

/// Returns a resource of the sample, by name.
pub(crate) fn resource(name: &str) -> ResourceId {
    spec().resource_id(name).expect("declared below")
}

fn service(name: &str) -> ResourceDeclaration {
    ResourceDeclaration::new(name, "Generic Service")
}

/// Returns a validated cluster of five nodes for the tests of invariants.
pub(crate) fn spec() -> ClusterSpec {
    let declaration = ClusterDeclaration::new("sample")
        .node("a")
        .node("b")
        .node("c")
        .node("d")
        .node("e")
        .group(
            GroupDeclaration::new("mail")
                .resource(service("disk"))
                .resource(service("ip"))
                .resource(service("ip6"))
                .resource(service("name").needs("([ip] or [ip6])"))
                .resource(service("store").needs("[disk] and [name]")),
        )
        .group(
            GroupDeclaration::new("files")
                .resource(service("quorum"))
                .resource(service("share").needs("[quorum]")),
        )
        .group(GroupDeclaration::new("lost").resource(service("tape")))
        .group(
            GroupDeclaration::new("doubt")
                .resource(service("printer"))
                .resource(service("spooler")),
        )
        .group(GroupDeclaration::new("idle").resource(service("job")));
    // The disk alone decides, so that tests can change the states of nodes one by one.
    let quorum = Some(QuorumRule::DiskOnly);
    ClusterDeclaration { quorum, ..declaration }.build().expect("a valid declaration")
}

/// Nodes: `a` up, `b` paused and drained, `c` lost and being fenced, `d` joining with orphans, `e`
/// down. Groups: `mail` starts on `a`, `files` leaves `b` for `a`, `lost` is on `c`, `doubt` is in
/// doubt on `a`, `idle` has no owner.
pub(crate) fn state(spec: &ClusterSpec) -> ClusterState {
    let mut state = ClusterState::new(spec, at(100));
    state.now = at(NOW);
    state.inputs = 40;
    state.next_operation = OpId::new(20);
    state.configuration = 2;
    state.last_declared = 2;
    state.witness = WitnessState::Up;
    let reading = WallClock { utc_millis_of_day: 3_600_000, utc_offset_minutes: -60 };
    state.wall_clock = Some((at(300), reading));
    state.formed_at = Some(at(400));
    state.quorate_since = Some(at(500));
    nodes(&mut state);
    groups(&mut state);
    resources(&mut state);
    let stopping = operation(16, OperationKind::Stop);
    let orphan = Orphan { state: OrphanState::Stopping, operation: Some(stopping) };
    state.orphans.insert((node(3), resource("quorum")), orphan);
    let orphan = Orphan { state: OrphanState::InDoubt(at(9_900)), operation: None };
    state.orphans.insert((node(3), resource("ip")), orphan);
    for group in [0, 1, 2, 3] {
        state.groups[group].room = Room::Taken;
    }
    state.occupancy = state.rebuilt_occupancy(spec);
    state
}

fn nodes(state: &mut ClusterState) {
    for (index, reached) in
        [NodeState::Up, NodeState::Paused, NodeState::Unclean, NodeState::Joining]
            .into_iter()
            .enumerate()
    {
        let record = &mut state.nodes[index];
        record.state = reached;
        record.incarnation = Incarnation::new(7);
        record.since = at(600);
        record.up_in_input = 4;
        record.proof = DownProof::Trusted;
    }
    state.nodes[0].attraction = FailbackTarget::Withheld;
    state.nodes[0].listed_in = 2;
    state.nodes[1].inquiry = Some(operation(8, OperationKind::Inventory));
    state.nodes[1].attributes = [("lag", 7), ("load", -1)].into_iter().collect();
    state.nodes[1].pause = Pause::Requested;
    state.nodes[1].drain = Drain {
        status: DrainStatus::InProgress,
        mode: DrainMode::Forced,
        target: Some(node(0)),
        lock: LockHandling::Override,
        since: Some(at(600)),
    };
    state.nodes[2].fence = Fence {
        operation: Some(operation(10, OperationKind::Fence)),
        retry_at: None,
        attempts: log(&[700, 9_000]),
    };
    state.nodes[1].fence.retry_at = Some(at(20_000));
    state.nodes[4].incarnation = Incarnation::new(6);
    state.nodes[4].proof = DownProof::Operator;
}

fn groups(state: &mut ClusterState) {
    for (index, owner) in [0, 1, 2, 0].into_iter().enumerate() {
        let record = &mut state.groups[index];
        record.owner = Some(node(owner));
        record.epoch = Epoch::new(3);
        record.default_owner = Some(node(owner));
        record.placed_at = at(1_000);
        record.placed_in_input = 5;
        record.home_wait = HomeWait::Over;
    }
    let mail = &mut state.groups[0];
    mail.failovers = log(&[1_000, 1_000]);
    mail.failed_on = FailedNodes::from_entries(alloc::vec![
        FailedNode {
            node: node(3),
            incarnation: Incarnation::new(7),
            at: at(1_000),
            for_good: Some(resource("store")),
        },
        FailedNode { node: node(4), incarnation: Incarnation::new(5), at: at(900), for_good: None },
    ]);
    mail.ordered_in = Some(Epoch::new(2));
    mail.return_to = Some(node(1));
    mail.lock = Lock::Locked;
    mail.last_failback = Some(at(1_000));
    let files = &mut state.groups[1];
    files.movement = Some(Movement {
        to: Some(node(0)),
        cause: MovementCause::Drain,
        on_failure: MoveFailure::ReturnToSource,
    });
    files.drained_from = Some(node(1));
    state.groups[3].desired = DesiredState::Offline;
    state.groups[4].turn = Turn::Awaited;
    state.groups[3].tenure = Tenure::Struck;
    state.groups[4].queued = Some(QueuedMove {
        to: Some(node(4)),
        on_failure: MoveFailure::ReturnToSource,
        lock: LockHandling::Override,
    });
}

fn resources(state: &mut ClusterState) {
    let records = [
        ("disk", ResourceState::Online, Some((11, OperationKind::CheckIsAlive))),
        ("ip", ResourceState::Online, None),
        ("ip6", ResourceState::Failed, None),
        ("name", ResourceState::OnlinePending, Some((12, OperationKind::Start))),
        ("store", ResourceState::Offline, None),
        ("quorum", ResourceState::Online, Some((9, OperationKind::CheckLooksAlive))),
        ("share", ResourceState::OfflinePending, Some((13, OperationKind::Stop))),
        ("tape", ResourceState::InDoubt, None),
        ("printer", ResourceState::InDoubt, Some((14, OperationKind::Probe))),
        ("spooler", ResourceState::Terminating, Some((15, OperationKind::Terminate))),
    ];
    for (name, reached, in_flight) in records {
        let record = &mut state.resources[resource(name).index()];
        record.state = reached;
        record.since = at(2_000);
        record.operation = in_flight.map(|(id, kind)| operation(id, kind));
        record.run = match in_flight {
            Some((id, OperationKind::Start)) => Some(OpId::new(id)),
            Some(_) | None => reached.may_run().then_some(OpId::new(3)),
        };
        record.started_at = at(1_900);
        record.online_until = at(1_800);
        record.looked_alive_at = at(3_000);
        record.known_alive_at = at(2_500);
        record.sequence = 8;
    }
    let failed = &mut state.resources[resource("ip6").index()];
    failed.recovery = Recovery::RetryAt { at: Some(at(50_000)), cause: NoRestartCause::Redundant };
    failed.restarts = log(&[1_500]);
    failed.failed_while = FailedWhile::Starting;
    failed.declared_in = 2;
    failed.vouched = Vouched::Yes;
    failed.retries = 2;
    state.resources[resource("tape").index()].late_start = LateStart::Possible;
    let online = &mut state.resources[resource("disk").index()];
    online.maintenance = Maintenance::On;
    online.desired = Some(DesiredState::Online);
}

/// Checks that the sample is sound an hour later as well.
#[test]
fn the_sample_is_sound() {
    let spec = spec();
    let mut state = state(&spec);
    assert_eq!(super::check(&spec, &state), Ok(()));
    state.now = state.now.after(Duration::from_secs(3_600));
    assert_eq!(super::check(&spec, &state), Ok(()));
}
