//! Which groups should have been given a node.

use std::prelude::v1::*;

use super::order::Order;
use super::picture::{Group, Picture};
use crate::machine::NodeState;
use crate::policy::Trigger;
use crate::state::{DrainStatus, Exhaustion, Recovery};

impl Picture {
    /// Whether a group waits for its home because the cluster has just formed
    /// (`ClusterGroupWaitDelay`): the most preferred owner, else the node that it was last started
    /// on or moved to.
    #[must_use]
    pub fn waits_for_home(&self, group: &Group) -> bool {
        let Some((formed_at, delay)) = self.forming else { return false };
        let Some(home) = group.preferred.first().or(group.default_owner.as_ref()) else {
            return false;
        };
        let was_placed = group.owner.is_some() && group.placed_at >= formed_at;
        !was_placed && formed_at.after(delay) > self.now && !self.is_member(home)
    }

    /// The groups that should have been given a node by now and were not, each with the node and
    /// the reason.
    ///
    /// A group that has no owner, or one that is off, gets the next node; a group on a node that is
    /// being drained leaves it, at the latest after the others; a group that an owner cannot run
    /// leaves for one that can. A group that is moving, or that a failed resource wants elsewhere,
    /// has its own way.
    #[must_use]
    pub fn forgotten(&self, orders: &[Order]) -> Vec<(String, String, Trigger)> {
        let mut forgotten = Vec::new();
        if !self.is_quorate {
            return forgotten;
        }
        for group in &self.groups {
            let Some(trigger) = self.needs_node(group) else { continue };
            let ranking = self.ranking(&group.name, trigger, orders);
            let Some(next) = ranking.next() else { continue };
            let has_owner = group.owner.as_deref().is_some_and(|owner| self.is_member(owner));
            let is_enough = !has_owner || trigger == Trigger::Drain || next.flaw.is_none();
            let is_news = group.owner.as_ref() != Some(&next.node);
            if is_enough && is_news {
                forgotten.push((group.name.clone(), next.node.clone(), trigger));
            }
        }
        forgotten
    }

    /// Why a group needs a node now.
    fn needs_node(&self, group: &Group) -> Option<Trigger> {
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
            Recovery::Failover | Recovery::RetryAt { cause: Exhaustion::NoCandidate, .. } => true,
            Recovery::None | Recovery::RestartAt(_) | Recovery::RetryAt { .. } => false,
        });
        if group.going.is_some() || is_failing {
            return None;
        }
        let cannot_run = group.resources.iter().any(|resource| !resource.can_run_on(owner));
        let is_held = self.node_state(owner) == NodeState::Paused
            && !group.may_run()
            && self.is_wanted(group);
        if cannot_run || is_held {
            return Some(Trigger::Start);
        }
        let drain = self.node(owner)?.drain;
        // What could not leave at once is tried again when the others have left.
        let is_waited_for =
            self.groups.iter().any(|other| other.takes_place_on(owner) && other.going.is_some());
        let is_draining = drain.status == DrainStatus::InProgress && drain.target.is_none();
        (is_draining && !is_waited_for).then_some(Trigger::Drain)
    }
}
