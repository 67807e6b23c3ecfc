//! The reports of nodes and operators, as a leader takes them in and proposes them.

use super::*;
use crate::cluster::Life;
use crate::replicate::{BeatError, Leads};

#[test]
fn reports_are_taken_once_and_in_order() {
    let (replica, mut leader) = heard();
    let a = life("a", 1);
    let start = replica.duties(Leads::No).next().unwrap();
    let second = report(&a, 2, finished(start.operation));
    let third = report(&a, 3, Input::resource_failed("disk", "a", a.incarnation).into());
    let first = report(&a, 1, joined(&a));
    leader.handle_reports(at(10_020), [first, third.clone(), second].into(), &replica);
    assert_eq!(inputs(&mut leader, 10_020, &replica), [finished(start.operation)]);
    leader.handle_reports(at(10_030), [third.clone(), third].into(), &replica);
    assert_eq!(inputs(&mut leader, 10_030, &replica).len(), 1);
}

/// The engine lost a proposal, and later reports follow at short intervals: all of them are taken
/// again, beginning with the one that is missing.
#[test]
fn reports_behind_a_lost_one_are_taken_again() {
    let (replica, mut leader) = heard();
    let a = life("a", 1);
    let failed = || Input::resource_failed("disk", "a", a.incarnation).into();
    let reports = |from: u64, to: u64| (from..=to).map(|of| report(&a, of, failed())).collect();
    leader.handle_reports(at(10_020), reports(2, 2), &replica);
    assert_eq!(inputs(&mut leader, 10_020, &replica).len(), 1);
    // Report 2 is lost; one more comes every tenth of a detection.
    let step = detection() / 10;
    let mut taken = Vec::new();
    for number in 3..16 {
        let now = 10_020 + step * (number - 2);
        leader.handle_reports(at(now), reports(2, number), &replica);
        taken.push(inputs(&mut leader, now, &replica).len());
    }
    assert!(taken.iter().any(|count| *count > 10), "{taken:?}");
}

/// The number of a word counts at once, so that the reports of its sender go on.
#[test]
fn the_word_of_an_operator_holds_up_no_reports() {
    for named in [Life::Known, Life::Of(Incarnation::new(1))] {
        let (replica, mut leader) = heard();
        let a = life("a", 1);
        let word = report(&a, 2, Input::node_confirmed_down("b", named));
        leader.handle_reports(at(10_030), [word].into(), &replica);
        let Some(Entry::V1(entry)) = leader.poll_entry(at(10_030), &replica) else {
            panic!("nothing is proposed");
        };
        let sent: Vec<&Item> = entry.items.iter().filter(|of| of.origin.is_some()).collect();
        assert!(matches!(sent.as_slice(), [Item { body: Body::Timeout, .. }]), "{sent:?}");
        let end = 10_010 + u64::try_from(timing().runs_until().as_millis()).unwrap();
        let down = Input::node_confirmed_down("b", Incarnation::new(1));
        assert!(!inputs(&mut leader, end - 1, &replica).contains(&down));
        assert!(inputs(&mut leader, end, &replica).contains(&down));
    }
}

/// An operator says that a node is off. Its lease may still let it run.
#[test]
fn the_word_of_an_operator_waits_for_the_lease() {
    let (replica, mut leader) = heard();
    confirm(&mut leader, 10_020, &replica);
    let word = || anonymous(Input::node_confirmed_down("b", Incarnation::new(1)));
    leader.handle_reports(at(10_030), [word()].into(), &replica);
    assert_eq!(inputs(&mut leader, 10_030, &replica), []);
    let end = 10_010 + u64::try_from(timing().runs_until().as_millis()).unwrap();
    let confirmed = |leader: &mut Leader, now| {
        let all = inputs(leader, now, &replica);
        all.contains(&Input::node_confirmed_down("b", Incarnation::new(1)))
    };
    assert!(!confirmed(&mut leader, end - 1));
    assert!(confirmed(&mut leader, end));
    // The node is heard: the operator is wrong.
    let (replica, mut leader) = heard();
    leader.handle_reports(at(10_030), [word()].into(), &replica);
    leader.handle_beat(at(10_040), beat(&life("b", 1), 99, &replica), &replica).unwrap();
    let all = inputs(&mut leader, 30_000, &replica);
    assert!(!all.contains(&Input::node_confirmed_down("b", Incarnation::new(1))), "{all:?}");
}

#[test]
fn the_word_of_a_keeper_is_a_proof() {
    let (replica, mut leader) = heard();
    leader.handle_off(at(10_020), life("b", 1));
    leader.handle_off(at(10_020), life("b", 1));
    let fenced = Input::node_fenced("b", Incarnation::new(1));
    assert_eq!(inputs(&mut leader, 10_020, &replica), [fenced]);
    let beat = beat(&life("b", 1), 99, &replica);
    assert_eq!(leader.handle_beat(at(10_021), beat, &replica), Err(BeatError::BeingLost));
    assert!(confirm(&mut leader, 10_030, &replica).iter().all(|of| of.life != life("b", 1)));
    // About a life that is over it says nothing new.
    leader.handle_off(at(10_040), life("b", 0));
    assert_eq!(inputs(&mut leader, 10_040, &replica), []);
}

/// Only silence may say that a node is lost, whatever proves it off, and only the node itself says
/// that it joins or leaves.
#[test]
fn reports_say_only_what_their_senders_know() {
    let (replica, mut leader) = heard();
    let a = life("a", 1);
    let lost = Input::node_lost("b", Incarnation::new(1));
    let joined_for_another = joined(&life("c", 2));
    let items = [report(&a, 2, lost.clone()), report(&a, 3, joined_for_another)];
    leader.handle_reports(at(10_020), items.into(), &replica);
    leader.handle_reports(at(10_020), [anonymous(lost.clone())].into(), &replica);
    assert_eq!(inputs(&mut leader, 10_020, &replica), []);
    for fencing in [Fencing::Required, Fencing::Operator] {
        let replica = formed("a", fencing);
        let mut leader = in_charge(10_000, &replica);
        leader.handle_reports(at(10_020), [anonymous(lost.clone())].into(), &replica);
        assert_eq!(inputs(&mut leader, 10_020, &replica), []);
    }
}

/// Names are compared without case, and a word about a later life is one about this life.
#[test]
fn a_word_waits_however_it_is_spelled() {
    for (node, incarnation) in [("B", 1), ("b", 2), ("B", 7)] {
        let (replica, mut leader) = heard();
        confirm(&mut leader, 10_020, &replica);
        let word = Input::node_confirmed_down(node, Incarnation::new(incarnation));
        leader.handle_reports(at(10_030), [anonymous(word.clone())].into(), &replica);
        assert_eq!(inputs(&mut leader, 10_030, &replica), []);
        leader.handle_beat(at(10_040), beat(&life("b", 1), 99, &replica), &replica).unwrap();
        let end = 10_040 + u64::try_from(timing().runs_until().as_millis()).unwrap();
        assert!(!inputs(&mut leader, end, &replica).contains(&word), "{node} {incarnation}");
    }
}

/// The word has been proposed and has not counted yet: a beat that comes only now ends in no grant,
/// for the log may already say that the node is off.
#[test]
fn a_word_that_was_proposed_ends_all_grants() {
    let (replica, mut leader) = heard();
    let word = Input::node_confirmed_down("b", Incarnation::new(1));
    leader.handle_reports(at(10_030), [anonymous(word.clone())].into(), &replica);
    let end = 10_030 + u64::try_from(timing().runs_until().as_millis()).unwrap();
    assert!(inputs(&mut leader, end, &replica).contains(&word));
    let late = leader.handle_beat(at(end + 1), beat(&life("b", 1), end, &replica), &replica);
    assert_eq!(late, Err(BeatError::BeingLost));
    let granted = confirm(&mut leader, end + 2, &replica);
    assert!(granted.iter().all(|grant| grant.life != life("b", 1)), "{granted:?}");
}

/// The engine loses an entry: the word of a keeper is proposed again until it counted.
#[test]
fn the_word_of_a_keeper_is_not_lost() {
    let (replica, mut leader) = heard();
    leader.handle_off(at(10_020), life("b", 1));
    let fenced = Input::node_fenced("b", Incarnation::new(1));
    assert_eq!(inputs(&mut leader, 10_020, &replica), core::slice::from_ref(&fenced));
    assert!(!inputs(&mut leader, 10_030, &replica).contains(&fenced));
    assert!(inputs(&mut leader, 10_020 + detection(), &replica).contains(&fenced));
    let mut replica = replica;
    apply(&mut replica, 2_000, [anonymous(fenced.clone())]);
    assert!(!inputs(&mut leader, 10_020 + 2 * detection(), &replica).contains(&fenced));
}
