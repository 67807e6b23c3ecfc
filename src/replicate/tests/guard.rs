//! The lease of a node, and what it allows.

use super::*;
use crate::agent::Admission;
use crate::replicate::{Demand, Denial, Guard, Leads, NotOff, Permission, Standing};
use crate::state::OperationKind;

fn grant(of: &NodeLife, sent: u64, floor: u64) -> Grant {
    Grant { life: of.clone(), sent: at(sent), floor }
}

/// The start of the disk on node a.
fn start() -> (Replica, crate::cluster::Effect<Names>) {
    let replica = formed("a", Fencing::Trusted);
    let effect = replica.duties(Leads::No).next().unwrap();
    assert_eq!(effect.action, OperationKind::Start);
    (replica, effect)
}

#[test]
fn nothing_starts_without_a_lease() {
    let (replica, start) = start();
    let mut guard = Guard::new(life("a", 1), timing());
    let applied = replica.applied();
    assert_eq!(guard.may(at(10), &replica, &start), Err(Denial::NoLease));
    guard.handle_grant(at(10), &grant(&life("a", 1), 5, applied));
    let begun = Permission::Agent(Admission::Begin);
    assert_eq!(guard.may(at(10), &replica, &start), Ok(begun));
    assert_eq!(guard.lease_ends(), Some(at(5).after(timing().lease)));
}

/// The lease counts from the moment at which the beat was sent, not from that of the grant.
#[test]
fn a_lease_ends_where_the_beat_says() {
    let (replica, start) = start();
    let mut guard = Guard::new(life("a", 1), timing());
    guard.handle_grant(at(900), &grant(&life("a", 1), 0, 0));
    let end = timing().lease.as_millis();
    let end = u64::try_from(end).unwrap();
    assert_eq!(guard.poll_timeout(), Some(at(end)));
    assert_eq!(guard.handle_timeout(at(end - 1)), None);
    assert_eq!(guard.handle_timeout(at(end)), Some(Demand::StopEverything));
    assert_eq!(guard.may(at(end), &replica, &start), Err(Denial::LifeOver));
    assert_eq!(guard.poll_timeout(), Some(at(end + 300)));
    assert_eq!(guard.handle_timeout(at(end + 299)), Some(Demand::StopEverything));
    assert_eq!(guard.handle_timeout(at(end + 300)), Some(Demand::ResetMachine));
    guard.handle_off(&life("a", 1));
    assert_eq!(guard.handle_timeout(at(end + 301)), None);
}

/// A grant that arrives when the lease has ended renews nothing.
#[test]
fn a_lease_that_ended_is_never_renewed() {
    let mut guard = Guard::new(life("a", 1), timing());
    guard.handle_grant(at(0), &grant(&life("a", 1), 0, 0));
    let late = at(0).after(timing().lease);
    guard.handle_grant(late, &grant(&life("a", 1), 1_900, 0));
    assert_eq!(guard.lease_ends(), None);
    assert!(guard.is_over(late));
    assert_eq!(guard.begin(Incarnation::new(2)), Err(NotOff));
    guard.handle_off(&life("a", 1));
    assert_eq!(guard.begin(Incarnation::new(1)), Err(NotOff));
    assert_eq!(guard.begin(Incarnation::new(2)), Ok(()));
    assert_eq!(guard.life(), &life("a", 2));
    // The grant of the life before is none for this one.
    guard.handle_grant(late, &grant(&life("a", 1), 1_950, 0));
    assert_eq!(guard.lease_ends(), None);
}

#[test]
fn grants_for_others_and_from_the_future_count_for_nothing() {
    let mut guard = Guard::new(life("a", 1), timing());
    guard.handle_grant(at(10), &grant(&life("b", 1), 5, 0));
    guard.handle_grant(at(10), &grant(&life("a", 2), 5, 0));
    guard.handle_grant(at(10), &grant(&life("a", 1), 11, 0));
    assert_eq!(guard.lease_ends(), None);
    // A grant that was under way for longer than a lease is none.
    guard.handle_grant(at(5_000), &grant(&life("a", 1), 5, 0));
    assert!(!guard.is_over(at(5_000)) && guard.lease_ends().is_none());
    // An earlier one that comes later takes nothing away.
    guard.handle_grant(at(5_000), &grant(&life("a", 1), 4_900, 0));
    guard.handle_grant(at(5_000), &grant(&life("a", 1), 4_800, 0));
    assert_eq!(guard.lease_ends(), Some(at(4_900).after(timing().lease)));
}

/// A disk hangs and beats go on: the operation may have been given up meanwhile.
#[test]
fn a_replica_that_lags_behind_starts_nothing() {
    let (mut replica, start) = start();
    let mut guard = Guard::new(life("a", 1), timing());
    let applied = replica.applied();
    guard.handle_grant(at(10), &grant(&life("a", 1), 5, applied + 1));
    let behind = Denial::Behind { applied, floor: applied + 1 };
    assert_eq!(guard.may(at(10), &replica, &start), Err(behind));
    replica.skip(applied + 1).unwrap();
    let begun = Permission::Agent(Admission::Begin);
    assert_eq!(guard.may(at(10), &replica, &start), Ok(begun));
}

/// A duty was kept while its node was lost: the replica knows that it was given up.
#[test]
fn what_was_given_up_does_not_start() {
    let (mut replica, start) = start();
    let mut guard = Guard::new(life("a", 1), timing());
    guard.handle_grant(at(10), &grant(&life("a", 1), 5, replica.applied()));
    apply(&mut replica, 2_000, [anonymous(Input::node_lost("a", Incarnation::new(1)))]);
    assert_eq!(guard.may(at(10), &replica, &start), Err(Denial::GivenUp));
}

#[test]
fn a_life_that_is_over_in_the_log_is_over_at_once() {
    for standing in [Standing::Unheard, Standing::Member] {
        let mut guard = Guard::new(life("a", 1), timing());
        guard.handle_standing(at(0), standing);
        assert!(!guard.is_over(at(0)));
    }
    let mut guard = Guard::new(life("a", 1), timing());
    guard.handle_standing(at(7), Standing::Over);
    assert_eq!(guard.handle_timeout(at(7)), Some(Demand::StopEverything));
    assert_eq!(guard.handle_timeout(at(307)), Some(Demand::ResetMachine));
}

/// The node stops everything first; an effect that arrives meanwhile is refused.
#[test]
fn a_node_that_leaves_starts_nothing_more() {
    let (replica, start) = start();
    let mut guard = Guard::new(life("a", 1), timing());
    guard.handle_grant(at(10), &grant(&life("a", 1), 5, 0));
    guard.leave(at(20));
    assert_eq!(guard.may(at(20), &replica, &start), Err(Denial::LifeOver));
    assert_eq!(guard.handle_timeout(at(20)), Some(Demand::StopEverything));
}

/// The keeper said that everything is off: the life is over, whatever the guard thought.
#[test]
fn the_word_of_the_keeper_ends_the_life() {
    let mut guard = Guard::new(life("a", 1), timing());
    guard.handle_grant(at(10), &grant(&life("a", 1), 5, 0));
    guard.handle_off(&life("a", 9));
    assert!(!guard.is_over(at(10)));
    guard.handle_off(&life("a", 1));
    assert!(guard.is_over(at(10)));
    assert_eq!(guard.handle_timeout(at(10)), None);
}

#[test]
fn the_next_life_is_above_all_that_are_known() {
    let next =
        |stored, known| Guard::next_life(Incarnation::new(stored), Incarnation::new(known)).value();
    assert_eq!((next(3, 0), next(0, 7), next(5, 5)), (4, 8, 6));
}

/// A start takes too long, so the log asks for a terminate, which waits behind it. When the start
/// ends the replica has fallen behind: the terminate begins only when it is asked for again.
#[test]
fn what_waited_is_judged_when_its_turn_comes() {
    use crate::agent::Ending;
    use crate::state::Outcome;

    let (mut replica, start) = start();
    let mut guard = Guard::new(life("a", 1), timing());
    guard.handle_grant(at(10), &grant(&life("a", 1), 5, replica.applied()));
    assert_eq!(guard.may(at(10), &replica, &start), Ok(Permission::Agent(Admission::Begin)));
    apply(&mut replica, 1_000_000, [Item { origin: None, body: Body::Timeout }]);
    let terminate = replica.duties(Leads::No).next().unwrap();
    assert_eq!(terminate.action, OperationKind::Terminate);
    assert_eq!(guard.may(at(10), &replica, &start), Err(Denial::GivenUp));
    let waits = guard.may(at(10), &replica, &terminate);
    assert!(matches!(waits, Ok(Permission::Agent(Admission::Wait { .. }))), "{waits:?}");

    let applied = replica.applied();
    guard.handle_grant(at(20), &grant(&life("a", 1), 15, applied + 1));
    let resource = start.resource.clone().unwrap();
    let ended = (start.operation, Outcome::Failed);
    assert_eq!(guard.end_operation(at(20), &replica, &resource, ended), Ending::Unknown);
    let behind = Denial::Behind { applied, floor: applied + 1 };
    assert_eq!(guard.may(at(20), &replica, &terminate), Err(behind));
    replica.skip(applied + 1).unwrap();
    let begun = Permission::Agent(Admission::Begin);
    assert_eq!(guard.may(at(21), &replica, &terminate), Ok(begun));
}
