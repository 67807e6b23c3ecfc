//! Groups with a home, to which they return as soon as it is repaired.
//!
//! A spare node carries one group. Spares of first and of second choice are treated alike: the
//! spare that a group is on changes nothing that is counted here. When a node fails, it is decided
//! at once whether the failover is covered. If it is not, the group occupies no other node until an
//! operator helps or the failed node, which may be a spare, is repaired. When its home is repaired
//! a group returns at once, even in the middle of a move.

use super::Model;
use crate::causes::ByCause;
use crate::closed_form::Parameters;
use crate::rates::Eviction;

/// A cluster whose groups return home.
pub(super) struct Homes(pub(super) Parameters);

/// The place of a group, together with the condition of its home.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Place {
    /// Online at home.
    Home,
    /// The home is up again after a failure, and the group is on its way back.
    Returning,
    /// The home is up again after maintenance, and the group is on its way back.
    ReturningPlanned,
    /// The home is off, and the group is on its way to a spare after a failure.
    FailingOver(Off),
    /// The home is off, and the group is on its way to a spare as planned.
    MovingOut,
    /// The home is off, and the group is online on a spare.
    Away(Off),
    /// The home is off, and so is the node that the group was on. This failover is not covered, but
    /// that is not noticed yet.
    Uncovered(Off, Host),
    /// The home and the node that the group was on are off, and the group waits for an operator.
    Undetected(Off, Host),
    /// The home is off, and there is no spare.
    Waiting(Off),
    /// The home is in maintenance, and the group had no other node.
    Evicted,
}

/// The node together with which a group went down.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Host {
    Home,
    Spare,
}

/// The reason why a home is off.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Off {
    Failed,
    Maintained,
}

impl Place {
    /// Returns the reason why the home is off, if it is.
    const fn off(self) -> Option<Off> {
        match self {
            Self::Home | Self::Returning | Self::ReturningPlanned => None,
            Self::FailingOver(off)
            | Self::Away(off)
            | Self::Uncovered(off, _)
            | Self::Undetected(off, _)
            | Self::Waiting(off) => Some(off),
            Self::MovingOut | Self::Evicted => Some(Off::Maintained),
        }
    }

    /// Tells whether the group occupies a spare node.
    const fn is_on_spare(self) -> bool {
        match self {
            Self::FailingOver(_) | Self::MovingOut | Self::Away(_) => true,
            Self::Home
            | Self::Returning
            | Self::ReturningPlanned
            | Self::Uncovered(..)
            | Self::Undetected(..)
            | Self::Waiting(_)
            | Self::Evicted => false,
        }
    }

    /// Tells whether the group is stuck with a spare node that failed, and nothing goes on by
    /// itself.
    const fn is_stuck_with_spare(self) -> bool {
        match self {
            Self::Uncovered(_, host) | Self::Undetected(_, host) => matches!(host, Host::Spare),
            Self::Home
            | Self::Returning
            | Self::ReturningPlanned
            | Self::FailingOver(_)
            | Self::MovingOut
            | Self::Away(_)
            | Self::Waiting(_)
            | Self::Evicted => false,
        }
    }
}

/// The state of the cluster at one moment.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct State {
    /// The place of each group, sorted, because homes are interchangeable.
    places: Vec<Place>,
    /// Number of spare nodes that failed.
    failed: usize,
    /// True if a spare node is in maintenance.
    is_spare_maintained: bool,
}

impl Homes {
    /// Returns the number of spare nodes that are up, with or without a group.
    fn up(&self, state: &State) -> usize {
        let off = state.failed.saturating_add(usize::from(state.is_spare_maintained));
        self.0.spare_nodes().saturating_sub(off)
    }

    /// Returns the number of spare nodes that are up without a group.
    fn idle(&self, state: &State) -> usize {
        let busy = state.places.iter().filter(|place| place.is_on_spare()).count();
        self.up(state).saturating_sub(busy)
    }

    fn is_quorate(&self, state: &State) -> bool {
        let homes = state.places.iter().filter(|place| place.off().is_none()).count();
        homes.saturating_add(self.up(state)) >= self.0.quorum
    }

    /// Tells whether no node is off and every group is at home.
    fn is_quiet(&self, state: &State) -> bool {
        state.places.iter().all(|place| *place == Place::Home)
            && state.failed == 0
            && !state.is_spare_maintained
    }

    /// Returns the state with one place changed.
    fn with(&self, state: &State, index: usize, place: Place) -> State {
        let mut next = state.clone();
        if let Some(entry) = next.places.get_mut(index) {
            *entry = place;
        }
        self.settled(next)
    }

    /// Returns the state after everything that happens at once: without quorum all groups stop, and
    /// with it no group waits while a node is free.
    fn settled(&self, mut state: State) -> State {
        let is_quorate = self.is_quorate(&state);
        for index in 0..state.places.len() {
            let Some(place) = state.places.get(index).copied() else { continue };
            let next = match (is_quorate, place.off(), place) {
                (false, None, _) => Place::Returning,
                (false, Some(_), Place::Uncovered(..) | Place::Undetected(..)) => place,
                (false, Some(off), _) => Place::Waiting(off),
                (true, _, Place::Waiting(off)) if self.idle(&state) > 0 => Place::FailingOver(off),
                (true, _, other) => other,
            };
            if let Some(entry) = state.places.get_mut(index) {
                *entry = next;
            }
        }
        state.places.sort_unstable();
        state
    }

    /// Calls `follow` for everything that can happen to one group and its home.
    fn step_place(&self, state: &State, index: usize, place: Place, follow: &mut Follow<'_>) {
        let of = &self.0;
        let mut to = |place, rate| follow(self.with(state, index, place), rate);
        match place.off() {
            None => {
                for (place, share) in self.failed(Off::Failed, Host::Home) {
                    to(place, share * of.failure_rate);
                }
            }
            Some(Off::Failed) => to(Place::Returning, of.repair_rate),
            Some(Off::Maintained) => to(Place::ReturningPlanned, 1.0 / of.maintenance),
        }
        if let Place::Undetected(off, _) = place {
            let has_room = self.idle(state) > 0 && self.is_quorate(state);
            to(if has_room { Place::Away(off) } else { Place::Waiting(off) }, 1.0 / of.manual);
        }
        if !self.is_quorate(state) {
            return;
        }
        match place {
            Place::Home
            | Place::Away(_)
            | Place::Undetected(..)
            | Place::Waiting(_)
            | Place::Evicted => {}
            Place::Returning | Place::ReturningPlanned => to(Place::Home, 1.0 / of.planned_move),
            Place::MovingOut => to(Place::Away(Off::Maintained), 1.0 / of.planned_move),
            Place::FailingOver(off) => to(Place::Away(off), 1.0 / of.failover),
            Place::Uncovered(off, host) => {
                to(Place::Undetected(off, host), 1.0 / of.failover);
            }
        }
    }

    /// Returns the places in which a group can be when its node has failed, each with its
    /// probability. A group that waits starts over at once if there is a node: see `settled`.
    const fn failed(&self, off: Off, host: Host) -> [(Place, f64); 2] {
        let covered = self.0.coverage;
        [(Place::Waiting(off), covered), (Place::Uncovered(off, host), 1.0 - covered)]
    }

    fn step_spares(&self, state: &State, follow: &mut Follow<'_>) {
        let of = &self.0;
        let failed = State { failed: state.failed.saturating_add(1), ..state.clone() };
        follow(self.settled(failed.clone()), self.idle(state) as f64 * of.failure_rate);
        for (index, place) in state.places.iter().enumerate() {
            let Some(off) = place.off().filter(|_| place.is_on_spare()) else { continue };
            for (place, share) in self.failed(off, Host::Spare) {
                follow(self.with(&failed, index, place), share * of.failure_rate);
            }
        }
        // When a failed spare returns, a group that was stuck with it is known to be off, and goes
        // on.
        let repaired = State { failed: state.failed.saturating_sub(1), ..state.clone() };
        let mut others = state.failed;
        for (index, place) in state.places.iter().enumerate() {
            let Some(off) = place.off().filter(|_| place.is_stuck_with_spare()) else { continue };
            others = others.saturating_sub(1);
            follow(self.with(&repaired, index, Place::Waiting(off)), of.repair_rate);
        }
        follow(self.settled(repaired), others as f64 * of.repair_rate);
    }

    fn step_maintenance(&self, state: &State, follow: &mut Follow<'_>) {
        let of = &self.0;
        if state.is_spare_maintained {
            let over = State { is_spare_maintained: false, ..state.clone() };
            follow(self.settled(over), 1.0 / of.maintenance);
        }
        if !self.is_quiet(state) || of.nodes() <= of.quorum {
            return;
        }
        let out = match (of.spare_nodes(), of.eviction) {
            (1.., _) => Some(Place::MovingOut),
            (0, Eviction::Forced) => Some(Place::Evicted),
            (0, Eviction::WhenRoom) => None,
        };
        if let Some(place) = out {
            follow(self.with(state, 0, place), of.homes as f64 * of.maintenance_rate);
        }
        let next = State { is_spare_maintained: true, ..state.clone() };
        follow(self.settled(next), of.spare_nodes() as f64 * of.maintenance_rate);
    }
}

type Follow<'a> = dyn FnMut(State, f64) + 'a;

impl Model for Homes {
    type State = State;

    fn initial(&self) -> State {
        State { places: vec![Place::Home; self.0.homes], failed: 0, is_spare_maintained: false }
    }

    fn step(&self, state: &State, follow: &mut dyn FnMut(State, f64)) {
        for (index, place) in state.places.iter().enumerate() {
            self.step_place(state, index, *place, follow);
        }
        self.step_spares(state, follow);
        self.step_maintenance(state, follow);
    }

    fn groups_down(&self, state: &State) -> ByCause<f64> {
        let mut down = ByCause::default();
        if !self.is_quorate(state) {
            down.waiting = self.0.homes as f64;
            return down;
        }
        for place in &state.places {
            match place {
                Place::Home | Place::Away(_) => {}
                Place::Returning => down.failback += 1.0,
                Place::ReturningPlanned | Place::MovingOut | Place::Evicted => {
                    down.planned += 1.0;
                }
                Place::FailingOver(_) | Place::Uncovered(..) => down.failover += 1.0,
                Place::Undetected(..) => down.undetected += 1.0,
                Place::Waiting(_) => down.waiting += 1.0,
            }
        }
        down
    }

    fn groups(&self) -> usize {
        self.0.homes
    }
}
