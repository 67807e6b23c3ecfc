//! Groups that come up and in which nothing is the matter.
//!
//! A group is calm if all its resources should be online on its owner, are off, starting or online,
//! and wait for nothing but their providers. Starts do not end that, so what follows from a start is
//! known without looking at the rest of the group.

use crate::cluster::index::attractive;
use crate::cluster::index::standing::Standing;
use crate::cluster::view::Facts;
use crate::cluster::words::{Inconsistency, StateRule, StateSubject};
use crate::id::{GroupId, NodeId};
use crate::machine::{GroupState, NodeState, ResourceState};
use crate::settings::DesiredState;
use crate::spec::GroupSpec;
use crate::state::{Doubt, HomeWait, Recovery, Tenure, Turn};

impl Facts<'_> {
    /// Tells whether a group is calm.
    pub(crate) fn is_calm(self, declared: &GroupSpec, group: GroupId) -> bool {
        let Some(record) = self.state.group(group) else { return false };
        let Some(owner) = record.owner else { return false };
        self.state.is_quorate()
            && self.state.node_state(owner) == NodeState::Up
            && !self.index.draining.contains(&owner)
            && record.movement.is_none()
            && record.queued.is_none()
            && record.return_to.is_none()
            && record.tenure == Tenure::Lasting
            && record.turn == Turn::Over
            && record.home_wait == HomeWait::Over
            && self.index.running(group) > 0
            && !self.waits_for_room(group)
            && !self.is_unfit(declared, group, owner)
            && attractive(declared, Some(owner)).next().is_none()
            && (0..declared.resource_count())
                .all(|position| self.is_calm_at(declared, group, (position, owner)))
    }

    /// Tells whether a resource should be online, and nothing but its providers keeps it off.
    fn is_calm_at(
        self,
        declared: &GroupSpec,
        group: GroupId,
        (position, owner): (usize, NodeId),
    ) -> bool {
        let resource = declared.resource_at(position);
        let Some(record) = self.state.resource(resource) else { return false };
        let is_on_its_way = match record.state {
            ResourceState::Offline => record.operation.is_none(),
            ResourceState::OnlinePending => true,
            ResourceState::Online => self.has_its_providers(declared, position),
            ResourceState::Initializing
            | ResourceState::OfflinePending
            | ResourceState::Terminating
            | ResourceState::Failed
            | ResourceState::InDoubt => false,
        };
        is_on_its_way
            && record.recovery == Recovery::None
            && record.doubt == Doubt::Open
            && self.desired(group, resource) == DesiredState::Online
            && self.spec.resource(resource).is_some_and(|of| of.can_run_on(owner))
    }

    fn has_its_providers(self, declared: &GroupSpec, position: usize) -> bool {
        let is_online = |member| self.state_at(declared, member) == ResourceState::Online;
        declared.graph().clauses(position).all(|mut clause| clause.any(is_online))
    }

    /// Tells whether a calm group can be settled by what started. Something that is due, a node that
    /// has not said what it runs, and resources of the group on other nodes concern all of it.
    pub(crate) fn may_advance(self, group: GroupId) -> bool {
        self.index.touched.is_calm(group)
            && self.index.silent.is_empty()
            && self.index.agenda.first().is_none_or(|(at, _)| at > self.state.now)
            && self.index.orphans.first_of(group).is_none()
    }

    /// Returns the state of a calm group.
    pub(crate) fn calm_state(self, declared: &GroupSpec, group: GroupId) -> GroupState {
        let (online, running) = (self.index.online(group), self.index.running(group));
        let is_any_off = declared.resource_count() > usize::try_from(running).unwrap_or(usize::MAX);
        let states = [
            (online > 0).then_some(ResourceState::Online),
            (running > online).then_some(ResourceState::OnlinePending),
            is_any_off.then_some(ResourceState::Offline),
        ];
        GroupState::of(states.into_iter().flatten())
    }

    /// Returns the place in the queue of a calm group.
    pub(crate) fn calm_standing(self, declared: &GroupSpec, group: GroupId) -> Standing {
        let is_starting = self.index.running(group) > self.index.online(group);
        Standing {
            is_awaiting_node: false,
            is_homeless: false,
            is_short_of_nodes: false,
            is_on_its_way: is_starting && self.may_hold_up(declared, group),
            may_take_its_turn: false,
        }
    }

    /// Checks that every group that counts as calm is calm.
    pub(crate) fn check_calm(self) -> Result<(), Inconsistency> {
        let mut groups = self.spec.groups();
        let differs = groups.find(|(group, declared)| {
            self.index.touched.is_calm(*group) && !self.is_calm(declared, *group)
        });
        match differs {
            Some((group, _)) => {
                Err(Inconsistency::new(StateSubject::Group(group), StateRule::IndexDiffers))
            }
            None => Ok(()),
        }
    }
}
