//! The schedules of replicated clusters against parts with bugs: see
//! [`quorate_testkit::replicated::Schedule`].

use quorate::seeded_bug::{SeededBug, plant};
use quorate_testkit::replicated::Schedule;

/// Each of these bugs is found by the schedule that was written for it.
#[test]
fn every_schedule_goes_red_when_its_wall_is_broken() {
    let mut missed = Vec::new();
    for (bug, name) in BROKEN {
        let schedule = Schedule::ALL.iter().find(|of| of.name == *name).expect("a schedule");
        plant(Some(*bug));
        let end = schedule.play();
        let record = schedule.record();
        plant(None);
        match end {
            Err(failure) => println!("{bug:?} in {name}: {}", failure.breach),
            Ok(()) => missed.push(format!("{bug:?} in {name}:\n{}", record.join("\n"))),
        }
    }
    assert!(missed.is_empty(), "not seen: {}", missed.join("\n"));
}

/// The bugs, each with its schedule.
const BROKEN: &[(SeededBug, &str)] = {
    use SeededBug as Bug;
    &[
        (Bug::EntryOfOtherTerm, "entry_of_an_earlier_charge"),
        (Bug::SnapshotForgetsReports, "snapshot_for_a_laggard"),
        (Bug::LeaseNeverEnds, "owner_cut_off"),
        (Bug::StartsWithoutLease, "no_first_grant"),
        (Bug::ImpatientLeader, "new_leader_knows_no_silence"),
        (Bug::GrantWhileLosing, "beat_while_being_lost"),
        (Bug::GrantUnconfirmed, "late_affirmation"),
        (Bug::UnconfirmedLoss, "short_gap"),
        (Bug::WordTooEarly, "word_while_leased"),
        (Bug::AnyBehaviourGranted, "other_rules"),
    ]
};
