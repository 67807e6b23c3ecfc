//! Failback: the node to which a group returns, and the time.

use core::time::Duration;

use crate::cluster::view::{Facts, View};
use crate::id::{GroupId, NodeId};
use crate::machine::NodeState;
use crate::plan::Tier;
use crate::policy::Trigger;
use crate::settings::{Failback, FailbackWindow, Ownership};
use crate::spec::GroupSpec;
use crate::state::{FailbackTarget, LockHandling};
use crate::time::{Timestamp, WallClock};

/// The time by which clocks are set back in autumn. A window that began up to this long after the
/// last failback may be the window of that failback, in which one hour comes twice.
const CLOCK_SHIFT: Duration = Duration::from_secs(3_600);

/// The decision about the failback of a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FailbackPlan {
    /// The group stays, because there is no node to return to or something else has to change
    /// first.
    Stay,
    /// The group does not return before this time.
    At(Timestamp),
    /// The group returns to this node now.
    Now(NodeId),
}

impl Facts<'_> {
    /// Tells whether any resource is starting, stopping or in doubt: a move would interrupt it.
    fn is_busy(self, declared: &GroupSpec) -> bool {
        declared.resources().any(|resource| {
            let state = self.state.resource_state(resource);
            state.may_run() && state != crate::machine::ResourceState::Online
        })
    }
}

impl View<'_> {
    /// Decides about the failback of a group from the state alone, and not from the event that led
    /// to it. A failback is due if the best eligible preferred owner came up, or the window opened,
    /// after the group was placed on its owner.
    pub(crate) fn failback_plan(
        self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
    ) -> FailbackPlan {
        let settings = declared.settings();
        if settings.failback == Failback::Prevent
            || self.is_held_by_lock(group, LockHandling::Respect) && !seeded!(LockIgnored)
            || self.is_moving(group)
            || self.is_busy(declared)
            || self.is_group_left(group)
            || self.state.node_state(owner) != NodeState::Up
        {
            return FailbackPlan::Stay;
        }
        let preferred = self.failback_target(declared, group, owner);
        let able = self.able_node(declared, group, owner);
        let Some(target) = preferred.or(able) else { return FailbackPlan::Stay };
        let (Some(record), Some(node)) = (self.state.group(group), self.state.node(target)) else {
            return FailbackPlan::Stay;
        };
        // A group that its owner cannot run completely waits for nothing but permission.
        let came_up_since = able.is_some() || node.up_in_input > record.placed_in_input;
        let stable_at = if seeded!(HoldDownIgnored) {
            node.since
        } else {
            node.since.after(settings.failback_hold_down)
        };
        let Some(window) = settings.failback_window else {
            return match (came_up_since, stable_at > self.state.now) {
                (false, _) => FailbackPlan::Stay,
                (true, true) => FailbackPlan::At(stable_at),
                (true, false) => FailbackPlan::Now(target),
            };
        };
        // Without a reading of the local clock there is no window.
        let Some(local) = self.state.local_millis_of_day() else { return FailbackPlan::Stay };
        let day = Day { now: self.state.now, local, window };
        let shift = if seeded!(ClockShiftIgnored) { Duration::ZERO } else { CLOCK_SHIFT };
        let is_of_use = |opened_at: Timestamp| {
            let is_used = record.last_failback.is_some_and(|last| last.after(shift) >= opened_at);
            (came_up_since || opened_at >= record.placed_at)
                && (!is_used || seeded!(SecondFailback))
        };
        // The decision depends on the state, and on the time only to say whether the failback is
        // due. So a cluster that is restored meanwhile waits for the same time.
        let mut at = day.first_open(stable_at.max(self.state.now));
        if !is_of_use(day.opened(at)) {
            at = day.begins_after(at);
        }
        if at > self.state.now { FailbackPlan::At(at) } else { FailbackPlan::Now(target) }
    }

    /// Returns the most preferred eligible node that is preferred to the owner and on which the
    /// group has not failed.
    fn failback_target(
        self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
    ) -> Option<NodeId> {
        let better = declared.preferred_owners().iter().copied().take_while(|node| *node != owner);
        better
            .filter(|node| {
                self.state
                    .node(*node)
                    .is_some_and(|record| record.attraction == FailbackTarget::Open)
                    && !self.stays_away_from(declared, group, *node)
            })
            .find(|node| self.assess(group, Trigger::BestPossible, *node) == Ok(Tier::Eligible))
    }

    /// Returns the node to which a group returns if its owner cannot run all that must run. That
    /// node can run all of it, and the group has not failed there.
    fn able_node(self, declared: &GroupSpec, group: GroupId, owner: NodeId) -> Option<NodeId> {
        match self.spec.settings().ownership {
            Ownership::NeededResources => {}
            // With this setting such a group has left its owner at once.
            Ownership::EveryResource => return None,
        }
        self.state.obstacle(self.spec, group, owner)?;
        let choice = self.choose(group, Trigger::BestPossible)?;
        let is_open = self
            .state
            .node(choice.node)
            .is_some_and(|record| record.attraction == FailbackTarget::Open);
        let is_good = is_open
            && choice.tier == Tier::Eligible
            && !self.stays_away_from(declared, group, choice.node);
        is_good.then_some(choice.node)
    }

    /// Tells whether a group has to wait before it fails back to node `to`, because another group
    /// fails back in the same step and leaves `to`. The room that the other group leaves is then
    /// given away in order of priority. A group waits like this at most once in a step, so that two
    /// groups that change places do not wait for each other.
    pub(crate) fn goes_after_another(self, group: GroupId, to: NodeId) -> bool {
        !self.index.touched.has_let_leave(group)
            && self.groups_owned_by(to).any(|other| {
                self.index.touched.is_touched(other)
                    && self.spec.group(other).is_some_and(|declared| {
                        matches!(self.failback_plan(declared, other, to), FailbackPlan::Now(_))
                    })
            })
    }
}

/// A failback window and the local clock.
#[derive(Clone, Copy)]
struct Day {
    now: Timestamp,
    /// Milliseconds since local midnight at `now`.
    local: u64,
    window: FailbackWindow,
}

impl Day {
    /// Returns the time at which the window opened that is open at `at`.
    fn opened(self, at: Timestamp) -> Timestamp {
        Timestamp::from_millis(at.as_millis().saturating_sub(self.since_start(at)))
    }

    /// Returns the first time at or after `at` at which a window is open.
    fn first_open(self, at: Timestamp) -> Timestamp {
        if self.is_within(self.since_start(at)) { at } else { self.begins_after(at) }
    }

    /// Returns the time after `at` at which the next window begins.
    fn begins_after(self, at: Timestamp) -> Timestamp {
        let wait = WallClock::DAY_MILLIS.saturating_sub(self.since_start(at));
        at.after(Duration::from_millis(wait))
    }

    /// Returns the milliseconds since the clock last showed the beginning of the window.
    fn since_start(self, at: Timestamp) -> u64 {
        let ahead = at.as_millis().saturating_sub(self.now.as_millis()) % WallClock::DAY_MILLIS;
        let local = self.local.saturating_add(ahead) % WallClock::DAY_MILLIS;
        day_span(hour_millis(self.window.start_hour), local)
    }

    fn is_within(self, since_start: u64) -> bool {
        let FailbackWindow { start_hour, end_hour } = self.window;
        let length = day_span(hour_millis(start_hour), hour_millis(end_hour));
        (since_start < length) != (start_hour > end_hour && seeded!(MidnightInverted))
    }
}

fn hour_millis(hour: u8) -> u64 {
    u64::from(hour).saturating_mul(3_600_000)
}

/// Returns the milliseconds from one time of day until the clock next shows another.
fn day_span(from: u64, to: u64) -> u64 {
    let shifted = to.saturating_add(WallClock::DAY_MILLIS).saturating_sub(from);
    shifted % WallClock::DAY_MILLIS
}
