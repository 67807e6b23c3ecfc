use super::{Flaw, Schedule, Simulator};

#[test]
fn every_schedule_keeps_every_promise() {
    let mut broken = Vec::new();
    for schedule in Schedule::ALL {
        if let Err(failure) = schedule.play() {
            broken.push(failure.to_string());
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_run_is_repeatable() {
    let simulator = Simulator::with(Flaw::None);
    assert_eq!(simulator.run(3), simulator.run(3));
    assert_eq!(simulator.record(5), simulator.record(5));
}
