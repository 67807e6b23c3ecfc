//! Groups with a home, to which they return as soon as it is repaired.
//!
//! A spare node carries one group. First choices are taken before second ones. Whether a failover
//! is covered is settled when the node fails: if not, the group takes up no other node until the
//! operator's word or the repair. When its home is repaired a group goes home at once, whatever it
//! was doing.

use std::prelude::v1::*;

use super::Model;
use crate::sim::availability::causes::ByCause;
use crate::sim::availability::closed_form::Parameters;
use crate::sim::availability::rates::Eviction;

/// First and second choice of spare nodes.
type Tier = usize;

/// A cluster whose groups return home.
pub(super) struct Homes(pub(super) Parameters);

/// Where a group is, and so how its home is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Place {
    /// Online at home.
    Home,
    /// The home is up again after a failure; the group is on its way back.
    Returning,
    /// The same after maintenance.
    ReturningPlanned,
    /// The home is off, and the group is on its way to a spare after a failure.
    FailingOver(Off, Tier),
    /// The home is off, and the group is on its way to a spare as planned.
    MovingOut(Tier),
    /// The home is off, and the group is online on a spare.
    Away(Off, Tier),
    /// The home is off, and so is the node that the group was on; nobody has noticed yet that this
    /// failover is not covered.
    Uncovered(Off),
    /// The same, and it waits for the operator.
    Undetected(Off),
    /// The home is off, and there is no spare.
    Waiting(Off),
    /// The home is in maintenance that was forced on the group.
    Evicted,
}

/// Why a home is off.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Off {
    Failed,
    Maintained,
}

impl Place {
    /// Why its home is off, if it is.
    const fn off(self) -> Option<Off> {
        match self {
            Self::Home | Self::Returning | Self::ReturningPlanned => None,
            Self::FailingOver(off, _)
            | Self::Away(off, _)
            | Self::Uncovered(off)
            | Self::Undetected(off)
            | Self::Waiting(off) => Some(off),
            Self::MovingOut(_) | Self::Evicted => Some(Off::Maintained),
        }
    }

    /// The rank of the spare node that it takes up.
    const fn spare(self) -> Option<Tier> {
        match self {
            Self::FailingOver(_, tier) | Self::MovingOut(tier) | Self::Away(_, tier) => Some(tier),
            Self::Home
            | Self::Returning
            | Self::ReturningPlanned
            | Self::Uncovered(_)
            | Self::Undetected(_)
            | Self::Waiting(_)
            | Self::Evicted => None,
        }
    }
}

/// The cluster at one moment.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct State {
    /// Of each home and its group, sorted: homes are interchangeable.
    places: Vec<Place>,
    /// Spare nodes that failed, by rank.
    failed: [usize; 2],
    /// The rank of the spare node in maintenance.
    maintained: Option<Tier>,
}

impl Homes {
    fn spares(&self, tier: Tier) -> usize {
        self.0.spares.get(tier).copied().unwrap_or(0)
    }

    /// Spare nodes of a rank that are up, with or without a group.
    fn up(&self, state: &State, tier: Tier) -> usize {
        let failed = state.failed.get(tier).copied().unwrap_or(0);
        self.spares(tier)
            .saturating_sub(failed)
            .saturating_sub(usize::from(state.maintained == Some(tier)))
    }

    fn idle(&self, state: &State, tier: Tier) -> usize {
        let busy = state.places.iter().filter(|place| place.spare() == Some(tier)).count();
        self.up(state, tier).saturating_sub(busy)
    }

    /// The rank of the best spare node without a group.
    fn free(&self, state: &State) -> Option<Tier> {
        [0, 1].into_iter().find(|tier| self.idle(state, *tier) > 0)
    }

    fn is_quorate(&self, state: &State) -> bool {
        let homes = state.places.iter().filter(|place| place.off().is_none()).count();
        let up = homes.saturating_add(self.up(state, 0)).saturating_add(self.up(state, 1));
        up >= self.0.quorum
    }

    /// Nothing is off and every group is at home.
    fn is_quiet(&self, state: &State) -> bool {
        state.places.iter().all(|place| *place == Place::Home)
            && state.failed == [0, 0]
            && state.maintained.is_none()
    }

    /// The state with one place changed.
    fn with(&self, state: &State, index: usize, place: Place) -> State {
        let mut next = state.clone();
        if let Some(entry) = next.places.get_mut(index) {
            *entry = place;
        }
        self.settled(next)
    }

    /// What follows at once: without quorum everything stops, with it nobody waits beside a free
    /// node.
    fn settled(&self, mut state: State) -> State {
        let is_quorate = self.is_quorate(&state);
        for index in 0..state.places.len() {
            let Some(place) = state.places.get(index).copied() else { continue };
            let next = match (is_quorate, place.off(), place) {
                (false, None, _) => Place::Returning,
                (false, Some(_), Place::Uncovered(_) | Place::Undetected(_)) => place,
                (false, Some(off), _) => Place::Waiting(off),
                (true, _, Place::Waiting(off)) => self
                    .free(&state)
                    .map_or(Place::Waiting(off), |tier| Place::FailingOver(off, tier)),
                (true, _, other) => other,
            };
            if let Some(entry) = state.places.get_mut(index) {
                *entry = next;
            }
        }
        state.places.sort_unstable();
        state
    }

    /// What happens to one group and its home.
    fn step_place(&self, state: &State, index: usize, place: Place, follow: &mut Follow<'_>) {
        let of = &self.0;
        let mut to = |place, rate| follow(self.with(state, index, place), rate);
        match place.off() {
            None => {
                for (place, share) in self.failed(Off::Failed) {
                    to(place, share * of.failure_rate);
                }
            }
            Some(Off::Failed) => to(Place::Returning, of.repair_rate),
            Some(Off::Maintained) => to(Place::ReturningPlanned, 1.0 / of.maintenance),
        }
        if let Place::Undetected(off) = place {
            let node = self.free(state).filter(|_| self.is_quorate(state));
            to(node.map_or(Place::Waiting(off), |tier| Place::Away(off, tier)), 1.0 / of.manual);
        }
        if !self.is_quorate(state) {
            return;
        }
        match place {
            Place::Home
            | Place::Away(..)
            | Place::Undetected(_)
            | Place::Waiting(_)
            | Place::Evicted => {}
            Place::Returning | Place::ReturningPlanned => to(Place::Home, 1.0 / of.planned_move),
            Place::MovingOut(tier) => {
                to(Place::Away(Off::Maintained, tier), 1.0 / of.planned_move);
            }
            Place::FailingOver(off, tier) => to(Place::Away(off, tier), 1.0 / of.failover),
            Place::Uncovered(off) => to(Place::Undetected(off), 1.0 / of.failover),
        }
    }

    /// Where a group is when its node has failed, each with its probability. One that waits starts
    /// over at once if there is a node: see `settled`.
    const fn failed(&self, off: Off) -> [(Place, f64); 2] {
        let covered = self.0.coverage;
        [(Place::Waiting(off), covered), (Place::Uncovered(off), 1.0 - covered)]
    }

    fn step_spares(&self, state: &State, tier: Tier, follow: &mut Follow<'_>) {
        let of = &self.0;
        let failed_more = |mut next: State| {
            if let Some(count) = next.failed.get_mut(tier) {
                *count = count.saturating_add(1);
            }
            self.settled(next)
        };
        follow(failed_more(state.clone()), self.idle(state, tier) as f64 * of.failure_rate);
        for (index, place) in state.places.iter().enumerate() {
            let Some(off) = place.off().filter(|_| place.spare() == Some(tier)) else { continue };
            for (place, share) in self.failed(off) {
                let mut next = state.clone();
                if let Some(entry) = next.places.get_mut(index) {
                    *entry = place;
                }
                follow(failed_more(next), share * of.failure_rate);
            }
        }
        let failed = state.failed.get(tier).copied().unwrap_or(0);
        let mut repaired = state.clone();
        if let Some(count) = repaired.failed.get_mut(tier) {
            *count = count.saturating_sub(1);
        }
        follow(self.settled(repaired), failed as f64 * of.repair_rate);
    }

    fn step_maintenance(&self, state: &State, follow: &mut Follow<'_>) {
        let of = &self.0;
        if state.maintained.is_some() {
            let over = State { maintained: None, ..state.clone() };
            follow(self.settled(over), 1.0 / of.maintenance);
        }
        if !self.is_quiet(state) || of.nodes() <= of.quorum {
            return;
        }
        let out = match (self.free(state), of.eviction) {
            (Some(tier), _) => Some(Place::MovingOut(tier)),
            (None, Eviction::Forced) => Some(Place::Evicted),
            (None, Eviction::WhenRoom) => None,
        };
        if let Some(place) = out {
            follow(self.with(state, 0, place), of.homes as f64 * of.maintenance_rate);
        }
        for tier in [0, 1] {
            let next = State { maintained: Some(tier), ..state.clone() };
            follow(self.settled(next), self.spares(tier) as f64 * of.maintenance_rate);
        }
    }
}

type Follow<'a> = dyn FnMut(State, f64) + 'a;

impl Model for Homes {
    type State = State;

    fn initial(&self) -> State {
        State { places: vec![Place::Home; self.0.homes], failed: [0, 0], maintained: None }
    }

    fn step(&self, state: &State, follow: &mut dyn FnMut(State, f64)) {
        for (index, place) in state.places.iter().enumerate() {
            self.step_place(state, index, *place, follow);
        }
        for tier in [0, 1] {
            self.step_spares(state, tier, follow);
        }
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
                Place::Home | Place::Away(..) => {}
                Place::Returning => down.failback += 1.0,
                Place::ReturningPlanned | Place::MovingOut(_) | Place::Evicted => {
                    down.planned += 1.0;
                }
                Place::FailingOver(..) | Place::Uncovered(_) => down.failover += 1.0,
                Place::Undetected(_) => down.undetected += 1.0,
                Place::Waiting(_) => down.waiting += 1.0,
            }
        }
        down
    }

    fn groups(&self) -> usize {
        self.0.homes
    }
}
