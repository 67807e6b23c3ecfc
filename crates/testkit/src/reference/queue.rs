//! What a group that is off waits for before its first resource starts.

use super::picture::{Group, Picture};
use quorate::machine::{NodeState, ResourceState};
use quorate::settings::{Admission, DesiredState};
use quorate::state::{DrainStatus, MovementCause, NoRestartCause, OperationKind, Recovery, Turn};

impl Picture {
    /// The resources of a group that may start now, everything considered. Beside its own
    /// dependencies, a group of which nothing runs waits until
    ///
    /// - somebody asked for it, if it is not started automatically;
    /// - its start delay on this node is over, if it comes up with others;
    /// - no group of higher priority that comes up as well is on its way (event 1640 of Windows
    ///   clusters), as long as it may wait for that;
    /// - no rival runs on the node, if the cluster admits only one.
    ///
    /// And nothing of a group starts while something of it runs where it should not.
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

    /// The resources whose wait for a restart or another attempt is over, and nothing was done
    /// about it. What may still run waits until it is known to be off, and so does what is being
    /// stopped. On a paused node only what wants to leave it has a time.
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

    /// Whether nothing but the node itself keeps a group of which nothing runs from starting.
    fn is_first_in_line(&self, group: &Group) -> bool {
        (group.priority > 0 || group.is_ordered)
            && !self.is_delayed(group)
            && !self.is_behind(group)
    }

    /// Whether its start delay keeps a group off. What came to its node in good order, or has begun
    /// to start, waits for nothing.
    fn is_delayed(&self, group: &Group) -> bool {
        group.turn == Turn::Awaited && group.placed_at.after(group.start_delay) > self.now
    }

    /// Whether a group may run on where it is though its node is being drained, for the drain has
    /// moved one of higher priority, which is not online where it goes; no longer than anybody
    /// waits for a tier.
    #[must_use]
    pub fn may_wait_to_leave(&self, group: &Group) -> bool {
        let owner = group.owner.as_deref().unwrap_or_default();
        self.drain_is_young(owner)
            && group.may_run()
            && self.groups.iter().any(|other| {
                other.priority > group.priority && self.is_ahead_in_drain(other, owner)
            })
    }

    /// Whether the groups on a node that is being drained may still wait for each other.
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

    /// Whether a group is leaving a node because of a drain, or has left it so and is on its way
    /// where it has come to.
    #[must_use]
    pub fn is_ahead_in_drain(&self, other: &Group, node: &str) -> bool {
        if other.owner.as_deref() == Some(node) {
            return matches!(other.going, Some((_, MovementCause::Drain)));
        }
        other.drained_from.as_deref() == Some(node) && self.is_on_its_way(other)
    }

    /// Whether a group waits for one of higher priority that comes up as well. One that has begun
    /// to start, or moves in good order, waits for nobody.
    #[must_use]
    pub fn is_behind(&self, group: &Group) -> bool {
        group.turn == Turn::Awaited
            && self.comes_up(group)
            && self
                .groups
                .iter()
                .any(|other| other.priority > group.priority && self.is_on_its_way(other))
    }

    /// Whether it is not yet over that a group comes up among others: it came to its node, its node
    /// came up, or quorum was gained a short time ago.
    #[must_use]
    pub fn comes_up(&self, group: &Group) -> bool {
        let owner = group.owner.as_deref().and_then(|owner| self.node(owner));
        let placed_at = owner.map(|_| group.placed_at);
        let since = [self.quorate_since, placed_at, owner.map(|node| node.since)];
        let since = since.into_iter().flatten().max().unwrap_or_default();
        since.after(self.priority_wait) > self.now
    }

    /// Whether a group is on its way: starting, stopping, moving, about to be restarted or moved,
    /// waiting for its home when the cluster forms, for its start delay, or for a group of still
    /// higher priority. What only an operator or the outside can get going again holds up nobody.
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
        // Whether a probe of it is in flight makes no difference.
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

    /// Whether a group that is off and could start waits for its start delay or for others.
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

    /// Whether anything of a group should be online and may be started without an operator.
    #[must_use]
    pub fn is_wanted(&self, group: &Group) -> bool {
        let is_asked = group.priority > 0 || group.is_ordered;
        let wanted = |resource: &super::Resource| resource.desired == DesiredState::Online;
        is_asked && group.resources.iter().any(wanted)
    }
}
