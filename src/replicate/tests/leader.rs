//! The leader: whom it grants a lease, whom it gives up, and what it proposes.

use super::*;
use crate::replicate::{BeatError, Charge, ChargeError, Guard, Leads};

#[test]
fn a_grant_needs_a_round_that_began_after_the_beat() {
    let replica = formed("a", Fencing::Trusted);
    let mut leader = in_charge(10_000, &replica);
    let early = leader.begin_round(at(10_000)).unwrap();
    leader.handle_beat(at(10_000), beat(&life("b", 1), 77, &replica), &replica).unwrap();
    assert_eq!(leader.handle_confirmed(at(10_001), affirmed(early, 1, &replica), &replica), []);
    let round = leader.begin_round(at(10_002)).unwrap();
    // Of another term it proves nothing.
    assert_eq!(leader.handle_confirmed(at(10_003), affirmed(round, 2, &replica), &replica), []);
    let grants = leader.handle_confirmed(at(10_003), affirmed(round, 1, &replica), &replica);
    let expected = Grant { life: life("b", 1), sent: at(77), floor: replica.applied() };
    assert_eq!(grants, [expected]);
    // Each beat is answered once.
    assert_eq!(leader.handle_confirmed(at(10_004), affirmed(round, 1, &replica), &replica), []);
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
    let end = 10_010 + detection();
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
    for now in (end..end + detection()).step_by(500) {
        confirm(&mut leader, now + 400, &replica);
    }
    let again = inputs(&mut leader, end + detection(), &replica);
    assert!(again.contains(&Input::node_lost("b", Incarnation::new(1))), "{again:?}");
}

/// Nobody is lost because the leader itself was cut off.
#[test]
fn a_leader_that_was_cut_off_gives_nobody_up() {
    let (replica, mut leader) = heard();
    confirm(&mut leader, 10_020, &replica);
    let guard = Guard::new(life("a", 1), timing());
    let half = detection().div_ceil(2);
    assert_eq!(leader.charge(at(10_020 + half - 1), &replica, &guard), Charge::Holds);
    assert_eq!(leader.charge(at(10_020 + half), &replica, &guard), Charge::CutOff);
    assert_eq!(inputs(&mut leader, 20_000, &replica), []);
    confirm(&mut leader, 20_000, &replica);
    assert_eq!(inputs(&mut leader, 20_001, &replica), []);
    confirm(&mut leader, 20_000 + detection() - 1, &replica);
    assert_eq!(inputs(&mut leader, 20_000 + detection() - 1, &replica), []);
}

/// A new leader begins to listen when it takes charge.
#[test]
fn a_new_leader_is_patient() {
    let replica = formed("a", Fencing::Trusted);
    let mut leader = in_charge(50_000, &replica);
    confirm(&mut leader, 50_000 + detection() - 1, &replica);
    assert_eq!(inputs(&mut leader, 50_000 + detection() - 1, &replica), []);
    confirm(&mut leader, 50_000 + detection() + 500, &replica);
}

/// A node came back in a new life and died again before it had joined.
#[test]
fn a_life_that_never_joined_is_lost_too() {
    let (replica, mut leader) = heard();
    leader.handle_beat(at(10_050), beat(&life("b", 2), 5, &replica), &replica).unwrap();
    let end = 10_050 + detection();
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

/// The disk of the leader hangs: it cannot compare the others with itself, and hands over.
#[test]
fn a_leader_that_lags_behind_hands_over() {
    let (replica, mut leader) = heard();
    confirm(&mut leader, 10_020, &replica);
    let guard = Guard::new(life("a", 1), timing());
    let ahead = |sent| Beat { applied: 9, ..beat(&life("b", 1), sent, &replica) };
    leader.handle_beat(at(10_030), ahead(80), &replica).unwrap();
    let half = detection().div_ceil(2);
    for now in [10_030 + half - 1, 10_030 + half] {
        confirm(&mut leader, now, &replica);
        leader.handle_beat(at(now), ahead(90), &replica).unwrap();
        let is_late = now >= 10_030 + half;
        let expected = if is_late { Charge::Behind } else { Charge::Holds };
        assert_eq!(leader.charge(at(now), &replica, &guard), expected);
    }
}

/// The leader has not applied what the engine has committed. A grant names all of it, for one of
/// these entries may have given up what a node is about to start.
#[test]
fn a_grant_names_everything_that_was_committed() {
    let (replica, mut leader) = heard();
    let round = leader.begin_round(at(10_020)).unwrap();
    let affirmation = Affirmation { round, term: 1, committed: replica.applied() + 7 };
    let grants = leader.handle_confirmed(at(10_021), affirmation, &replica);
    assert!(!grants.is_empty());
    assert!(grants.iter().all(|grant| grant.floor == replica.applied() + 7), "{grants:?}");
    // An engine that knows less than the replica lowers nothing.
    leader.handle_beat(at(10_030), beat(&life("b", 1), 99, &replica), &replica).unwrap();
    let round = leader.begin_round(at(10_031)).unwrap();
    let affirmation = Affirmation { round, term: 1, committed: 0 };
    let grants = leader.handle_confirmed(at(10_032), affirmation, &replica);
    assert!(grants.iter().all(|grant| grant.floor == replica.applied()), "{grants:?}");
}

/// A node that is heard and hears nothing could carry nothing out: it is given up.
#[test]
fn a_member_that_never_has_a_lease_is_lost() {
    let (replica, mut leader) = heard();
    let lost = Input::node_lost("b", Incarnation::new(1));
    let deaf = |sent| Beat { lease_ends: None, ..beat(&life("b", 1), sent, &replica) };
    let mut errors = Vec::new();
    for step in 1..40 {
        let now = 10_010 + step * detection() / 10;
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
            leader.handle_confirmed(at(now), affirmed(round, 1, &replica), &replica);
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
    let grant = Grant { life: life("a", 1), sent: at(10_000), floor: 0 };
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
            let grants = leader.handle_confirmed(at(now), affirmed(round, 1, &replica), &replica);
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

/// Nodes that are off are not silent.
#[test]
fn a_timeout_is_never_in_the_past_for_long() {
    let (mut replica, mut leader) = heard();
    confirm(&mut leader, 10_020, &replica);
    let end = 10_010 + detection();
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
