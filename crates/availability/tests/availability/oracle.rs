//! Planted misbehaviour, and the promise that the oracle reports as broken.

use quorate::cluster::Effect;
use quorate::spec::{ClusterDeclaration, ClusterSpec, GroupDeclaration, ResourceDeclaration};
use quorate::state::OperationKind;
use quorate::{Epoch, GroupId, Incarnation, NodeId, OpId, ResourceId, Timestamp};
use quorate_availability::{Asked, GroundTruth, Simulation, Told};
use serde_json::json;

use crate::simulated::{RATES, exchange};

const DISK: ResourceId = ResourceId::new(0);
const SHARE: ResourceId = ResourceId::new(1);
const GROUP: GroupId = GroupId::new(0);

fn node(index: usize) -> NodeId {
    NodeId::from_index(index)
}

/// Returns a cluster of three nodes with a share that needs its disk.
fn spec() -> ClusterSpec {
    ClusterDeclaration::new("files")
        .node("a")
        .node("b")
        .node("c")
        .group(
            GroupDeclaration::new("share")
                .resource(ResourceDeclaration::new("disk", "Physical Disk"))
                .resource(ResourceDeclaration::new("share", "File Share").needs("[disk]")),
        )
        .build()
        .expect("the declaration is valid")
}

/// A world in which all nodes are members in their first life.
struct Court {
    truth: GroundTruth,
    operation: u64,
}

impl Court {
    fn new() -> Self {
        let mut truth = GroundTruth::new(&spec());
        for index in 0..3 {
            truth.boot(node(index), Incarnation::new(1), Told::Member);
        }
        Self { truth, operation: 0 }
    }

    /// Returns a world in which everything runs on the first node, in the first epoch.
    fn running() -> Self {
        let mut court = Self::new();
        for resource in [DISK, SHARE] {
            assert_eq!(court.ask(OperationKind::Start, resource, 0, 1), Ok(Asked::Begun));
            court.truth.finish(resource);
        }
        assert!(court.truth.is_serving(GROUP));
        court
    }

    fn ask(
        &mut self,
        action: OperationKind,
        resource: ResourceId,
        on: usize,
        epoch: u64,
    ) -> Result<Asked, String> {
        self.operation += 1;
        let effect: Effect = serde_json::from_value(json!({
            "operation": self.operation,
            "action": action,
            "node": node(on),
            "resource": (action != OperationKind::Fence).then_some(resource),
            "group": (action != OperationKind::Fence).then_some(GroupId::new(0)),
            "epoch": epoch,
            "incarnation": 1,
            "deadline": Timestamp::LATEST,
            "timeout_ms": u64::MAX,
        }))
        .expect("it is an effect");
        self.truth.ask(&effect).map_err(|breach| breach.to_string())
    }

    /// Asks for an operation and asserts that the oracle finds this promise broken.
    #[track_caller]
    fn breaks(
        &mut self,
        promise: &str,
        action: OperationKind,
        resource: ResourceId,
        on: usize,
        epoch: u64,
    ) {
        let words = self.ask(action, resource, on, epoch).expect_err(promise);
        assert!(words.starts_with(&format!("{promise}:")), "{words}");
    }
}

#[test]
fn what_runs_does_not_start_again() {
    Court::running().breaks("S1", OperationKind::Start, DISK, 0, 1);
}

#[test]
fn what_runs_on_one_node_does_not_start_on_another() {
    Court::running().breaks("S4", OperationKind::Start, DISK, 1, 2);
}

#[test]
fn nothing_starts_before_its_provider_has_started() {
    Court::new().breaks("S2", OperationKind::Start, SHARE, 0, 1);
    let mut court = Court::new();
    assert_eq!(court.ask(OperationKind::Start, DISK, 0, 1), Ok(Asked::Begun));
    court.breaks("S2", OperationKind::Start, SHARE, 0, 1);
}

#[test]
fn nothing_stops_before_its_dependent_has_stopped() {
    let mut court = Court::running();
    court.breaks("S3", OperationKind::Stop, DISK, 0, 1);
    assert_eq!(court.ask(OperationKind::Stop, SHARE, 0, 1), Ok(Asked::Begun));
    court.breaks("S3", OperationKind::Stop, DISK, 0, 1);
    court.truth.finish(SHARE);
    assert_eq!(court.ask(OperationKind::Stop, DISK, 0, 1), Ok(Asked::Begun));
}

#[test]
fn nothing_starts_and_nobody_is_fenced_without_quorum() {
    let mut court = Court::new();
    court.truth.tell(node(1), Told::Lost);
    assert_eq!(court.ask(OperationKind::Fence, DISK, 1, 0), Ok(Asked::Begun));
    court.truth.tell(node(2), Told::Lost);
    court.breaks("S5", OperationKind::Fence, DISK, 2, 0);
    court.breaks("S5", OperationKind::Start, DISK, 0, 1);
    let owner = court.truth.change_owner(GROUP, Epoch::new(2));
    assert!(owner.expect_err("no quorum").to_string().starts_with("S5:"));
}

#[test]
fn a_group_has_a_new_epoch_on_another_node_and_never_an_older_one() {
    let mut court = Court::running();
    court.truth.crash(node(0));
    court.truth.tell(node(0), Told::Off);
    court.breaks("S7", OperationKind::Start, DISK, 1, 1);
    assert_eq!(court.ask(OperationKind::Start, DISK, 1, 2), Ok(Asked::Begun));
    court.truth.finish(DISK);
    court.breaks("S7", OperationKind::Start, SHARE, 1, 1);
    let owner = court.truth.change_owner(GROUP, Epoch::new(2));
    assert!(owner.expect_err("the epoch is used").to_string().starts_with("S7:"));
}

#[test]
fn nothing_starts_elsewhere_before_the_old_owner_is_known_to_be_off() {
    let mut court = Court::running();
    court.truth.crash(node(0));
    court.truth.tell(node(0), Told::Lost);
    court.breaks("S9", OperationKind::Start, DISK, 1, 2);
    court.truth.tell(node(0), Told::Off);
    assert_eq!(court.ask(OperationKind::Start, DISK, 1, 2), Ok(Asked::Begun));
}

/// A group that its owner stopped in good order needs no other proof.
#[test]
fn what_has_stopped_may_start_elsewhere_whatever_becomes_of_the_old_owner() {
    let mut court = Court::running();
    for resource in [SHARE, DISK] {
        assert_eq!(court.ask(OperationKind::Stop, resource, 0, 1), Ok(Asked::Begun));
        court.truth.finish(resource);
    }
    court.truth.crash(node(0));
    court.truth.tell(node(0), Told::Lost);
    assert_eq!(court.ask(OperationKind::Start, DISK, 1, 2), Ok(Asked::Begun));
    // The group dies while it starts there, which is a different case.
    court.truth.crash(node(1));
    court.truth.tell(node(1), Told::Lost);
    court.truth.boot(node(0), Incarnation::new(1), Told::Member);
    court.breaks("S9", OperationKind::Start, DISK, 2, 3);
}

#[test]
fn one_operation_at_a_time() {
    let mut court = Court::running();
    assert_eq!(court.ask(OperationKind::CheckIsAlive, SHARE, 0, 1), Ok(Asked::Begun));
    court.breaks("S10", OperationKind::Stop, SHARE, 0, 1);
}

#[test]
fn no_operation_twice() {
    let mut court = Court::new();
    assert_eq!(court.ask(OperationKind::Start, DISK, 0, 1), Ok(Asked::Begun));
    court.truth.finish(DISK);
    court.operation -= 1;
    court.breaks("S11", OperationKind::Stop, DISK, 0, 1);
}

/// A dead disk is cleaned up at once, while its share still seems to run. It starts only after
/// that, and is up only when it has started.
#[test]
fn what_has_died_may_be_terminated_before_its_dependents_stop() {
    let mut court = Court::running();
    assert_eq!(court.truth.fail(DISK, node(0)), Incarnation::new(1));
    assert!(!court.truth.is_serving(GROUP));
    assert_eq!(court.ask(OperationKind::Terminate, DISK, 0, 1), Ok(Asked::Begun));
    court.truth.finish(DISK);
    assert_eq!(court.ask(OperationKind::Stop, SHARE, 0, 1), Ok(Asked::Begun));
    court.truth.finish(SHARE);
    court.breaks("S2", OperationKind::Start, SHARE, 0, 1);
    assert_eq!(court.truth.waves_to_start(GROUP), 2);
    assert_eq!(court.ask(OperationKind::Start, DISK, 0, 1), Ok(Asked::Begun));
    court.truth.finish(DISK);
    assert_eq!(court.truth.waves_to_start(GROUP), 1);
    assert!(!court.truth.is_serving(GROUP));
}

#[test]
fn nothing_starts_on_a_paused_or_lost_node() {
    for told in [Told::Paused, Told::Lost, Told::Off] {
        let mut court = Court::new();
        court.truth.tell(node(0), told);
        court.breaks("S16", OperationKind::Start, DISK, 0, 1);
    }
}

#[test]
fn only_who_is_lost_is_fenced() {
    Court::new().breaks("S26", OperationKind::Fence, DISK, 1, 0);
}

#[test]
fn what_a_dead_node_is_asked_is_not_heard() {
    let mut court = Court::new();
    court.truth.crash(node(0));
    assert_eq!(court.ask(OperationKind::Start, DISK, 0, 1), Ok(Asked::Unheard));
    assert_eq!(court.truth.active_on(GROUP), None);
}

/// A faulty core: every start from the hundredth on goes to the node after the right one.
#[test]
fn a_run_ends_with_the_seed_and_the_promise_that_was_broken() {
    fn misdirect(effect: &mut Effect) {
        if effect.action == OperationKind::Start && effect.operation >= OpId::new(100) {
            effect.node = NodeId::from_index((effect.node.index() + 1) % 7);
        }
    }
    let simulation = Simulation::new(&exchange([], RATES), 17).expect("the design is valid");
    let broken =
        simulation.tampered(misdirect).run(10.0, |_| ()).expect_err("it was tampered with");
    assert_eq!(broken.seed, 17);
    assert!(broken.years < 10.0);
    assert!(broken.to_string().starts_with("seed 17, "), "{broken}");
    assert!(broken.breach.to_string().starts_with('S'), "{broken}");
}
