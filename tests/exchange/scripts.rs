//! Typical days, with times: crashes, services that die, stores that take long.

use std::time::Duration;

use quorate::cluster::Command;
use quorate::machine::ResourceState;
use quorate::settings::QuorumRule;
use quorate::state::OperationKind;
use quorate::{Effect, Input};

use super::drive::{Drive, evs, fixture_7, node};

fn at_home() -> Drive {
    Drive::start(fixture_7(QuorumRule::DiskOnly))
}

/// Lets time pass. The agents answer at once, but not what `hangs`; gives what was asked for
/// beside health checks.
fn advance(drive: &mut Drive, span: Duration, hangs: &[&str]) -> Vec<Effect> {
    let end = drive.now.after(span);
    let mut asked = answer(drive, hangs);
    while let Some(deadline) = drive.cluster.poll_timeout().filter(|next| next.at <= end) {
        drive.now = deadline.at.max(drive.now);
        drive.cluster.handle_timeout(drive.now);
        asked.extend(answer(drive, hangs));
    }
    drive.now = end;
    asked
}

fn answer(drive: &mut Drive, hangs: &[&str]) -> Vec<Effect> {
    let mut asked = Vec::new();
    loop {
        let (effects, _) = drive.take();
        if effects.is_empty() {
            return asked;
        }
        for effect in effects {
            let name = drive.name(effect.resource.expect("nothing is fenced")).to_owned();
            let is_check = matches!(
                effect.action,
                OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive
            );
            let can_hang = matches!(effect.action, OperationKind::Start | OperationKind::Stop);
            if !(can_hang && hangs.contains(&name.as_str())) {
                drive.succeed(&effect);
            }
            if !is_check {
                asked.push(effect);
            }
        }
    }
}

/// The operations that were asked for, in words: `stop EVS1 SMTP`.
fn words(drive: &Drive, asked: &[Effect]) -> Vec<String> {
    let word = |effect: &Effect| {
        let name = drive.name(effect.resource.expect("nothing is fenced"));
        format!("{} {name}", effect.action)
    };
    asked.iter().map(word).collect()
}

fn failovers_left(drive: &Drive) -> u32 {
    drive.cluster.failover_budget(evs(1), drive.now).expect("it is declared").remaining
}

fn move_to(k: usize) -> Input {
    Command::move_group(evs(1)).to(node(k)).into()
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn after_a_crash_nothing_is_stopped_and_no_failover_is_counted() {
    let mut drive = at_home();
    let before = failovers_left(&drive);
    drive.lose(1);
    let (first, _) = drive.take();
    // Resources that need nothing start at once and side by side.
    assert_eq!(
        words(&drive, &first),
        ["start EVS1 Disk data", "start EVS1 Disk log", "start EVS1 IP Address"]
    );
    for effect in &first {
        assert_eq!(effect.node, node(5));
        drive.succeed(effect);
    }
    let rest = drive.settle();
    assert!(rest.iter().all(|effect| effect.action == OperationKind::Start));
    assert_eq!(first.len() + rest.len(), 2 + 9);
    assert_eq!(drive.place(1), Some(5));
    // One node less may take the group.
    assert_eq!(failovers_left(&drive), before - 1);
    assert_eq!(drive.cluster.state().group(evs(1)).unwrap().failovers().entries(), []);
}

#[test]
fn the_fourth_death_of_a_service_within_fifteen_minutes_moves_the_server() {
    let mut drive = at_home();
    for death in 1..=3 {
        drive.fail("EVS1 Information Store");
        let asked = advance(&mut drive, seconds(10), &[]);
        assert_eq!(
            words(&drive, &asked),
            [
                "stop EVS1 MS Search",
                "terminate EVS1 Information Store",
                "start EVS1 Information Store",
                "start EVS1 MS Search",
            ],
            "death {death}"
        );
        assert_eq!(drive.place(1), Some(1));
        advance(&mut drive, seconds(200), &[]);
    }
    let store = drive.resource("EVS1 Information Store");
    assert_eq!(drive.cluster.restart_budget(store, drive.now).unwrap().remaining, 0);
    let before = failovers_left(&drive);

    drive.fail("EVS1 Information Store");
    advance(&mut drive, seconds(10), &[]);
    assert_eq!(drive.place(1), Some(5));
    assert_eq!(failovers_left(&drive), before - 1);
    // Restarts are counted anew on every node.
    assert_eq!(drive.cluster.restart_budget(store, drive.now).unwrap().remaining, 3);
}

#[test]
fn deaths_that_are_far_apart_are_repaired_in_place() {
    let mut drive = at_home();
    for _ in 0..8 {
        drive.fail("EVS1 SMTP");
        advance(&mut drive, seconds(301), &[]);
        assert_eq!(drive.place(1), Some(1));
    }
}

#[test]
fn a_restart_waits_half_a_second() {
    let mut drive = at_home();
    drive.fail("EVS1 SMTP");
    let asked = advance(&mut drive, Duration::from_millis(499), &[]);
    assert_eq!(words(&drive, &asked), ["terminate EVS1 SMTP"]);
    let asked = advance(&mut drive, Duration::from_millis(1), &[]);
    assert_eq!(words(&drive, &asked), ["start EVS1 SMTP"]);
}

#[test]
fn a_failed_disk_is_restarted_and_then_moves_the_server() {
    let mut drive = at_home();
    for _ in 0..3 {
        drive.fail("EVS1 Disk log");
        advance(&mut drive, seconds(30), &[]);
        assert_eq!(drive.place(1), Some(1));
    }
    drive.fail("EVS1 Disk log");
    advance(&mut drive, seconds(30), &[]);
    assert_eq!(drive.place(1), Some(5));
}

#[test]
fn a_planned_move_stops_dependents_first() {
    let mut drive = at_home();
    drive.input(move_to(5));
    let asked = advance(&mut drive, seconds(1), &[]);
    let asked = words(&drive, &asked);
    let at = |what: &str| {
        asked.iter().position(|word| word == what).unwrap_or_else(|| panic!("no {what}"))
    };
    let order =
        ["MS Search", "Information Store", "System Attendant", "Network Name", "IP Address"];
    for pair in order.windows(2) {
        let [first, second] = pair else { panic!("windows of two") };
        assert!(at(&format!("stop EVS1 {first}")) < at(&format!("stop EVS1 {second}")));
        assert!(at(&format!("start EVS1 {second}")) < at(&format!("start EVS1 {first}")));
    }
    for part in ["MTA", "Routing", "SMTP", "HTTP"] {
        assert!(at(&format!("stop EVS1 {part}")) < at("stop EVS1 System Attendant"));
        assert!(at("start EVS1 System Attendant") < at(&format!("start EVS1 {part}")));
    }
    for disk in ["data", "log"] {
        assert!(at("stop EVS1 System Attendant") < at(&format!("stop EVS1 Disk {disk}")));
        assert!(at(&format!("start EVS1 Disk {disk}")) < at("start EVS1 System Attendant"));
    }
    assert_eq!(asked.len(), 2 * 11);
    assert_eq!(drive.place(1), Some(5));
}

#[test]
fn a_store_that_does_not_stop_in_three_minutes_is_terminated_and_the_move_goes_on() {
    let mut drive = at_home();
    drive.input(move_to(5));
    let hangs = ["EVS1 Information Store"];
    let asked = advance(&mut drive, Duration::from_millis(179_999), &hangs);
    assert!(words(&drive, &asked).contains(&"stop EVS1 Information Store".to_owned()));
    assert_eq!(drive.cluster.state().owner(evs(1)), Some(node(1)));
    let asked = advance(&mut drive, Duration::from_millis(1), &hangs);
    assert_eq!(words(&drive, &asked)[0], "terminate EVS1 Information Store");
    assert_eq!(drive.cluster.state().owner(evs(1)), Some(node(5)));
}

#[test]
fn a_store_may_replay_its_logs_for_hours() {
    let mut drive = at_home();
    drive.lose(1);
    let asked = advance(&mut drive, seconds(4 * 3_600), &["EVS1 Information Store"]);
    let asked = words(&drive, &asked);
    assert!(asked.iter().all(|word| word.starts_with("start ")), "{asked:?}");
    let store = drive.resource("EVS1 Information Store");
    let state = drive.cluster.state().resource_state(store);
    assert_eq!(state, ResourceState::OnlinePending);
}

#[test]
fn another_service_that_does_not_start_in_three_minutes_is_terminated() {
    let mut drive = at_home();
    drive.lose(1);
    let asked = advance(&mut drive, seconds(180), &["EVS1 System Attendant"]);
    assert!(words(&drive, &asked).contains(&"terminate EVS1 System Attendant".to_owned()));
}
