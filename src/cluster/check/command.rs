//! Checks commands of operators.

use crate::cluster::check::accepted::{Accepted, MoveOrder};
use crate::cluster::view::{Facts, View};
use crate::cluster::words::{Command, InputError, WhenRefused};
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::{NodeState, ResourceState};
use crate::plan::{self, Rejection, Tier};
use crate::policy::{PlacementRequest, Trigger};
use crate::spec::ResourceSpec;
use crate::state::{DrainStatus, LateStart, LockHandling};

impl Facts<'_> {
    fn known_resource(self, resource: ResourceId) -> Result<ResourceState, InputError> {
        let record = self.state.resource(resource).ok_or(InputError::UnknownResource(resource))?;
        Ok(record.state)
    }

    fn group_of(self, resource: ResourceId) -> Result<GroupId, InputError> {
        self.spec
            .resource(resource)
            .map(ResourceSpec::group)
            .ok_or(InputError::UnknownResource(resource))
    }

    fn check_unlocked(self, group: GroupId, lock: LockHandling) -> Result<(), InputError> {
        self.state.group(group).ok_or(InputError::UnknownGroup(group))?;
        if self.is_held_by_lock(group, lock) {
            return Err(InputError::GroupLocked(group));
        }
        Ok(())
    }

    /// Tells whether a group stays where it is and as it is, because it is locked and the lock is
    /// not overridden.
    pub(crate) fn is_held_by_lock(self, group: GroupId, lock: LockHandling) -> bool {
        self.state.group(group).is_some_and(|record| record.is_held_by_lock(lock))
    }

    fn check_take_resource_offline(
        self,
        resource: ResourceId,
        lock: LockHandling,
    ) -> Result<(), InputError> {
        self.check_unlocked(self.group_of(resource)?, lock)?;
        match self.known_resource(resource)? {
            ResourceState::Initializing | ResourceState::Online | ResourceState::Offline => Ok(()),
            ResourceState::Failed => Err(InputError::ResourceFailed(resource)),
            ResourceState::InDoubt if self.is_left(resource) => Ok(()),
            state @ (ResourceState::OnlinePending
            | ResourceState::OfflinePending
            | ResourceState::Terminating
            | ResourceState::InDoubt) => Err(InputError::ResourceState { resource, state }),
        }
    }

    fn check_pause(self, node: NodeId) -> Result<(), InputError> {
        match self.known_node(node)? {
            NodeState::Up | NodeState::Joining | NodeState::Paused => Ok(()),
            state @ (NodeState::Down | NodeState::Unclean) => {
                Err(InputError::NodeState { node, state })
            }
        }
    }

    fn check_drain(self, node: NodeId, target: Option<NodeId>) -> Result<(), InputError> {
        self.check_pause(node)?;
        let state = self.known_node(node)?;
        if state == NodeState::Joining {
            return Err(InputError::NodeState { node, state });
        }
        if !self.state.is_quorate() {
            return Err(InputError::NoQuorum);
        }
        let drain = self.state.node(node).map(|record| record.drain.status);
        if drain == Some(DrainStatus::InProgress) {
            return Err(InputError::DrainInProgress(node));
        }
        let Some(target) = target else { return Ok(()) };
        if target == node || self.known_node(target)? != NodeState::Up {
            return Err(InputError::DrainTargetNotUp(target));
        }
        Ok(())
    }

    fn check_clear(self, resource: ResourceId) -> Result<(), InputError> {
        let group = self.group_of(resource)?;
        let record = self.state.resource(resource).ok_or(InputError::UnknownResource(resource))?;
        if record.state != ResourceState::InDoubt {
            return Ok(());
        }
        // Nobody can say what a lost node runs; the whole node is confirmed off instead.
        if let Some(node) = self.state.owner(group)
            && !self.state.node_state(node).is_member()
        {
            return Err(InputError::NodeState { node, state: self.state.node_state(node) });
        }
        if !record.is_in_doubt() {
            return Err(InputError::ResourceState { resource, state: record.state });
        }
        // A resource that is off now may start late; no operator can vouch for that.
        match record.late_start {
            LateStart::Possible if !seeded!(WordBeforeLateStart) => {
                Err(InputError::LateStart(resource))
            }
            LateStart::Possible | LateStart::Impossible => Ok(()),
        }
    }
}

impl View<'_> {
    /// Checks that a command is possible now, and returns what is to be done. Changes nothing.
    pub(crate) fn check_command(self, command: Command) -> Result<Accepted, InputError> {
        match &command {
            Command::BringGroupOnline { group, lock } => {
                self.check_unlocked(*group, *lock)?;
                self.check_can_start(*group)?;
            }
            Command::TakeGroupOffline { group, lock } => self.check_unlocked(*group, *lock)?,
            Command::BringResourceOnline { resource, lock } => {
                self.check_bring_resource_online(*resource, *lock)?;
            }
            Command::TakeResourceOffline { resource, lock } => {
                self.check_take_resource_offline(*resource, *lock)?;
            }
            Command::MoveGroup { group, to, on_failure, when_refused, lock } => {
                let order = MoveOrder {
                    on_failure: *on_failure,
                    when_refused: *when_refused,
                    wanted: *to,
                    lock: *lock,
                };
                return self.check_move(*group, *to, order);
            }
            Command::CancelMove { group } => {
                let record = self.state.group(*group).ok_or(InputError::UnknownGroup(*group))?;
                if record.queued.is_none() && record.movement.is_none() {
                    return Err(InputError::NotMoving(*group));
                }
            }
            Command::PauseNode { node } => self.check_pause(*node)?,
            Command::DrainNode { node, target, .. } => self.check_drain(*node, *target)?,
            Command::ResumeNode { node, .. } => {
                let state = self.known_node(*node)?;
                let record = self.state.node(*node).ok_or(InputError::UnknownNode(*node))?;
                if record.pause == crate::state::Pause::Resumed {
                    return Err(InputError::NodeState { node: *node, state });
                }
            }
            Command::ClearResourceFailure { resource } => self.check_clear(*resource)?,
            Command::ClearGroupFailures { group, node } => {
                self.state.group(*group).ok_or(InputError::UnknownGroup(*group))?;
                if let Some(node) = node {
                    self.known_node(*node)?;
                }
            }
            Command::LockGroup { group } | Command::UnlockGroup { group } => {
                self.state.group(*group).ok_or(InputError::UnknownGroup(*group))?;
            }
            Command::FailResource { resource }
            | Command::BeginMaintenance { resource }
            | Command::EndMaintenance { resource } => {
                let is_end = matches!(command, Command::EndMaintenance { .. });
                let state = self.known_resource(*resource)?;
                if !is_end && state != ResourceState::Online {
                    return Err(InputError::ResourceNotOnline(*resource));
                }
            }
            // It is checked with the policies on offer, before this.
            Command::ChangePolicy { .. } => {}
            Command::EvictNode { node } => {
                return self.check_evict(*node).map(Accepted::Configuration);
            }
            Command::Configure { declaration, moves } => {
                let declaration = (**declaration).clone();
                return self.check_configure(declaration, *moves).map(Accepted::Configuration);
            }
        }
        Ok(Accepted::Command(command))
    }

    /// Checks that the owner of a group may start something on request.
    fn check_can_start(self, group: GroupId) -> Result<(), InputError> {
        let declared = self.spec.group(group).ok_or(InputError::UnknownGroup(group))?;
        if !self.state.is_quorate() {
            return Err(InputError::NoQuorum);
        }
        let Some(owner) = self.state.owner(group) else { return Ok(()) };
        let is_all_online = declared.resources().enumerate().all(|(position, resource)| {
            self.state.resource_state(resource) == ResourceState::Online
                || declared.is_spared(position, owner)
        });
        match self.state.node_state(owner) {
            NodeState::Paused if !is_all_online => return Err(InputError::NodePaused(owner)),
            NodeState::Paused
            | NodeState::Down
            | NodeState::Joining
            | NodeState::Up
            | NodeState::Unclean => {}
        }
        let refusal = self.refusal(declared, group, owner);
        match refusal.filter(|_| self.index.running(group) == 0 && self.is_stuck_on(group, owner)) {
            Some(because_of) => Err(InputError::NodeCannotHost { group, node: owner, because_of }),
            None => Ok(()),
        }
    }

    /// Tells whether there is no better node for a group than its owner.
    fn is_stuck_on(self, group: GroupId, owner: NodeId) -> bool {
        // The group is placed as if it were wanted already.
        let placement = self.placement(group, Trigger::Start).map(PlacementRequest::to_run);
        placement
            .and_then(|placement| plan::choose(&placement, self.policy))
            .is_none_or(|choice| choice.tier != Tier::Eligible || choice.node == owner)
    }

    fn check_bring_resource_online(
        self,
        resource: ResourceId,
        lock: LockHandling,
    ) -> Result<(), InputError> {
        let group = self.group_of(resource)?;
        self.check_unlocked(group, lock)?;
        match self.known_resource(resource)? {
            ResourceState::Online => Ok(()),
            ResourceState::Initializing | ResourceState::Offline | ResourceState::Failed => {
                self.check_can_start(group)
            }
            ResourceState::InDoubt if self.is_left(resource) => self.check_can_start(group),
            state @ (ResourceState::OnlinePending
            | ResourceState::OfflinePending
            | ResourceState::Terminating
            | ResourceState::InDoubt) => Err(InputError::ResourceState { resource, state }),
        }
    }

    fn check_move(
        self,
        group: GroupId,
        to: Option<NodeId>,
        order: MoveOrder,
    ) -> Result<Accepted, InputError> {
        self.check_unlocked(group, order.lock)?;
        if let Some(to) = to {
            self.known_node(to)?;
        }
        let owner = self.state.owner(group);
        if to.is_some() && to == owner {
            // Success without effect (MS-CMRP, ApiMoveGroupToNode).
            return Ok(Accepted::Move { group, to, command: order });
        }
        match (self.move_target(group, to), order.when_refused) {
            (Ok(to), _) => Ok(Accepted::Move { group, to: Some(to), command: order }),
            (Err(_), WhenRefused::Queue) => Ok(Accepted::Move { group, to: None, command: order }),
            (Err(error), WhenRefused::Refuse) => Err(error),
        }
    }

    /// Returns the node that a move would go to now.
    pub(crate) fn move_target(
        self,
        group: GroupId,
        to: Option<NodeId>,
    ) -> Result<NodeId, InputError> {
        let declared = self.spec.group(group).ok_or(InputError::UnknownGroup(group))?;
        if !self.state.is_quorate() {
            return Err(InputError::NoQuorum);
        }
        if let Some(owner) = self.state.owner(group) {
            let state = self.state.node_state(owner);
            if state == NodeState::Unclean {
                return Err(InputError::NodeState { node: owner, state });
            }
        }
        let Some(to) = to else {
            return self
                .choose(group, Trigger::BestPossible)
                .map(|choice| choice.node)
                .filter(|node| !self.is_refused(declared, group, *node))
                .ok_or(InputError::NoCandidate(group));
        };
        if let Err(rejection) = self.assess(group, Trigger::BestPossible, to) {
            return Err(InputError::MoveRefused { group, node: to, rejection });
        }
        match self.refusal(declared, group, to) {
            Some(because_of) => {
                let rejection = Rejection::AntiAffinity { group: because_of };
                Err(InputError::MoveRefused { group, node: to, rejection })
            }
            None => Ok(to),
        }
    }
}
