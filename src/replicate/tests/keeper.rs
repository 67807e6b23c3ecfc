//! The keeper: when it stops everything, and when it lets the watchdog reset the machine.

use super::*;
use crate::replicate::{EarlierLife, Keeper, StopEverything};

/// Two seconds to stop; a reset takes half a second.
fn keeper() -> Keeper {
    let timing = Timing { stop: millis(2_000), ..timing() };
    Keeper::new(timing, millis(500))
}

#[test]
fn everything_stops_at_the_end_of_the_lease() {
    let mut keeper = keeper();
    keeper.begin(life("a", 1)).unwrap();
    assert!(!keeper.holds(at(0), &life("a", 1)));
    keeper.extend(at(0), &life("a", 1), at(100));
    assert!(keeper.holds(at(99), &life("a", 1)));
    assert!(!keeper.holds(at(99), &life("a", 2)));
    assert_eq!(keeper.poll_timeout(), Some(at(100)));
    assert_eq!(keeper.handle_timeout(at(99)), None);
    assert_eq!(keeper.handle_timeout(at(100)), Some(StopEverything));
    assert!(!keeper.holds(at(100), &life("a", 1)));
    // It expired, so a later deadline changes nothing.
    keeper.extend(at(100), &life("a", 1), at(500));
    assert_eq!(keeper.handle_timeout(at(101)), Some(StopEverything));
    assert_eq!(keeper.handle_empty(), Some(life("a", 1)));
    assert_eq!(keeper.off(), Some(&life("a", 1)));
    assert_eq!(keeper.handle_timeout(at(102)), None);
}

/// The end of the lease passed while the keeper was frozen: what the pipe holds by then is late.
#[test]
fn a_deadline_that_was_read_too_late_changes_nothing() {
    let mut keeper = keeper();
    keeper.begin(life("a", 1)).unwrap();
    keeper.extend(at(0), &life("a", 1), at(100));
    keeper.extend(at(150), &life("a", 1), at(900));
    assert_eq!(keeper.handle_timeout(at(150)), Some(StopEverything));
}

#[test]
fn no_life_begins_before_the_earlier_one_is_off() {
    let mut keeper = keeper();
    keeper.begin(life("a", 1)).unwrap();
    let earlier = Err(EarlierLife { earlier: life("a", 1) });
    assert_eq!(keeper.begin(life("a", 2)), earlier);
    keeper.extend(at(0), &life("a", 1), at(100));
    // Nothing runs now, but something may be started at any moment.
    assert_eq!(keeper.handle_empty(), None);
    keeper.stop(at(10));
    assert_eq!(keeper.begin(life("a", 2)), earlier);
    assert_eq!(keeper.handle_empty(), Some(life("a", 1)));
    // A life that was said to be off never comes back.
    assert_eq!(keeper.begin(life("a", 1)), earlier);
    assert_eq!(keeper.begin(life("a", 2)), Ok(()));
    // A deadline of the life before is none of this one.
    keeper.extend(at(20), &life("a", 1), at(900));
    assert_eq!(keeper.poll_timeout(), None);
}

/// The reset has to come no later than the end of the time to stop: 2 s, less half a second.
#[test]
fn the_watchdog_starves_if_something_does_not_stop() {
    let mut keeper = keeper();
    assert!(keeper.feeds_watchdog(at(0)));
    keeper.begin(life("a", 1)).unwrap();
    assert!(keeper.feeds_watchdog(at(9_999)));
    keeper.extend(at(0), &life("a", 1), at(1_000));
    assert!(keeper.feeds_watchdog(at(2_499)));
    assert!(!keeper.feeds_watchdog(at(2_500)));
    // Being told to stop brings this forward.
    keeper.stop(at(500));
    assert!(keeper.feeds_watchdog(at(1_999)));
    assert!(!keeper.feeds_watchdog(at(2_000)));
    keeper.handle_empty();
    assert!(keeper.feeds_watchdog(at(2_000)));
}

/// Being told late does not give more time than the lease did.
#[test]
fn a_stop_after_the_end_of_the_lease_counts_from_that_end() {
    let mut keeper = keeper();
    keeper.begin(life("a", 1)).unwrap();
    keeper.extend(at(0), &life("a", 1), at(1_000));
    keeper.stop(at(1_800));
    assert!(!keeper.feeds_watchdog(at(2_500)));
}
