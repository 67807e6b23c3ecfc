//! Real processes: each fault once, judged by what the resources wrote down. Overlap and digests
//! count here and times do not, for a machine that tests is busy; `quorate-node judge --rounds 10`
//! judges times as well.

use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// One cluster at a time is enough for two cores.
static MACHINE: Mutex<()> = Mutex::new(());

fn judge(arguments: &[&str]) -> String {
    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let program = env!("CARGO_BIN_EXE_quorate-node");
    let judged = Command::new(program).arg("judge").args(arguments).output();
    let judged = judged.expect("it was built");
    let text = String::from_utf8_lossy(&judged.stdout).into_owned();
    let errors = String::from_utf8_lossy(&judged.stderr);
    assert!(judged.status.success(), "{text}{errors}");
    text
}

#[test]
fn nothing_runs_twice_whatever_fails() {
    let text = judge(&["--relaxed"]);
    assert!(text.ends_with("nothing ran twice, and every replica stood alike\n"), "{text}");
    println!("{text}");
}

#[test]
fn a_detection_that_is_shorter_than_the_lease_is_seen() {
    assert!(judge(&["power"]).contains("at once"));
}

#[test]
fn bad_disks_and_strangers_are_refused() {
    assert_eq!(judge(&["hostile"]).lines().count(), 6);
}

#[test]
fn operators_are_answered_at_every_node() {
    assert_eq!(judge(&["operators"]).lines().count(), 1);
}
