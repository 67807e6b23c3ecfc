//! Faults do what their names say.

use super::*;
use crate::sim::act::Size;
use crate::sim::draw::{Draw, Weather};
use crate::sim::fault::FaultKind as Fault;
use crate::sim::stage::{Flaw, Keep};
use crate::watch::Storing;

/// Returns the run of a seed with every machine switched on.
fn awake(seed: u64) -> Director {
    let Draw { declaration, policy, swarm, dice, .. } = Draw::new(seed, Weather::Hostile);
    let spec = declaration.clone().build().expect("a valid declaration");
    let storing = Storing { every: 0, as_text_every: 0, renews_twin_every: 0 };
    let stage = Stage::new(spec, policy, storing, Flaw::None, Keep::Nothing);
    let mut director = Director::new(stage, swarm, dice, declaration, Taping::Off);
    for node in director.nodes() {
        director.act(Act::PowerOn(node)).expect("it is switched on");
    }
    director
}

fn count(director: &Director, is_it: impl Fn(&Machine) -> bool) -> usize {
    director.nodes_that(is_it).len()
}

#[test]
fn a_split_cuts_off_half_of_the_nodes() {
    for seed in 0..40 {
        let mut director = awake(seed);
        let nodes = director.nodes().len();
        director.strike_now(Fault::Split).expect("no promise is broken");
        let cut = count(&director, |machine| machine.link == Link::Cut);
        assert!(cut == nodes / 2 || cut == nodes.div_ceil(2), "{cut} of {nodes}");
        assert_eq!(director.atlas.count(Fault::Split), 1);
    }
}

#[test]
fn a_rack_or_site_goes_off_and_the_rest_stays_on() {
    for seed in 0..40 {
        let mut director = awake(seed);
        let nodes = director.nodes().len();
        director.strike_now(Fault::KillSome).expect("no promise is broken");
        let off = count(&director, |machine| !machine.is_powered);
        let struck = director.atlas.count(Fault::KillSome);
        assert_eq!(struck == 1, off >= 2, "{off} of {nodes}");
        assert!(off < nodes && off <= 4, "{off} of {nodes}");
        assert!(struck == 1 || nodes <= 3 || off == 0, "{off} of {nodes}");
        let mut director = awake(seed);
        director.strike_now(Fault::KillAll).expect("no promise is broken");
        assert_eq!(count(&director, |machine| machine.is_powered), 0);
    }
}

/// A machine that is off cannot crash, and a clock set to the time that it shows is not a change.
#[test]
fn what_changes_nothing_does_not_count() {
    let mut director = awake(1);
    director.strike_now(Fault::KillAll).expect("no promise is broken");
    let kinds = [Fault::CrashShort, Fault::PauseLong, Fault::IsolateOne, Fault::KillAll];
    for kind in kinds {
        let before = director.atlas.count(kind);
        director.strike_now(kind).expect("no promise is broken");
        assert_eq!(director.atlas.count(kind), before, "{kind:?}");
    }
    for _ in 0..40 {
        director.strike_now(Fault::ClockForward).expect("no promise is broken");
    }
    // The offset goes from one hour ahead of UTC to fourteen.
    assert_eq!(director.atlas.count(Fault::ClockForward), 13);
}

/// Nothing is configured before the first node has joined, so one joins first.
#[test]
fn whatever_is_too_large_is_refused_for_that() {
    let mut director = awake(1);
    director.act(Act::Say(Box::new(Input::witness_changed(WitnessState::Up)))).expect("it is told");
    for node in director.nodes() {
        director.act(Act::Joined(node)).expect("it joins");
    }
    for size in Size::SMALL.into_iter().chain(Size::HUGE) {
        assert_eq!(director.act(Act::Oversize(size)), Ok(Done::Yes), "{size:?}");
    }
}
