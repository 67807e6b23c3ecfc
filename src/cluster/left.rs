//! What failed and is left as it is for an operator to look at: what comes to that, what it keeps from
//! happening, and how it ends.

use alloc::sync::Arc;

use super::Cluster;
use crate::id::{GroupId, ResourceId};
use crate::machine::{ResourceEvent, ResourceState};
use crate::policy::Trigger;
use crate::settings::{DesiredState, NoQuorum, OnUnfixable, RestartAction, UnconfirmedStop};
use crate::spec::{GroupSpec, ResourceSpec};
use crate::state::{Doubt, Exhaustion, FailedWhile, LateStart, MovementCause, Recovery};

impl Cluster {
    /// Whether a resource failed and is left as it is.
    pub(crate) fn is_left(&self, resource: ResourceId) -> bool {
        self.state.resource(resource).is_some_and(|record| match record.recovery {
            Recovery::RetryAt { cause, .. } => cause == Exhaustion::Left,
            Recovery::None | Recovery::RestartAt(_) | Recovery::Failover => false,
        })
    }

    /// Whether a group stays where it is, for a resource of it is left as it is.
    pub(crate) fn is_group_left(&self, group: GroupId) -> bool {
        let declared = self.spec.group(group);
        declared.is_some_and(|of| of.resources().any(|resource| self.is_left(resource)))
            && !seeded!(LeftGroupMoves)
    }

    /// Whether a resource that fails now is left as it is: it says so, and nothing is left that could
    /// mend it. What is on its way out anyway is no matter for an operator.
    pub(crate) fn is_unfixable(&self, resource: ResourceId) -> bool {
        let Some(declared) = self.spec.resource(resource) else { return false };
        let Some(group) = self.spec.group(declared.group()) else { return false };
        self.is_kept_for_operator(declared, resource)
            && !self.can_be_mended(group, declared, resource)
    }

    /// The same for a start that can never succeed on its node.
    pub(crate) fn is_unfixable_for_good(&self, resource: ResourceId) -> bool {
        let Some(declared) = self.spec.resource(resource) else { return false };
        let Some(group) = self.spec.group(declared.group()) else { return false };
        let can_leave = self.affects_group(group, resource) && self.can_fail_over(group, resource);
        self.is_kept_for_operator(declared, resource) && !can_leave
    }

    fn is_kept_for_operator(&self, declared: &ResourceSpec, resource: ResourceId) -> bool {
        match declared.settings().on_unfixable {
            OnUnfixable::Recover => return false,
            OnUnfixable::Block => {}
        }
        let group = declared.group();
        let is_stopped = match self.spec.settings().no_quorum {
            NoQuorum::Stop => !self.state.is_quorate(),
            NoQuorum::Freeze => false,
        };
        let is_wanted = self.desired(group, resource) == DesiredState::Online;
        is_wanted && !is_stopped && !self.is_moving(group)
    }

    /// Whether a restart or a failover is left for a resource that fails now.
    fn can_be_mended(
        &self,
        group: &GroupSpec,
        declared: &ResourceSpec,
        resource: ResourceId,
    ) -> bool {
        let settings = declared.settings();
        let source = self.state.group(declared.group()).and_then(|record| record.return_to);
        if let Some(source) = source {
            let returns = self.assess(declared.group(), Trigger::BestPossible, source).is_ok();
            if returns || settings.affects_group() {
                return returns || self.can_fail_over(group, resource);
            }
        }
        let failed = match self.state.resource_state(resource) {
            ResourceState::OnlinePending => FailedWhile::Starting,
            ResourceState::Initializing
            | ResourceState::Offline
            | ResourceState::Online
            | ResourceState::OfflinePending
            | ResourceState::Terminating
            | ResourceState::Failed
            | ResourceState::InDoubt => FailedWhile::Running,
        };
        let is_paused = self.is_on_paused_node(resource);
        let has_restart = self.restarts_left_after(resource, failed, settings) > 0;
        match settings.restart_action {
            RestartAction::DontRestart => false,
            // On a paused node it waits for the resume, and is tried then.
            RestartAction::RestartNoNotify => has_restart || is_paused,
            RestartAction::RestartNotify => {
                let is_redundant = self.is_redundant(group, resource);
                has_restart
                    || is_redundant && is_paused
                    || !is_redundant && self.can_fail_over(group, resource)
            }
        }
    }

    /// Whether the group of a resource could fail over now.
    fn can_fail_over(&self, declared: &GroupSpec, resource: ResourceId) -> bool {
        let Some(group) = self.spec.resource(resource).map(ResourceSpec::group) else {
            return false;
        };
        self.may_fail_over(resource)
            && !self.is_group_left(group)
            && self
                .choose(group, Trigger::ResourceFailure)
                .is_some_and(|choice| !self.is_refused(declared, group, choice.node))
    }

    /// Leaves a resource that fails now exactly as it is.
    pub(crate) fn leave_failed(&mut self, resource: ResourceId, event: ResourceEvent) {
        self.supersede(resource);
        self.step_resource(resource, ResourceEvent::Left);
        if event == ResourceEvent::StartFailed
            && let Some(record) = self.state.resources.get_mut(resource.index())
        {
            // It was answered; nothing of it is still to come.
            record.late_start = LateStart::Impossible;
        }
        self.leave(resource);
    }

    /// Whether a resource is left as it is when a terminate did not confirm that it is off.
    pub(crate) fn is_left_unconfirmed(&self, resource: ResourceId) -> bool {
        let declared = self.spec.resource(resource);
        declared.is_some_and(|of| {
            let settings = of.settings();
            settings.on_unfixable == OnUnfixable::Block
                && settings.unconfirmed_stop == UnconfirmedStop::BlockGroup
        })
    }

    /// Leaves a resource of which nobody knows whether it runs to an operator.
    pub(crate) fn leave(&mut self, resource: ResourceId) {
        self.set_doubt(resource, Doubt::Left);
        self.give_up(resource, Exhaustion::Left);
    }

    /// Somebody has spoken about what was left: it is terminated first, and then as if it had never
    /// failed. On a lost node nothing is asked for; what may be done is decided when it is back.
    pub(crate) fn release(&mut self, resource: ResourceId) {
        if !self.is_left(resource) {
            return;
        }
        let group = self.spec.resource(resource).map(ResourceSpec::group);
        let owner = group.and_then(|group| self.state.owner(group));
        let is_member = owner.is_some_and(|node| self.state.node_state(node).is_member());
        let Some(record) = self.state.resources.get_mut(resource.index()) else { return };
        record.recovery = Recovery::None;
        record.restarts.clear();
        record.retries = 0;
        if record.state == ResourceState::InDoubt {
            let doubt = if is_member { Doubt::ToTerminate } else { Doubt::Open };
            self.set_doubt(resource, doubt);
        }
        self.touch_resource(resource);
    }

    /// The same for all of a group.
    pub(crate) fn release_group(&mut self, group: GroupId) {
        let spec = Arc::clone(&self.spec);
        for resource in spec.group(group).into_iter().flat_map(GroupSpec::resources) {
            self.release(resource);
        }
    }

    /// The same for a group that is moved away: it failed where it was.
    pub(crate) fn release_to_move(
        &mut self,
        declared: &GroupSpec,
        group: GroupId,
        cause: MovementCause,
    ) {
        if self.is_group_left(group) && self.leaves_for_failure(declared, cause) {
            self.note_failed_owner(declared, group);
        }
        self.release_group(group);
    }

    /// Another configuration has what failed recovered: nothing is left for an operator any more.
    pub(crate) fn release_where_recovered(&mut self) {
        let spec = Arc::clone(&self.spec);
        for (resource, declared) in spec.resources() {
            match declared.settings().on_unfixable {
                OnUnfixable::Recover => self.release(resource),
                OnUnfixable::Block => {}
            }
        }
    }

    /// The node of a resource is off, and with it whatever an operator could have looked at.
    pub(crate) fn end_left(&mut self, resource: ResourceId) {
        if self.is_left(resource) {
            self.set_recovery(resource, Recovery::None);
        }
    }
}
