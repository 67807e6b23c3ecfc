//! The waits of a group that is off before its first resource starts.

use super::picture::{Group, Picture};
use quorate::Timestamp;
use quorate::machine::{NodeState, ResourceState};
use quorate::settings::{Admission, DesiredState};
use quorate::state::{DrainStatus, MovementCause, NoRestartCause, OperationKind, Recovery, Turn};

impl Picture {
    /// Returns the resources of a group that may start now, by all rules. Besides its own
    /// dependencies, a group with nothing running waits until
    ///
    /// - an operator asked for it, if it is not started automatically;
    /// - its start delay on this node is over, if it comes up with others;
    /// - no group of higher priority that comes up as well is on its way (event 1640 of Windows
    ///   clusters), for as long as the group may wait for that;
    /// - no rival runs on the node, if the cluster admits only one.
    ///
    /// Nothing of a group starts while one of its resources is an orphan.
    #[must_use]
    pub fn may_start(&self, group: &Group) -> Vec<String> {
        let ready = self.ready_to_start(group);
        let owner = group.owner.clone().unwrap_or_default();
        let is_orphaned =
            self.orphans.iter().any(|(_, resource)| group.resource(resource).is_some());
        let is_open = group.may_run()
            || group.takes_room && self.is_first_in_line(group) && {
                self.admission == Admission::Open || self.running_rivals(group, &owner).is_empty()
            };
        if is_orphaned || !is_open { Vec::new() } else { ready }
    }

    /// Returns the resources whose wait for a restart or another attempt is over without any
    /// action. A resource that may still run waits until it is known to be off, and so does one
    /// that is being stopped. On a paused node only a resource that wants to leave has a time.
    #[must_use]
    pub fn waits_that_are_over(&self, group: &Group) -> Vec<String> {
        let owner = group.owner.as_deref();
        let is_held = owner.is_some_and(|owner| self.node_state(owner) == NodeState::Paused);
        let is_over = |resource: &&super::Resource| match resource.recovery {
            Recovery::RestartAt(at) => at <= self.now && resource.operation.is_none(),
            Recovery::RetryAt { at, cause } => {
                let may_try = !is_held || cause == NoRestartCause::Failovers;
                at.is_some_and(|at| at <= self.now) && may_try && !resource.may_run()
            }
            Recovery::None | Recovery::Failover => false,
        };
        group.resources.iter().filter(is_over).map(|resource| resource.name.clone()).collect()
    }

    /// Tells whether only the node itself keeps a group with nothing running from starting.
    fn is_first_in_line(&self, group: &Group) -> bool {
        (group.priority > 0 || group.is_ordered)
            && !self.is_delayed(group)
            && !self.is_behind(group)
    }

    /// Tells whether its start delay keeps a group off. A group that came to its node in good
    /// order, or has begun to start, does not wait.
    fn is_delayed(&self, group: &Group) -> bool {
        group.turn == Turn::Awaited && group.placed_at.after(group.start_delay) > self.now
    }

    /// Tells whether a group may run on while its node is being drained, because the drain has
    /// moved a group of higher priority that is not online at its destination yet. The wait is
    /// limited by the time that groups wait for a tier.
    #[must_use]
    pub fn may_wait_to_leave(&self, group: &Group) -> bool {
        let owner = group.owner.as_deref().unwrap_or_default();
        self.drain_is_young(owner)
            && group.may_run()
            && self.groups.iter().any(|other| {
                other.priority > group.priority && self.is_ahead_in_drain(other, owner)
            })
    }

    /// Tells whether the groups on a node that is being drained may still wait for each other.
    #[must_use]
    pub fn drain_is_young(&self, node: &str) -> bool {
        self.is_quorate
            && self.node(node).is_some_and(|known| {
                let since = known.drain.since.unwrap_or_default();
                known.drain.status == DrainStatus::InProgress
                    && matches!(known.state, NodeState::Up | NodeState::Paused)
                    && since.after(self.priority_wait) > self.now
            })
    }

    /// Tells whether a group is leaving a node because of a drain, or has left it so and is still
    /// coming up at its destination.
    #[must_use]
    pub fn is_ahead_in_drain(&self, other: &Group, node: &str) -> bool {
        if other.owner.as_deref() == Some(node) {
            return matches!(other.going, Some((_, MovementCause::Drain)));
        }
        other.drained_from.as_deref() == Some(node) && self.is_on_its_way(other)
    }

    /// Tells whether a group waits for a group of higher priority that comes up as well. A group
    /// that has begun to start, or moves in good order, does not wait.
    #[must_use]
    pub fn is_behind(&self, group: &Group) -> bool {
        group.turn == Turn::Awaited
            && self.comes_up(group)
            && self
                .groups
                .iter()
                .any(|other| other.priority > group.priority && self.is_on_its_way(other))
    }

    /// Tells whether a group still comes up among others: a short time ago it came to its node, its
    /// node came up, or quorum was gained.
    #[must_use]
    pub fn comes_up(&self, group: &Group) -> bool {
        self.comes_up_until(group) > self.now
    }

    /// Returns the time until which a group waits for others, and others wait for it.
    #[must_use]
    pub fn comes_up_until(&self, group: &Group) -> Timestamp {
        let owner = group.owner.as_deref().and_then(|owner| self.node(owner));
        let placed_at = owner.map(|_| group.placed_at);
        let since = [self.quorate_since, placed_at, owner.map(|node| node.since)];
        let since = since.into_iter().flatten().max().unwrap_or_default();
        since.after(self.priority_wait)
    }

    /// Tells whether a group could start, and only groups of higher priority keep it from that.
    #[must_use]
    pub fn waits_for_turn(&self, group: &Group) -> bool {
        group.going.is_none()
            && self.is_in_line(group)
            && !self.is_delayed(group)
            && self.is_behind(group)
    }

    /// Tells whether a group is on its way: starting, stopping, moving, about to be restarted or
    /// moved, waiting for its home when the cluster forms, for its start delay, or for a group of
    /// still higher priority. A group that only an operator or an event outside can get going again
    /// holds up no other.
    #[must_use]
    pub fn is_on_its_way(&self, group: &Group) -> bool {
        if !self.is_quorate || !self.comes_up(group) {
            return false;
        }
        let Some(owner) = group.owner.as_deref() else {
            return self.is_wanted(group) && self.waits_for_home(group);
        };
        match self.node_state(owner) {
            NodeState::Down | NodeState::Unclean | NodeState::Joining => return false,
            NodeState::Up | NodeState::Paused => {}
        }
        // A probe in flight makes no difference.
        let is_stuck = group.resources.iter().any(|resource| {
            let is_left_alone =
                resource.operation.is_none_or(|(_, kind)| kind == OperationKind::Probe);
            resource.state == ResourceState::InDoubt && is_left_alone
        });
        if is_stuck {
            return false;
        }
        let is_changing = group.resources.iter().any(|resource| match resource.state {
            ResourceState::OnlinePending
            | ResourceState::OfflinePending
            | ResourceState::Terminating => true,
            ResourceState::Initializing
            | ResourceState::Offline
            | ResourceState::Online
            | ResourceState::Failed
            | ResourceState::InDoubt => false,
        });
        let is_recovering = group.resources.iter().any(|resource| match resource.recovery {
            Recovery::RestartAt(_) | Recovery::Failover => true,
            Recovery::None | Recovery::RetryAt { .. } => false,
        });
        is_changing || is_recovering || group.going.is_some() || self.is_in_line(group)
    }

    /// Tells whether a group that is off and could start waits for its start delay or for others.
    fn is_in_line(&self, group: &Group) -> bool {
        let standing = group.standing_on(group.owner.as_deref().unwrap_or_default());
        let could_start = group.resources.iter().any(|resource| {
            standing.contains(&resource.name)
                && resource.desired == DesiredState::Online
                && !resource.may_run()
                && resource.recovery == Recovery::None
        });
        let is_asked = group.priority > 0 || group.is_ordered;
        // A paused node starts nothing.
        let is_up =
            group.owner.as_deref().is_some_and(|owner| self.node_state(owner) == NodeState::Up);
        is_up
            && !group.may_run()
            && could_start
            && is_asked
            && group.takes_room
            && (self.is_delayed(group) || self.is_behind(group))
    }

    /// Tells whether any resource of a group should be online and may be started without an
    /// operator.
    #[must_use]
    pub fn is_wanted(&self, group: &Group) -> bool {
        let is_asked = group.priority > 0 || group.is_ordered;
        let wanted = |resource: &super::Resource| resource.desired == DesiredState::Online;
        is_asked && group.resources.iter().any(wanted)
    }
}
