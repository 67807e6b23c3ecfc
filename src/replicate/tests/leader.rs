//! The leader: whom it grants a lease, whom it gives up, and what it proposes.

use super::*;
use crate::cluster::Life;
use crate::replicate::{BeatError, Charge, ChargeError, Guard, Leads};

fn second() -> u64 {
    u64::try_from(timing().detection.as_millis()).unwrap()
}

/// A charge of node a at its time 10,000, with beats of all three nodes.
fn heard() -> (Replica, Leader) {
    let replica = formed("a", Fencing::Trusted);
    let mut leader = in_charge(10_000, &replica);
    for name in ["a", "b", "c"] {
        let beat = beat(&life(name, 1), 77, &replica);
        leader.handle_beat(at(10_010), beat, &replica).unwrap();
    }
    (replica, leader)
}

#[test]
fn a_grant_needs_a_round_that_began_after_the_beat() {
    let replica = formed("a", Fencing::Trusted);
    let mut leader = in_charge(10_000, &replica);
    let early = leader.begin_round(at(10_000)).unwrap();
    leader.handle_beat(at(10_000), beat(&life("b", 1), 77, &replica), &replica).unwrap();
    assert_eq!(leader.handle_confirmed(at(10_001), early, 1, &replica), []);
    let round = leader.begin_round(at(10_002)).unwrap();
    // Of another term it proves nothing.
    assert_eq!(leader.handle_confirmed(at(10_003), round, 2, &replica), []);
    let grants = leader.handle_confirmed(at(10_003), round, 1, &replica);
    let expected = Grant { life: life("b", 1), sent: at(77), applied: replica.applied() };
    assert_eq!(grants, [expected]);
    // Each beat is answered once.
    assert_eq!(leader.handle_confirmed(at(10_004), round, 1, &replica), []);
}

#[test]
fn only_members_are_granted_anything() {
    let replica = formed("a", Fencing::Trusted);
    let mut leader = in_charge(10_000, &replica);
    for of in [life("b", 2), life("x", 1)] {
        leader.handle_beat(at(10_000), beat(&of, 1, &replica), &replica).unwrap();
    }
    assert_eq!(confirm(&mut leader, 10_001, &replica), []);
    // The old life of a node that is heard in a new one.
    let old = beat(&life("b", 1), 5, &replica);
    let error = leader.handle_beat(at(10_002), old, &replica);
    assert_eq!(error, Err(BeatError::OldLife(Incarnation::new(2))));
}

#[test]
fn silence_is_a_loss_after_detection() {
    let (replica, mut leader) = heard();
    confirm(&mut leader, 10_020, &replica);
    let end = 10_010 + second();
    for now in (10_100..end).step_by(100) {
        for name in ["a", "c"] {
            let beat = beat(&life(name, 1), now, &replica);
            leader.handle_beat(at(now), beat, &replica).unwrap();
        }
        confirm(&mut leader, now, &replica);
    }
    inputs(&mut leader, end - 1, &replica);
    assert_eq!(
        leader.quiet(at(end - 1)).map(|(of, _)| of.node.as_str()).collect::<Vec<_>>(),
        ["b"]
    );
    assert!(leader.poll_timeout(&replica) <= at(end));
    let lost = inputs(&mut leader, end, &replica);
    assert_eq!(lost, [Input::node_lost("b", Incarnation::new(1))]);
    // It is proposed once, and never granted anything from then on.
    assert_eq!(inputs(&mut leader, end + 1, &replica), []);
    let late = leader.handle_beat(at(end + 1), beat(&life("b", 1), 9, &replica), &replica);
    assert_eq!(late, Err(BeatError::BeingLost));
    // If the engine lost the entry, it is proposed again.
    for now in (end..end + second()).step_by(500) {
        confirm(&mut leader, now + 400, &replica);
    }
    let again = inputs(&mut leader, end + second(), &replica);
    assert!(again.contains(&Input::node_lost("b", Incarnation::new(1))), "{again:?}");
}

/// Nobody is lost because the leader itself was cut off.
#[test]
fn a_leader_that_was_cut_off_gives_nobody_up() {
    let (replica, mut leader) = heard();
    confirm(&mut leader, 10_020, &replica);
    let guard = Guard::new(life("a", 1), timing());
    let half = second().div_ceil(2);
    assert_eq!(leader.charge(at(10_020 + half - 1), &replica, &guard), Charge::Holds);
    assert_eq!(leader.charge(at(10_020 + half), &replica, &guard), Charge::CutOff);
    assert_eq!(inputs(&mut leader, 20_000, &replica), []);
    confirm(&mut leader, 20_000, &replica);
    assert_eq!(inputs(&mut leader, 20_001, &replica), []);
    confirm(&mut leader, 20_000 + second() - 1, &replica);
    assert_eq!(inputs(&mut leader, 20_000 + second() - 1, &replica), []);
}

/// A new leader begins to listen when it takes charge.
#[test]
fn a_new_leader_is_patient() {
    let replica = formed("a", Fencing::Trusted);
    let mut leader = in_charge(50_000, &replica);
    confirm(&mut leader, 50_000 + second() - 1, &replica);
    assert_eq!(inputs(&mut leader, 50_000 + second() - 1, &replica), []);
    confirm(&mut leader, 50_000 + second() + 500, &replica);
}

/// A node came back in a new life and died again before it had joined.
#[test]
fn a_life_that_never_joined_is_lost_too() {
    let (replica, mut leader) = heard();
    leader.handle_beat(at(10_050), beat(&life("b", 2), 5, &replica), &replica).unwrap();
    let end = 10_050 + second();
    for now in (10_100..=end).step_by(100) {
        confirm(&mut leader, now, &replica);
    }
    let lost = inputs(&mut leader, end, &replica);
    assert!(lost.contains(&Input::node_lost("b", Incarnation::new(2))), "{lost:?}");
}

#[test]
fn a_node_that_decides_otherwise_is_granted_nothing() {
    let (replica, mut leader) = heard();
    let mut other = beat(&life("b", 1), 90, &replica);
    other.behaviour += 1;
    let error = leader.handle_beat(at(10_020), other, &replica);
    assert!(matches!(error, Err(BeatError::OtherBehaviour { .. })), "{error:?}");
}

#[test]
fn a_replica_that_stands_elsewhere_is_granted_nothing() {
    let mut replica = formed("a", Fencing::Trusted);
    apply(&mut replica, 2_000, [Item { origin: None, body: Body::Checkpoint }]);
    let mut leader = in_charge(10_000, &replica);
    let mut word = |at_index: Checkpoint| {
        let mut beat = beat(&life("b", 1), 5, &replica);
        beat.checkpoint = Some(at_index);
        leader.handle_beat(at(10_000), beat, &replica)
    };
    let own = replica.checkpoint().unwrap();
    assert_eq!(word(own), Ok(()));
    let differs = BeatError::DigestDiffers { index: own.index };
    assert_eq!(word(checkpoint(own.index, own.digest ^ 1)), Err(differs));
    let outside = BeatError::OutsideHistory { index: 99 };
    assert_eq!(word(checkpoint(99, 0)), Err(outside));
}

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
    let step = second() / 10;
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

/// The disk of the leader hangs: it cannot compare the others with itself, and hands over.
#[test]
fn a_leader_that_lags_behind_hands_over() {
    let (replica, mut leader) = heard();
    confirm(&mut leader, 10_020, &replica);
    let guard = Guard::new(life("a", 1), timing());
    let ahead = |sent| Beat { applied: 9, ..beat(&life("b", 1), sent, &replica) };
    leader.handle_beat(at(10_030), ahead(80), &replica).unwrap();
    let half = second().div_ceil(2);
    for now in [10_030 + half - 1, 10_030 + half] {
        confirm(&mut leader, now, &replica);
        leader.handle_beat(at(now), ahead(90), &replica).unwrap();
        let is_late = now >= 10_030 + half;
        let expected = if is_late { Charge::Behind } else { Charge::Holds };
        assert_eq!(leader.charge(at(now), &replica, &guard), expected);
    }
}

/// A node that is heard and hears nothing could carry nothing out: it is given up.
#[test]
fn a_member_that_never_has_a_lease_is_lost() {
    let (replica, mut leader) = heard();
    let lost = Input::node_lost("b", Incarnation::new(1));
    let deaf = |sent| Beat { lease_ends: None, ..beat(&life("b", 1), sent, &replica) };
    let mut errors = Vec::new();
    for step in 1..40 {
        let now = 10_010 + step * second() / 10;
        let hears = beat(&life("c", 1), now, &replica);
        leader.handle_beat(at(now), hears, &replica).unwrap();
        errors.push(leader.handle_beat(at(now), deaf(now), &replica).err());
        let granted = confirm(&mut leader, now, &replica);
        let is_given_up = errors.last() == Some(&Some(BeatError::Deaf));
        assert!(!is_given_up || granted.iter().all(|of| of.life != life("b", 1)));
        if inputs(&mut leader, now, &replica).contains(&lost) {
            assert!((19..=21).contains(&step), "lost after {step} tenths of a detection");
            assert!(errors.contains(&Some(BeatError::Deaf)), "{errors:?}");
            return;
        }
    }
    panic!("it is never lost: {errors:?}");
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

/// While nothing happens the log gets one entry in ten seconds.
#[test]
fn an_idle_leader_writes_a_checkpoint_every_ten_seconds() {
    let mut replica = formed("a", Fencing::Trusted);
    let start = replica.duties(Leads::No).next().unwrap();
    apply(&mut replica, 1_000, [report(&life("a", 1), 2, finished(start.operation))]);
    let mut leader = in_charge(10_000, &replica);
    let mut entries = 0;
    for now in (10_000..40_000).step_by(10) {
        for name in ["a", "b", "c"] {
            let beat = beat(&life(name, 1), now, &replica);
            leader.handle_beat(at(now), beat, &replica).unwrap();
        }
        if let Some(round) = leader.begin_round(at(now)) {
            leader.handle_confirmed(at(now), round, 1, &replica);
        }
        let Some(Entry::V1(entry)) = leader.poll_entry(at(now), &replica) else { continue };
        assert!(entry.items.iter().all(|item| item.body != Body::Timeout), "{entry:?}");
        entries += 1;
        replica.apply(replica.applied() + 1, 1, Entry::V1(entry)).unwrap();
    }
    assert_eq!(entries, 3);
    // The time of the log went on: 1,000 and the time since the charge.
    assert_eq!(replica.stamp(), Timestamp::from_millis(21_000));
}

#[test]
fn a_charge_ends_for_a_victim_and_without_a_life() {
    let mut replica = formed("a", Fencing::Required);
    let mut leader = in_charge(10_000, &replica);
    confirm(&mut leader, 10_000, &replica);
    let mut guard = Guard::new(life("a", 1), timing());
    let grant = Grant { life: life("a", 1), sent: at(10_000), applied: 0 };
    assert_eq!(leader.leads(at(10_001), &guard), Leads::No);
    guard.handle_grant(at(10_001), &grant);
    assert_eq!(leader.leads(at(10_001), &guard), Leads::Yes);
    assert_eq!(leader.charge(at(10_001), &replica, &guard), Charge::Holds);
    guard.leave(at(10_001));
    assert_eq!(leader.charge(at(10_001), &replica, &guard), Charge::NoLease);
    apply(&mut replica, 2_000, [anonymous(Input::node_lost("a", Incarnation::new(1)))]);
    assert_eq!(leader.charge(at(10_002), &replica, &guard), Charge::Victim);
    let witness = formed("w", Fencing::Trusted);
    let charge = Leader::take_charge(at(0), 1, timing(), &witness);
    assert_eq!(charge.err(), Some(ChargeError::Witness));
}

/// A round takes longer than the interval of beats: each round answers the beats before it.
#[test]
fn beats_that_arrive_during_a_round_do_not_cost_the_grant() {
    let replica = formed("a", Fencing::Trusted);
    let mut leader = in_charge(10_000, &replica);
    let b = life("b", 1);
    let mut under_way = None;
    let mut granted = Vec::new();
    for now in (10_000..12_000).step_by(50) {
        leader.handle_beat(at(now), beat(&b, now, &replica), &replica).unwrap();
        if let Some((round, begun)) = under_way.filter(|(_, begun)| now >= begun + 150) {
            let grants = leader.handle_confirmed(at(now), round, 1, &replica);
            granted.extend(grants.into_iter().map(|grant| (grant.sent, begun)));
            under_way = None;
        }
        if under_way.is_none() {
            under_way = leader.begin_round(at(now)).map(|round| (round, now));
        }
    }
    assert!(granted.len() >= 9, "{granted:?}");
    assert!(granted.iter().all(|(sent, begun)| *sent == at(*begun)), "{granted:?}");
}

/// Only silence may say that a node is lost where that alone lets others take over, and only the
/// node itself says that it joins or leaves.
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
    // Where a fence has to prove it, anybody may raise the alarm.
    let replica = formed("a", Fencing::Required);
    let mut leader = in_charge(10_000, &replica);
    leader.handle_reports(at(10_020), [anonymous(lost.clone())].into(), &replica);
    assert_eq!(inputs(&mut leader, 10_020, &replica), [lost]);
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

/// The engine loses an entry: the word of a keeper is proposed again until it counted.
#[test]
fn the_word_of_a_keeper_is_not_lost() {
    let (replica, mut leader) = heard();
    leader.handle_off(at(10_020), life("b", 1));
    let fenced = Input::node_fenced("b", Incarnation::new(1));
    assert_eq!(inputs(&mut leader, 10_020, &replica), core::slice::from_ref(&fenced));
    assert!(!inputs(&mut leader, 10_030, &replica).contains(&fenced));
    assert!(inputs(&mut leader, 10_020 + second(), &replica).contains(&fenced));
    let mut replica = replica;
    apply(&mut replica, 2_000, [anonymous(fenced.clone())]);
    assert!(!inputs(&mut leader, 10_020 + 2 * second(), &replica).contains(&fenced));
}

/// Nodes that are off are not silent.
#[test]
fn a_timeout_is_never_in_the_past_for_long() {
    let (mut replica, mut leader) = heard();
    confirm(&mut leader, 10_020, &replica);
    let end = 10_010 + second();
    for now in (10_400..end - 300).step_by(300) {
        confirm(&mut leader, now, &replica);
    }
    confirm(&mut leader, end, &replica);
    inputs(&mut leader, end, &replica);
    for name in ["b", "c", "a"] {
        apply(&mut replica, 9_000, [anonymous(Input::node_lost(name, Incarnation::new(1)))]);
    }
    inputs(&mut leader, end + 1, &replica);
    // Everybody is off: nothing is left to lose.
    assert!(leader.poll_timeout(&replica) > at(end + 1));
}
