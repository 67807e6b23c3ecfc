//! Whether a group may start now, and the groups that others wait for.

use alloc::collections::BTreeSet;

use crate::cluster::index::Index;
use crate::cluster::view::Facts;
use crate::cluster::words::{Rule, Subject, Violation};
use crate::id::{GroupId, NodeId};
use crate::machine::{NodeState, ResourceState};
use crate::settings::{DesiredState, Priority};
use crate::spec::GroupSpec;
use crate::state::{Exhaustion, GroupRecord, Recovery, Turn};
use crate::time::Timestamp;

/// Whether a group that is off may start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Gate {
    /// It may.
    Open,
    /// Nobody asked for it, and it is not started automatically.
    NotOrdered,
    /// Its start delay is not over.
    Delayed(Timestamp),
    /// This group of higher priority comes up as well; waited for until then.
    Behind(GroupId, Timestamp),
    /// This group of its class runs on the node.
    Refused(GroupId),
    /// No node has room for it.
    NoRoom,
}

impl Facts<'_> {
    /// Tells whether no group may choose a node yet: something happened that could help groups that
    /// have none, and every group that would choose now is planned together with them, in order of
    /// priority. Once one has let others choose first, those behind it do so as well.
    pub(crate) fn lets_others_choose_first(self) -> bool {
        self.index.touched.is_awaiting_touched()
            && (!self.index.awaiting.is_empty() || self.index.touched.has_yielding())
    }

    /// Whether a group that is off may start on its owner.
    pub(crate) fn gate(self, declared: &GroupSpec, group: GroupId, owner: NodeId) -> Gate {
        let settings = declared.settings();
        let Some(record) = self.state.group(group) else { return Gate::NotOrdered };
        if !record.may_start(settings.priority) {
            return Gate::NotOrdered;
        }
        if self.waits_for_room(group) {
            return Gate::NoRoom;
        }
        // What came here in good order ran until now, and waits for nothing.
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

    /// The group of higher priority that comes up as well as this one, if there is any, and until when
    /// this one waits for it.
    fn ahead_of(self, priority: Priority, group: GroupId) -> Option<(GroupId, Timestamp)> {
        let (highest, ahead) = self.index.unsettled.last()?;
        let until = self.comes_up_until(group)?;
        (*highest > priority).then_some((*ahead, until))
    }

    /// Since when a group comes up, at the latest: it came to its owner, its owner came up, or quorum
    /// was gained.
    pub(crate) fn comes_up_since(self, record: &GroupRecord) -> Timestamp {
        let owner = record.owner.and_then(|owner| self.state.node(owner));
        let placed_at = owner.map(|_| record.placed_at);
        let times = [self.state.quorate_since, placed_at, owner.map(|node| node.since)];
        times.into_iter().flatten().max().unwrap_or(Timestamp::ZERO)
    }

    /// Until when a group waits for those that come up with it, and holds up others; `None` if that
    /// is over.
    pub(crate) fn comes_up_until(self, group: GroupId) -> Option<Timestamp> {
        let since = self.comes_up_since(self.state.group(group)?);
        let until = since.after(self.spec.settings().priority_wait);
        (until > self.state.now || seeded!(PriorityWaitsForEver)).then_some(until)
    }

    /// Whether others wait for a group as long as it is on its way: there are groups of lower
    /// priority, and it does not take longer than they wait.
    fn may_hold_up(self, declared: &GroupSpec, group: GroupId) -> bool {
        let is_above =
            self.index.tiers.is_some_and(|(lowest, _)| declared.settings().priority > lowest);
        is_above && self.comes_up_until(group).is_some()
    }

    /// Until when a group holds up others, or may wait for others.
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

    /// Every group is filed where it stands, and nothing else is.
    pub(crate) fn check_standings(self) -> Result<(), Violation> {
        self.check_tiers()?;
        let mut anew = Index::default();
        for (group, declared) in self.spec.groups() {
            let place = (declared.settings().priority, group);
            let standing = self.standing(declared, group);
            file(&mut anew.awaiting, group, standing.is_awaiting_node);
            file(&mut anew.waiting, place, standing.may_take_its_turn);
            file(&mut anew.unsettled, place, standing.is_on_its_way);
        }
        let caches = self.index;
        let differs = caches.awaiting.symmetric_difference(&anew.awaiting).copied();
        let in_queue = caches.waiting.symmetric_difference(&anew.waiting);
        let on_its_way = caches.unsettled.symmetric_difference(&anew.unsettled);
        let in_line = in_queue.chain(on_its_way).map(|(_, group)| *group);
        match differs.chain(in_line).next() {
            Some(group) => Err(Violation::new(Subject::Group(group), Rule::StandingDiffers)),
            None => Ok(()),
        }
    }

    /// The highest priority of a group that is on its way.
    pub(crate) fn highest_on_its_way(self) -> Option<Priority> {
        self.index.unsettled.last().map(|(priority, _)| *priority)
    }

    pub(crate) fn standing(self, declared: &GroupSpec, group: GroupId) -> Standing {
        let mut standing = Standing::default();
        let Some(record) = self.state.group(group) else { return standing };
        if !self.state.is_quorate() {
            return standing;
        }
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
                // What is stuck holds up nobody.
                let is_stuck = self.doubt_of(declared).is_some();
                standing.is_on_its_way |= record.movement.is_some();
                standing.is_on_its_way &= !is_stuck;
            }
        }
        standing.is_on_its_way &= self.may_hold_up(declared, group);
        standing
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
                    cause: Exhaustion::NoCandidate | Exhaustion::Admission | Exhaustion::ForGood,
                    ..
                } => standing.is_awaiting_node = true,
                Recovery::RestartAt(_) | Recovery::Failover => standing.is_on_its_way = true,
                Recovery::None => {
                    could_start |= self.desired(group, resource) == DesiredState::Online
                        && !record.state.may_run()
                        && declared.can_stand(position, owner);
                }
                // What has failed and waits holds up nobody.
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
        // What stands on a paused node is stuck there, and in no queue.
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

/// Puts something into a set, or takes it out.
pub(crate) fn file<T: Ord>(set: &mut BTreeSet<T>, what: T, is_in: bool) {
    if is_in {
        set.insert(what);
    } else {
        set.remove(&what);
    }
}

/// Where a group stands in the queue.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Standing {
    /// A node, room or a departure could help it.
    pub(crate) is_awaiting_node: bool,
    /// It is starting or moving; groups of lower priority wait.
    pub(crate) is_on_its_way: bool,
    /// It could start, and waits as long as a group of higher priority is on its way.
    pub(crate) may_take_its_turn: bool,
}
