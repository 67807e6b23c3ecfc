//! The record of a group: where it serves, why it is down and what is in flight.

use crate::books::Entry;
use crate::causes::Cause;
use quorate::settings::Failback;
use quorate::spec::GroupSpec;
use quorate::{NodeId, OpId, ResourceId};

/// A group as its users see it.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    /// The number of the group in the books, if it is measured.
    pub(crate) book: Option<usize>,
    pub(super) home: Option<NodeId>,
    pub(super) returns: bool,
    pub(super) depth: u64,
    /// The reason why the group is down, if it is.
    pub(super) down: Option<Cause>,
    /// The time up to which downtime has been counted.
    pub(super) counted: u64,
    /// The node on which the group was started last.
    pub(super) host: Option<NodeId>,
    /// The node on which the group served last.
    pub(super) served_on: Option<NodeId>,
    /// The time at which the present outage is to end, if that has been drawn.
    pub(super) ends_at: Option<u64>,
    pub(super) wave: Wave,
    pub(super) waves_left: u64,
    pub(super) in_flight: Vec<(OpId, ResourceId)>,
    /// The cause that applies when the group stops next.
    pub(super) leaves_for: Cause,
    /// True if the group is away from home because of maintenance.
    pub(super) is_away_as_planned: bool,
    pub(crate) entry: Entry,
}

/// The work of a group's operations in flight.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wave {
    None,
    /// The last stop ends at this time.
    Stops(u64),
    Starts,
}

impl Service {
    pub(crate) fn new(group: &GroupSpec, book: Option<usize>) -> Self {
        Self {
            name: group.name().into(),
            book,
            home: group.preferred_owners().first().copied(),
            returns: group.settings().failback == Failback::Allow,
            depth: u64::try_from(group.graph().depth()).unwrap_or(u64::MAX).max(1),
            down: Some(Cause::Waiting),
            counted: 0,
            host: None,
            served_on: None,
            ends_at: None,
            wave: Wave::None,
            waves_left: 0,
            in_flight: Vec::with_capacity(group.resource_count()),
            leaves_for: Cause::Failback,
            is_away_as_planned: false,
            entry: Entry::default(),
        }
    }

    pub(crate) const fn is_serving(&self) -> bool {
        self.down.is_none()
    }

    /// Tells whether the group serves, and does so at home if it returns there.
    pub(crate) fn is_quiet(&self) -> bool {
        self.book.is_none()
            || self.is_serving()
                && (!self.returns || self.home.is_none() || self.served_on == self.home)
    }

    /// Counts downtime up to now.
    pub(crate) fn count(&mut self, now: u64) {
        if let Some(cause) = self.down {
            let sum = self.entry.down.of_mut(cause);
            *sum = sum.saturating_add(now.saturating_sub(self.counted));
        }
        self.counted = now;
    }

    /// Sets the time at which the present outage is to end.
    pub(crate) const fn end_at(&mut self, end: u64) {
        self.ends_at = Some(end);
    }

    /// Changes the cause of the present downtime.
    pub(super) fn blame(&mut self, now: u64, cause: Cause) {
        self.count(now);
        self.down = Some(cause);
    }
}
