//! The groups that should have been given a node.

use super::order::Order;
use super::picture::{Group, Picture};
use quorate::machine::{NodeState, ResourceState};
use quorate::policy::Trigger;
use quorate::settings::Ownership;
use quorate::state::{DrainStatus, LockHandling, NoRestartCause, Recovery};

impl Picture {
    /// Tells whether a group waits for its home because the cluster has just formed
    /// (`ClusterGroupWaitDelay`). Its home is the most preferred owner, or else the node that it
    /// was last started on or moved to. If it has neither, and only needed resources count, it
    /// waits for a node that can run all of them, if none is there. A group that was started or
    /// given a node since then does not wait.
    #[must_use]
    pub fn waits_for_home(&self, group: &Group) -> bool {
        let Some((formed_at, delay)) = self.forming else { return false };
        let home = group.preferred.first().or(group.default_owner.as_ref());
        let is_missing = home.is_some_and(|home| !self.is_member(home));
        !group.is_settled
            && formed_at.after(delay) > self.now
            && (is_missing || self.is_able_node_to_come(group))
    }

    /// Tells whether a node that can run all needed resources may still come, while the nodes that
    /// are there can run only a part.
    fn is_able_node_to_come(&self, group: &Group) -> bool {
        let mut able = self.nodes.iter().filter(|node| self.obstacle(group, &node.name).is_none());
        let is_there = |state| matches!(state, NodeState::Up | NodeState::Paused);
        let could_start = self
            .nodes
            .iter()
            .any(|node| node.state == NodeState::Up && !group.standing_on(&node.name).is_empty());
        self.ownership == Ownership::NeededResources
            && could_start
            && able.clone().next().is_some()
            && !able.any(|node| is_there(node.state))
    }

    /// Returns the groups that should have been given a node by now and were not, each with the
    /// node and the reason.
    ///
    /// A group that has no owner, or an owner that is down, gets the next node. A group on a node
    /// that is being drained leaves it, at the latest after the others. A group that its owner
    /// cannot run leaves for a node that can. Groups that are moving, or that a failed resource is
    /// about to move, are judged elsewhere.
    #[must_use]
    pub fn forgotten(&self, orders: &[Order]) -> Vec<(String, String, Trigger)> {
        let mut forgotten = Vec::new();
        if !self.is_quorate {
            return forgotten;
        }
        for group in &self.groups {
            let Some(trigger) = self.needs_node(group) else { continue };
            // The group may take over running resources, when it is known where they run.
            let was_owned = group.owner.is_some() || group.epoch > 0;
            if !was_owned && group.resources.iter().any(|of| self.may_run_unheard(of)) {
                continue;
            }
            let ranking = self.ranking(&group.name, trigger, orders);
            let Some(next) = ranking.next() else { continue };
            let has_owner = group.owner.as_deref().is_some_and(|owner| self.is_member(owner));
            let is_enough = !has_owner || trigger == Trigger::Drain || next.flaw.is_none();
            // A group that waits for room may also take it on its own node.
            let is_news = group.owner.as_ref() != Some(&next.node) || self.waits_for_room(group);
            if is_enough && is_news {
                forgotten.push((group.name.clone(), next.node.clone(), trigger));
            }
        }
        forgotten
    }

    /// Returns the groups that should be on their way home by now and are not, each with the node.
    /// Home is the best of the preferred owners before the present one that the group may go to. It
    /// has to have come up after the group came to its owner, and to have been up for the
    /// hold-down. No resource of the group may be changing or have failed, and the group may not be
    /// locked. Groups with a window are not judged.
    #[must_use]
    pub fn late_for_home(&self, orders: &[Order]) -> Vec<(String, String)> {
        if !self.is_quorate {
            return Vec::new();
        }
        let late = |group: &Group| {
            let home = self.node(&self.home_of(group, orders)?)?;
            let is_stable = home.since.after(group.returns_after?) <= self.now;
            let is_news = self.runs_in_part(group) || home.up_in_input > group.placed_in_input;
            (is_stable && is_news).then(|| (group.name.clone(), home.name.clone()))
        };
        self.groups.iter().filter(|group| self.is_settled(group)).filter_map(late).collect()
    }

    fn home_of(&self, group: &Group, orders: &[Order]) -> Option<String> {
        let taken = self.ranking(&group.name, Trigger::BestPossible, orders).taken;
        // A group does not go home to a node on which it failed.
        let has_failed_on = |node: &String| {
            !group.failure_memory.is_zero() && group.failed_on.iter().any(|(name, _)| name == node)
        };
        let is_good = |node: &String| {
            taken.iter().any(|place| place.node == *node && place.flaw.is_none())
                && self.node(node).is_some_and(|known| known.is_attractive)
                && !has_failed_on(node)
        };
        let better = group.preferred.iter().take_while(|node| group.owner.as_ref() != Some(*node));
        let preferred = better.into_iter().find(|node| is_good(node)).cloned();
        let able = taken.first().map(|place| place.node.clone()).filter(is_good);
        preferred.or(able.filter(|_| self.runs_in_part(group)))
    }

    /// Tells whether the owner of a group cannot run all needed resources, so that the group
    /// returns from there.
    fn runs_in_part(&self, group: &Group) -> bool {
        let owner = group.owner.as_deref();
        self.ownership == Ownership::NeededResources
            && owner.is_some_and(|owner| self.obstacle(group, owner).is_some())
    }

    /// Tells whether a group is on a node that is up, with no operation or recovery to come first.
    fn is_settled(&self, group: &Group) -> bool {
        let is_owner_up =
            group.owner.as_deref().is_some_and(|owner| self.node_state(owner) == NodeState::Up);
        let is_quiet = group.resources.iter().all(|resource| {
            resource.recovery == Recovery::None
                && (resource.state == ResourceState::Online || !resource.may_run())
        });
        is_owner_up
            && is_quiet
            && group.going.is_none()
            && group.queued.is_none()
            && !group.is_held(LockHandling::Respect)
            && self.needs_node(group).is_none()
    }

    /// Tells whether a group is to start and takes no room yet.
    pub(super) fn waits_for_room(&self, group: &Group) -> bool {
        group.owner.is_some() && !group.takes_room && self.is_wanted(group)
    }

    /// Returns why a group needs a node now.
    pub(super) fn needs_node(&self, group: &Group) -> Option<Trigger> {
        let Some(owner) = group.owner.as_deref() else {
            return (!self.waits_for_home(group)).then_some(Trigger::Start);
        };
        match self.node_state(owner) {
            NodeState::Down => {
                return (!self.waits_for_home(group)).then_some(Trigger::NodeFailure);
            }
            NodeState::Unclean | NodeState::Joining => return None,
            NodeState::Up | NodeState::Paused => {}
        }
        let is_failing = group.resources.iter().any(|resource| match resource.recovery {
            Recovery::Failover | Recovery::RetryAt { cause: NoRestartCause::NoCandidate, .. } => {
                true
            }
            Recovery::None | Recovery::RestartAt(_) | Recovery::RetryAt { .. } => false,
        });
        // A resource that is left for an operator keeps its group on its owner.
        let is_left = group.resources.iter().any(|resource| resource.is_left);
        if group.going.is_some() || is_failing || is_left {
            return None;
        }
        // A group that runs in part returns, if that is allowed.
        let cannot_run = self.obstacle(group, owner).is_some()
            && (self.ownership == Ownership::EveryResource || !group.may_run());
        let is_held = self.node_state(owner) == NodeState::Paused
            && !group.may_run()
            && self.is_wanted(group);
        if cannot_run || is_held || self.waits_for_room(group) {
            // A lock holds a group that need not start elsewhere or cannot.
            let is_at_rest = group.may_run() || !self.is_wanted(group);
            let stays = is_at_rest && group.is_held(LockHandling::Respect);
            if !stays {
                return Some(Trigger::Start);
            }
        }
        let drain = self.node(owner)?.drain;
        // A group that could not leave at once is tried again when the others have left.
        let is_waited_for =
            self.groups.iter().any(|other| other.takes_place_on(owner) && other.going.is_some());
        let is_draining = drain.status == DrainStatus::InProgress
            && drain.target.is_none()
            && !group.is_held(drain.lock);
        let waits = self.may_wait_to_leave(group);
        (is_draining && !is_waited_for && !waits).then_some(Trigger::Drain)
    }
}
