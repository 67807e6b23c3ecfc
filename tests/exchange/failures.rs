//! Where the servers go when nodes fail, one after another or together.

use quorate::cluster::{Command, Reason};
use quorate::machine::{GroupState, NodeState};
use quorate::plan::Rejection;
use quorate::settings::QuorumRule;
use quorate::{Cluster, GroupId, Input, InputError, NodeId};

use super::drive::{Drive, evs, fixture_4, fixture_7, node};

fn at_home() -> Drive {
    Drive::start(fixture_7(QuorumRule::DiskOnly))
}

/// Nodes that fail one after another, each dealt with before the next.
fn after(failures: &[usize]) -> Drive {
    let mut drive = at_home();
    for k in failures {
        drive.lose(*k);
        drive.settle();
    }
    drive
}

fn state(cluster: &Cluster, group: GroupId) -> GroupState {
    cluster.state().group_state(cluster.spec(), group)
}

#[test]
fn everything_starts_at_home() {
    assert_eq!(at_home().places(), [Some(1), Some(2), Some(3), Some(4)]);
}

#[test]
fn one_failure_goes_to_the_primary_spare() {
    assert_eq!(after(&[1]).places(), [Some(5), Some(2), Some(3), Some(4)]);
}

#[test]
fn each_further_failure_goes_to_the_next_spare() {
    assert_eq!(after(&[1, 2]).places(), [Some(5), Some(6), Some(3), Some(4)]);
    assert_eq!(after(&[1, 2, 3]).places(), [Some(5), Some(6), Some(7), Some(4)]);
}

#[test]
fn the_fourth_failure_leaves_a_server_failed() {
    let drive = after(&[1, 2, 3, 4]);
    assert_eq!(drive.places(), [Some(5), Some(6), Some(7), None]);
    // Soft placement takes the first of the list; admission refuses to start it there.
    assert_eq!(drive.cluster.state().owner(evs(4)), Some(node(5)));
    assert_eq!(state(&drive.cluster, evs(4)), GroupState::Failed);
    let why = drive.cluster.why(evs(4));
    assert_eq!(why, Some(Reason::NotAdmitted { node: node(5), because_of: evs(1) }));
}

#[test]
fn a_refused_server_takes_the_first_node_that_is_free_again() {
    for back in 1..=4 {
        let mut drive = after(&[1, 2, 3, 4]);
        drive.join(back);
        drive.settle();
        assert_eq!(drive.places(), [Some(5), Some(6), Some(7), Some(back)]);
    }
}

#[test]
fn an_alternate_spare_serves_if_the_primary_one_is_down() {
    assert_eq!(after(&[5, 1]).places(), [Some(6), Some(2), Some(3), Some(4)]);
}

#[test]
fn without_a_spare_a_server_stays_failed() {
    let drive = after(&[5, 6, 7, 1]);
    assert_eq!(drive.places(), [None, Some(2), Some(3), Some(4)]);
    assert_eq!(state(&drive.cluster, evs(1)), GroupState::Failed);
}

#[test]
fn two_nodes_that_fail_together_use_two_spares() {
    let mut drive = at_home();
    drive.lose(1);
    drive.lose(2);
    drive.settle();
    assert_eq!(drive.places(), [Some(5), Some(6), Some(3), Some(4)]);
}

#[test]
fn the_walk_goes_on_behind_the_node_that_failed() {
    assert_eq!(after(&[1, 5]).places(), [Some(6), Some(2), Some(3), Some(4)]);
}

#[test]
fn a_server_does_not_return_by_itself() {
    let mut drive = after(&[1]);
    drive.join(1);
    drive.settle();
    assert_eq!(drive.cluster.state().node_state(node(1)), NodeState::Up);
    assert_eq!(drive.place(1), Some(5));
}

#[test]
fn a_free_node_late_in_the_list_is_not_taken_before_a_spare() {
    let mut drive = after(&[1]);
    drive.join(1);
    drive.settle();
    drive.lose(2);
    drive.settle();
    assert_eq!(drive.places(), [Some(5), Some(6), Some(3), Some(4)]);
}

/// An operator's move of server 1.
fn moved(to: Option<NodeId>) -> Input {
    Command::move_group(evs(1)).maybe_to(to).into()
}

#[test]
fn the_best_possible_move_goes_home() {
    let mut drive = after(&[1]);
    drive.join(1);
    drive.settle();
    drive.input(moved(None));
    drive.settle();
    assert_eq!(drive.place(1), Some(1));
}

#[test]
fn an_operator_cannot_put_two_servers_on_one_node() {
    let mut drive = at_home();
    let before = drive.cluster.digest();
    let error = drive.cluster.handle(drive.now, moved(Some(node(2)))).expect_err("2 is taken");
    let rejection = Rejection::AntiAffinity { group: evs(2) };
    assert_eq!(error, InputError::MoveRefused { group: evs(1), node: node(2), rejection });
    assert_eq!(drive.cluster.digest(), before);
}

#[test]
fn four_nodes_bear_one_failure() {
    let mut drive = Drive::start(fixture_4());
    assert_eq!(drive.places(), [Some(1), Some(2), Some(3)]);
    drive.lose(1);
    drive.settle();
    assert_eq!(drive.places(), [Some(4), Some(2), Some(3)]);
    drive.lose(2);
    drive.settle();
    assert_eq!(drive.places(), [Some(4), None, Some(3)]);
    assert_eq!(state(&drive.cluster, evs(2)), GroupState::Failed);
    drive.join(1);
    drive.settle();
    assert_eq!(drive.places(), [Some(4), Some(1), Some(3)]);
}
