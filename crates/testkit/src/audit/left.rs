//! A resource that failed and is left for an operator stays exactly as it is.

use super::facts::{
    is_failure, is_held, may_fail_over, named_record, resources_on, with_providers,
};
use super::{Moment, spent};
use crate::audit::seen::{Again, Seen};
use crate::{Breach, ensure};
use quorate::cluster::{Command, Effect, Event};
use quorate::machine::{NodeState, ResourceState};
use quorate::settings::{NoQuorum, OnUnfixable, RestartAction};
use quorate::state::{MovementCause, NoRestartCause, OperationKind, ResourceRecord};
use quorate::{Cluster, GroupId, Input, Outcome, ResourceId};

/// Checks that no operation is issued for a resource that is left for an operator.
pub(super) fn effect(seen: &Seen, effect: &Effect) -> Result<(), Breach> {
    let Some(resource) = effect.resource else { return Ok(()) };
    let is_owner = seen.group(seen.group_of(resource)).owner == Some(effect.node);
    // A resource that was off by then and is found running is judged elsewhere: no operation
    // started it.
    let record = seen.resource(resource);
    let is_left = is_owner && record.is_left && record.state.may_run();
    ensure!(S19, !is_left, "{resource} is left for an operator: {} is asked for", effect.action);
    Ok(())
}

/// Checks that a group stays as long as one of its resources is left, that a resource is left only
/// if no restart or failover could repair it, and that a resource that has to be left is not
/// terminated.
pub(super) fn event(seen: &mut Seen, moment: &Moment<'_>, event: &Event) -> Result<(), Breach> {
    match event {
        Event::MoveStarted { group, cause, .. } => {
            let is_asked_for = match cause {
                MovementCause::Operator | MovementCause::Configuration => true,
                MovementCause::Start
                | MovementCause::ResourceFailure
                | MovementCause::NodeFailure
                | MovementCause::Drain
                | MovementCause::Failback
                | MovementCause::Return => false,
                other => unimplemented!("{other:?}"),
            };
            if is_asked_for {
                begin_group_anew(seen, *group);
            }
            // A move under way that finds another destination is still one move.
            let is_same = seen.group(*group).movement.is_some();
            let left = of_group(seen, *group).into_iter().find(|id| seen.resource(*id).is_left);
            ensure!(
                S19,
                is_same || left.is_none(),
                "{group} moves by itself ({cause}) while {left:?} is left for an operator"
            );
        }
        Event::RestartsExhausted { resource, cause: NoRestartCause::Left, .. } => {
            ensure!(
                S15,
                is_unconfirmed(seen, moment, *resource)
                    || is_beyond_repair(seen, moment, *resource),
                "{resource} is left for an operator, and could be restarted"
            );
            seen.resources[resource.index()].is_left = true;
        }
        Event::ResourceChanged { resource, from, to: ResourceState::Terminating, .. } => {
            let is_failure = is_failure(seen, moment, *resource, *from);
            ensure!(
                S19,
                !is_failure || !is_to_be_left(seen, moment, *resource),
                "{resource} is terminated, and should be left for an operator"
            );
        }
        Event::ResourceChanged { resource, .. } => {
            // The node lists what it runs: a resource that is not listed is off, and still counts
            // as left.
            let is_listed = matches!(
                moment.input(),
                Some(Input::NodeJoined { .. } | Input::NodeInventory { .. })
            );
            if !is_listed {
                release(seen, *resource);
            }
        }
        Event::OwnerChanged { group, .. } => release_group(seen, *group),
        Event::NodeChanged { node, to: NodeState::Down, .. } => {
            for resource in resources_on(seen, *node) {
                release(seen, resource);
            }
        }
        _ => {}
    }
    Ok(())
}

/// Releases the resources that are recovered under another configuration.
pub(super) fn reconfigured(seen: &mut Seen) {
    let recovered: Vec<ResourceId> = seen
        .spec
        .resources()
        .filter(|(_, declared)| declared.settings().on_unfixable == OnUnfixable::Recover)
        .map(|(resource, _)| resource)
        .collect();
    for resource in recovered {
        begin_anew(seen, resource);
    }
}

/// Releases the resources that the command of an operator is about.
pub(super) fn obey(seen: &mut Seen, command: &Command) {
    match command {
        Command::BringGroupOnline { group, .. }
        | Command::TakeGroupOffline { group, .. }
        | Command::ClearGroupFailures { group, node: None, .. } => begin_group_anew(seen, *group),
        // The command also covers all resources that it needs.
        Command::BringResourceOnline { resource, .. } => {
            for member in with_providers(seen, *resource) {
                begin_anew(seen, member);
            }
        }
        Command::TakeResourceOffline { resource, .. }
        | Command::ClearResourceFailure { resource, .. } => begin_anew(seen, *resource),
        _ => {}
    }
}

/// Tells whether a resource of a group is left for an operator, by the memory of the cluster.
pub(super) fn has_left(cluster: &Cluster, group: GroupId) -> bool {
    let declared = cluster.spec().group(group);
    let is_left =
        |resource| cluster.state().resource(resource).is_some_and(ResourceRecord::is_left);
    declared.is_some_and(|of| of.resources().any(is_left))
}

/// Tells whether a resource that fails now has to be left: its settings say so, it has no restart
/// left, and its group has no failover left. The presence of another node is not judged.
fn is_to_be_left(seen: &Seen, moment: &Moment<'_>, resource: ResourceId) -> bool {
    let declared = seen.spec.resource(resource).expect("a declared one");
    let (group, settings) = (declared.group(), declared.settings());
    match settings.on_unfixable {
        OnUnfixable::Recover => return false,
        OnUnfixable::Block => {}
    }
    let is_stopped = !seen.is_quorate && seen.spec.settings().no_quorum == NoQuorum::Stop;
    let has_way_back =
        named_record(seen, moment, group).is_some_and(|record| record.return_to().is_some());
    let is_on_its_way = seen.group(group).movement.is_some();
    if is_stopped || has_way_back || is_on_its_way {
        return false;
    }
    let is_held = is_held(seen, group);
    let is_spent = spent::will_be_spent(seen, moment, resource);
    match settings.restart_action {
        RestartAction::DontRestart => true,
        RestartAction::RestartNoNotify => is_spent && !is_held,
        RestartAction::RestartNotify => {
            is_spent && !is_held && !may_fail_over(seen, group, moment.now)
        }
    }
}

/// Tells whether a restart could not have helped.
fn is_beyond_repair(seen: &Seen, moment: &Moment<'_>, resource: ResourceId) -> bool {
    let settings = seen.spec.resource(resource).expect("a declared one").settings();
    let is_never = match settings.restart_action {
        RestartAction::DontRestart => true,
        RestartAction::RestartNoNotify | RestartAction::RestartNotify => false,
    };
    let is_for_good = matches!(
        moment.input(),
        Some(Input::OperationFinished { outcome: Outcome::FailedForGood, .. })
    );
    is_never
        || is_for_good
        || seen.resource(resource).may_leave
        || spent::is_spent(seen, moment, resource)
}

/// Tells whether a terminate of a resource ended in this step without a confirmation that it is
/// off.
fn is_unconfirmed(seen: &Seen, moment: &Moment<'_>, resource: ResourceId) -> bool {
    let name = seen.spec.resource(resource).expect("a declared one").name();
    let before = moment.before.spec().resource_id(name);
    let record = before.and_then(|id| moment.before.state().resource(id));
    let operation = record.and_then(|record| record.operation());
    operation.is_some_and(|of| of.kind == OperationKind::Terminate)
}

fn of_group(seen: &Seen, group: GroupId) -> Vec<ResourceId> {
    seen.spec.group(group).expect("a declared group").resources().collect()
}

fn release_group(seen: &mut Seen, group: GroupId) {
    for resource in of_group(seen, group) {
        release(seen, resource);
    }
}

fn release(seen: &mut Seen, resource: ResourceId) {
    let record = &mut seen.resources[resource.index()];
    record.is_left = false;
    if matches!(record.again, Again::RetryAt(_, NoRestartCause::Left)) {
        record.again = Again::Free;
    }
}

/// Releases a resource that the command of an operator is about; it has all its restarts again.
fn begin_anew(seen: &mut Seen, resource: ResourceId) {
    if seen.resource(resource).is_left {
        release(seen, resource);
        let record = &mut seen.resources[resource.index()];
        record.restarts.clear();
        record.forget_attempts();
    }
}

fn begin_group_anew(seen: &mut Seen, group: GroupId) {
    for resource in of_group(seen, group) {
        begin_anew(seen, resource);
    }
}
