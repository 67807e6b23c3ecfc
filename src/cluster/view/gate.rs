//! The gate through which groups start, and the groups that others wait for.

use crate::cluster::index::Index;
use crate::cluster::index::standing::Standing;
use crate::cluster::view::Facts;
use crate::cluster::words::{Inconsistency, StateRule, StateSubject};
use crate::id::{GroupId, NodeId};
use crate::machine::{NodeState, ResourceState};
use crate::settings::{DesiredState, Priority};
use crate::spec::GroupSpec;
use crate::state::{GroupRecord, NoRestartCause, Recovery, Turn};
use crate::time::Timestamp;

/// The answer to the question whether a group that is off may start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Gate {
    /// The group may start.
    Open,
    /// The group is not started automatically, and no operator has asked for it.
    NotOrdered,
    /// The start delay of the group ends at this time.
    Delayed(Timestamp),
    /// This group of higher priority comes up as well, and is waited for until this time.
    Behind(GroupId, Timestamp),
    /// This group of the same anti-affinity class runs on the node.
    Refused(GroupId),
    /// No node has room for the group.
    NoRoom,
}

impl Facts<'_> {
    /// Tells whether a group that is about to choose a node has to let others choose first. That is
    /// so if something happened that could help groups without a node: then all groups that would
    /// choose now are planned later together with those, in order of priority. Once one group has
    /// let others choose first, the groups that are planned after it do so as well.
    pub(crate) fn lets_others_choose_first(self) -> bool {
        self.index.touched.is_awaiting_touched()
            && (!self.index.awaiting.is_empty() || self.index.touched.has_yielding())
    }

    /// Decides whether a group that is off may start on its owner.
    pub(crate) fn gate(self, declared: &GroupSpec, group: GroupId, owner: NodeId) -> Gate {
        let settings = declared.settings();
        let Some(record) = self.state.group(group) else { return Gate::NotOrdered };
        if !record.may_start(settings.priority) {
            return Gate::NotOrdered;
        }
        if self.waits_for_room(group) {
            return Gate::NoRoom;
        }
        // A group that came to its owner in good order ran until now, and waits for nothing.
        let is_among_others = record.turn == Turn::Awaited || seeded!(MovedIsDelayed);
        let delayed_until = record.placed_at.after(settings.start_delay);
        if is_among_others && delayed_until > self.state.now {
            return Gate::Delayed(delayed_until);
        }
        if record.turn == Turn::Awaited
            && let Some((ahead, until)) = self.ahead_of(settings.priority, group)
        {
            return Gate::Behind(ahead, until);
        }
        match self.refusal(declared, group, owner) {
            Some(other) => Gate::Refused(other),
            None => Gate::Open,
        }
    }

    /// Returns the group of higher priority that comes up together with this one, if there is one,
    /// and the time until which this group waits for it.
    fn ahead_of(self, priority: Priority, group: GroupId) -> Option<(GroupId, Timestamp)> {
        let (highest, ahead) = self.index.unsettled.last()?;
        let until = self.comes_up_until(group)?;
        (*highest > priority).then_some((*ahead, until))
    }

    /// Returns the time since which a group comes up. It is the latest of the times at which the
    /// group came to its owner, its owner came up and quorum was gained.
    pub(crate) fn comes_up_since(self, record: &GroupRecord) -> Timestamp {
        let owner = record.owner.and_then(|owner| self.state.node(owner));
        let placed_at = owner.map(|_| record.placed_at);
        let times = [self.state.quorate_since, placed_at, owner.map(|node| node.since)];
        times.into_iter().flatten().max().unwrap_or(Timestamp::ZERO)
    }

    /// Returns the time until which a group waits for those that come up with it, and holds up
    /// others. `None` means that this time is over.
    pub(crate) fn comes_up_until(self, group: GroupId) -> Option<Timestamp> {
        let since = self.comes_up_since(self.state.group(group)?);
        let until = since.after(self.spec.settings().priority_wait);
        (until > self.state.now || seeded!(PriorityWaitsForEver)).then_some(until)
    }

    /// Tells whether others wait for a group as long as it is on its way. They do if there are
    /// groups of lower priority and the time for which they wait is not over.
    pub(crate) fn may_hold_up(self, declared: &GroupSpec, group: GroupId) -> bool {
        let is_above =
            self.index.tiers.is_some_and(|(lowest, _)| declared.settings().priority > lowest);
        is_above && self.comes_up_until(group).is_some()
    }

    /// Returns the time until which a group holds up others or may wait for others.
    pub(crate) fn priority_wait(self, declared: &GroupSpec, group: GroupId) -> Option<Timestamp> {
        let (_, highest) = self.index.tiers?;
        let priority = declared.settings().priority;
        let place = (priority, group);
        let is_ahead = self.index.unsettled.contains(&place);
        let is_behind = priority < highest
            && self.index.waiting.contains(&place)
            && self.state.group(group).is_some_and(|record| record.turn == Turn::Awaited);
        self.comes_up_until(group).filter(|_| is_ahead || is_behind)
    }

    /// Tells whether a group waits for its turn, or another group waits for this one.
    pub(crate) fn keeps_turn_waiting(self, group: GroupId) -> bool {
        let own = self.spec.group(group).map(|declared| declared.settings().priority);
        let is_ahead = |below| {
            own.is_some_and(|own| below < own && self.index.unsettled.contains(&(own, group)))
        };
        self.index
            .waiting
            .iter()
            .filter(|(priority, other)| *other == group || is_ahead(*priority))
            .any(|(_, other)| self.waits_for_turn(*other))
    }

    fn waits_for_turn(self, group: GroupId) -> bool {
        let Some(declared) = self.spec.group(group) else { return false };
        self.state
            .owner(group)
            .is_some_and(|owner| matches!(self.gate(declared, group, owner), Gate::Behind(..)))
    }

    /// Checks that every group is in the indexes to which it belongs, and in no other.
    pub(crate) fn check_standings(self) -> Result<(), Inconsistency> {
        self.check_tiers()?;
        let mut anew = Index::default();
        for (group, declared) in self.spec.groups() {
            let place = (declared.settings().priority, group);
            anew.file(place, self.standing(declared, group));
        }
        let index = self.index;
        let differs = index.awaiting.symmetric_difference(&anew.awaiting);
        let homeless = index.homeless.symmetric_difference(&anew.homeless);
        let short = index.short_of_nodes.symmetric_difference(&anew.short_of_nodes);
        let differs = differs.chain(homeless).chain(short).copied();
        let in_queue = index.waiting.symmetric_difference(&anew.waiting);
        let on_its_way = index.unsettled.symmetric_difference(&anew.unsettled);
        let in_line = in_queue.chain(on_its_way).map(|(_, group)| *group);
        match differs.chain(in_line).next() {
            Some(group) => {
                Err(Inconsistency::new(StateSubject::Group(group), StateRule::StandingDiffers))
            }
            None => Ok(()),
        }
    }

    /// Returns the highest priority of a group that is on its way.
    pub(crate) fn highest_on_its_way(self) -> Option<Priority> {
        self.index.unsettled.last().map(|(priority, _)| *priority)
    }

    /// Decides what a group waits for, and whether it is on its way.
    pub(crate) fn standing(self, declared: &GroupSpec, group: GroupId) -> Standing {
        let mut standing = Standing::default();
        let Some(record) = self.state.group(group) else { return standing };
        standing.is_short_of_nodes = self.is_short_of_nodes(declared);
        if !self.state.is_quorate() {
            return standing;
        }
        standing.is_homeless = self.is_homeless(declared, group);
        let is_wanted = self.is_wanted(declared, group);
        standing.is_awaiting_node = record.queued.is_some();
        let Some(owner) = record.owner else {
            let waits = self.preferred_owner_wait(declared, group).is_some();
            standing.is_awaiting_node = true;
            standing.is_on_its_way = waits && is_wanted && self.may_hold_up(declared, group);
            return standing;
        };
        match self.state.node_state(owner) {
            NodeState::Down => standing.is_awaiting_node = true,
            NodeState::Unclean => standing.is_on_its_way = seeded!(FenceHoldsUpOthers),
            NodeState::Joining => {}
            NodeState::Up | NodeState::Paused => {
                standing.is_awaiting_node |= self.is_unfit(declared, group, owner);
                standing.is_awaiting_node |= self.waits_for_room(group);
                self.add_resources(declared, group, owner, &mut standing);
                // A group that is stuck holds up no other.
                let is_stuck = self.doubt_of(declared).is_some();
                standing.is_on_its_way |= record.movement.is_some();
                standing.is_on_its_way &= !is_stuck;
            }
        }
        standing.is_on_its_way &= self.may_hold_up(declared, group);
        standing
    }

    /// Tells whether a group that is planned needs a node and has found none: no node can own it, or
    /// none has room for it. A group that waits for something else first has not looked for one.
    pub(crate) fn is_homeless(self, declared: &GroupSpec, group: GroupId) -> bool {
        let Some(record) = self.state.group(group) else { return false };
        let looks_for_owner = || self.preferred_owner_wait(declared, group).is_none();
        let is_needed = match record.owner.map(|owner| self.state.node_state(owner)) {
            None => {
                let is_unknown = self.was_never_owned(group) && self.unknown_of(declared).is_some();
                !is_unknown && looks_for_owner()
            }
            Some(NodeState::Down) => looks_for_owner(),
            Some(NodeState::Up | NodeState::Paused) => {
                self.waits_for_room(group)
                    && record.movement.is_none()
                    && !self.is_group_left(group)
            }
            Some(NodeState::Joining | NodeState::Unclean) => false,
        };
        is_needed && self.state.is_quorate()
    }

    /// Tells whether a group waits for a failover that a further node would allow. The node that
    /// comes up may be the one that gives quorum.
    fn is_short_of_nodes(self, declared: &GroupSpec) -> bool {
        let waits = |resource| {
            let recovery = self.state.resource(resource).map(|record| record.recovery);
            matches!(recovery, Some(Recovery::RetryAt { cause: NoRestartCause::Failovers, .. }))
        };
        declared.settings().failover_threshold.is_none() && declared.resources().any(waits)
    }

    fn add_resources(
        self,
        declared: &GroupSpec,
        group: GroupId,
        owner: NodeId,
        standing: &mut Standing,
    ) {
        let mut could_start = false;
        for (position, resource) in declared.resources().enumerate() {
            let Some(record) = self.state.resource(resource) else { continue };
            match record.recovery {
                Recovery::RetryAt {
                    cause:
                        NoRestartCause::NoCandidate
                        | NoRestartCause::Admission
                        | NoRestartCause::ForGood,
                    ..
                } => standing.is_awaiting_node = true,
                Recovery::RestartAt(_) | Recovery::Failover => standing.is_on_its_way = true,
                Recovery::None => {
                    could_start |= self.desired(group, resource) == DesiredState::Online
                        && !record.state.may_run()
                        && declared.can_stand(position, owner);
                }
                // A group that has failed and waits for a retry holds up no other.
                Recovery::RetryAt { .. } => standing.is_on_its_way |= seeded!(FailedHoldsUpOthers),
            }
            match record.state {
                ResourceState::OnlinePending
                | ResourceState::OfflinePending
                | ResourceState::Terminating => standing.is_on_its_way = true,
                ResourceState::Initializing
                | ResourceState::Offline
                | ResourceState::Online
                | ResourceState::Failed
                | ResourceState::InDoubt => {}
            }
        }
        // A group on a paused node is stuck there, and does not wait for its turn.
        let is_owner_up = self.state.node_state(owner) == NodeState::Up;
        if could_start && is_owner_up && self.index.running(group) == 0 && !self.is_moving(group) {
            match self.gate(declared, group, owner) {
                Gate::Delayed(_) => standing.is_on_its_way = true,
                Gate::Open | Gate::Behind(..) | Gate::Refused(_) => {
                    standing.may_take_its_turn = true;
                }
                Gate::NotOrdered | Gate::NoRoom => {}
            }
        }
    }
}
