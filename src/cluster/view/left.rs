//! Resources that are left failed for an operator, and those that would be.

use crate::cluster::view::{Facts, View};
use crate::id::{GroupId, ResourceId};
use crate::machine::ResourceState;
use crate::policy::Trigger;
use crate::settings::{DesiredState, NoQuorum, OnUnfixable, RestartAction, UnconfirmedStop};
use crate::spec::{GroupSpec, ResourceSpec};
use crate::state::{FailedWhile, ResourceRecord};

impl Facts<'_> {
    /// Tells whether a resource failed and is left failed for an operator.
    pub(crate) fn is_left(self, resource: ResourceId) -> bool {
        self.state.resource(resource).is_some_and(ResourceRecord::is_left)
    }

    /// Tells whether a group stays on its owner because one of its resources is left failed.
    pub(crate) fn is_group_left(self, group: GroupId) -> bool {
        self.left_resource(group).is_some()
    }

    /// Returns the first resource of a group that is left failed, so that the group stays.
    pub(crate) fn left_resource(self, group: GroupId) -> Option<ResourceId> {
        if seeded!(LeftGroupMoves) {
            return None;
        }
        self.spec.group(group)?.resources().find(|resource| self.is_left(*resource))
    }

    fn is_kept_for_operator(self, declared: &ResourceSpec, resource: ResourceId) -> bool {
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

    /// Tells whether a resource is left failed if a terminate did not confirm that it is off.
    pub(crate) fn is_left_unconfirmed(self, resource: ResourceId) -> bool {
        let declared = self.spec.resource(resource);
        declared.is_some_and(|of| {
            let settings = of.settings();
            settings.on_unfixable == OnUnfixable::Block
                && settings.unconfirmed_stop == UnconfirmedStop::BlockGroup
        })
    }
}

impl View<'_> {
    /// Tells whether a resource that fails now is left failed. That is so if its declaration asks
    /// for it and no attempt to recover is left, unless the resource is to be stopped anyway.
    pub(crate) fn is_unfixable(self, resource: ResourceId) -> bool {
        let Some(declared) = self.spec.resource(resource) else { return false };
        let Some(group) = self.spec.group(declared.group()) else { return false };
        self.is_kept_for_operator(declared, resource)
            && !self.can_be_mended(group, declared, resource)
    }

    /// Tells whether a resource is left failed if its start can never succeed on its node.
    pub(crate) fn is_unfixable_for_good(self, resource: ResourceId) -> bool {
        let Some(declared) = self.spec.resource(resource) else { return false };
        let Some(group) = self.spec.group(declared.group()) else { return false };
        let can_leave = self.affects_group(group, resource) && self.can_fail_over(group, resource);
        self.is_kept_for_operator(declared, resource) && !can_leave
    }

    /// Tells whether a restart or a failover is left for a resource that fails now.
    fn can_be_mended(
        self,
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
            // On a paused node it waits until the node is resumed, and is tried then.
            RestartAction::RestartNoNotify => has_restart || is_paused,
            RestartAction::RestartNotify => {
                let is_redundant = self.is_redundant(group, resource);
                has_restart
                    || is_redundant && is_paused
                    || !is_redundant && self.can_fail_over(group, resource)
            }
        }
    }

    /// Tells whether the group of a resource could fail over now.
    fn can_fail_over(self, declared: &GroupSpec, resource: ResourceId) -> bool {
        let Some(group) = self.spec.resource(resource).map(ResourceSpec::group) else {
            return false;
        };
        self.may_fail_over(resource)
            && !self.is_group_left(group)
            && self
                .choose(group, Trigger::ResourceFailure)
                .is_some_and(|choice| !self.is_refused(declared, group, choice.node))
    }
}
