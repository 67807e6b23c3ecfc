//! Starts follow their providers, stops follow their dependents, and nothing starts where it must
//! not.

use quorate::cluster::Effect;
use quorate::machine::{NodeState, ResourceState};
use quorate::settings::{Admission, DesiredState, Priority};
use quorate::state::{OperationKind, Recovery, ResourceRecord};
use quorate::{GroupId, NodeId, ResourceId};

use super::{Moment, ownership, unheard};
use crate::audit::seen::Seen;
use crate::audit::spelling::share_a_class;
use crate::{Breach, ensure};

/// Judges an effect at the moment of its output.
pub(super) fn effect(seen: &Seen, moment: &Moment<'_>, effect: &Effect) -> Result<(), Breach> {
    let node = seen.node(effect.node);
    ensure!(
        S11,
        effect.incarnation == node.incarnation,
        "{effect:?} is for an older life than {}",
        node.incarnation
    );
    if effect.action == OperationKind::Inventory {
        return unheard::question(seen, effect);
    }
    let Some(resource) = effect.resource else {
        ensure!(S5, seen.is_quorate, "a fence without quorum");
        ensure!(S26, node.state != NodeState::Down, "a fence of {} that is off", effect.node);
        return Ok(());
    };
    let is_harmless = matches!(
        effect.action,
        OperationKind::Stop | OperationKind::Terminate | OperationKind::Probe
    );
    ensure!(S5, seen.is_quorate || is_harmless, "{effect:?} without quorum");
    let is_member = node.state.is_member();
    ensure!(S16, is_member, "{effect:?} for a node that is {}", node.state);
    if seen.orphans.contains(&(effect.node, resource)) {
        return stop_of_orphan(seen, effect, resource);
    }
    let group = seen.group_of(resource);
    ensure!(
        S4,
        seen.group(group).owner == Some(effect.node),
        "{effect:?} for a node not the owner"
    );
    match effect.action {
        OperationKind::Start => {
            start_at_all(seen, resource, effect.node, group)?;
            unheard::start(seen, resource)?;
            start_order(seen, resource)?;
            start_not_early(moment, effect, resource)?;
            ownership::found_room(seen, moment, group, effect.node)?;
            admission(seen, group, effect.node)
        }
        // A stop that an agent forgot was judged when it was first issued.
        OperationKind::Stop if is_asked_again(moment, effect, resource) => Ok(()),
        OperationKind::Stop => stop_order(seen, resource),
        OperationKind::Terminate => terminate_order(seen, moment, effect, resource),
        OperationKind::CheckLooksAlive
        | OperationKind::CheckIsAlive
        | OperationKind::Probe
        | OperationKind::Fence
        | OperationKind::Inventory => Ok(()),
        other => unimplemented!("{other:?}"),
    }
}

/// Checks that a resource starts only with quorum, on a node that is up and that can run it, when
/// it is wanted, when its group is not moving elsewhere, and when no resource of its group is an
/// orphan.
fn start_at_all(
    seen: &Seen,
    resource: ResourceId,
    node: NodeId,
    group: GroupId,
) -> Result<(), Breach> {
    ensure!(S5, seen.is_quorate, "{resource} starts without quorum");
    let state = seen.node(node).state;
    ensure!(S16, state == NodeState::Up, "{resource} starts on {node}, which is {state}");
    let declared = seen.spec.resource(resource).expect("a declared resource");
    ensure!(S16, declared.can_run_on(node), "{resource} starts on {node}, which cannot run it");
    let wanted = seen.wanted(resource);
    ensure!(S19, wanted == DesiredState::Online, "{resource} starts and is wanted {wanted}");
    ensure!(S4, seen.group(group).movement.is_none(), "{resource} starts while {group} moves away");
    let of = seen.spec.group(group).expect("a declared group");
    let orphan = seen.orphans.iter().find(|(_, id)| of.position_of(*id).is_some());
    ensure!(S1, orphan.is_none(), "{resource} starts although {orphan:?} runs where it should not");
    // A resource that is added to a running group starts with the group.
    let is_running = of.resources().any(|id| id != resource && seen.resource(id).state.may_run());
    let is_asked = of.settings().priority != Priority::NO_AUTO_START
        || seen.group(group).is_ordered
        || is_running;
    ensure!(S19, is_asked, "{resource} starts by itself, and nobody ever asked for it");
    Ok(())
}

/// Checks that a resource starts only when every clause of its dependencies has a member that is
/// online.
fn start_order(seen: &Seen, resource: ResourceId) -> Result<(), Breach> {
    let group = seen.spec.group(seen.group_of(resource)).expect("a declared group");
    let position = group.position_of(resource).expect("a member");
    for clause in group.graph().clauses(position) {
        let mut members = clause.map(|member| group.resource_at(member));
        let holds = members.any(|id| seen.resource(id).state == ResourceState::Online);
        ensure!(S2, holds, "{resource} starts although a clause of it has no member online");
    }
    Ok(())
}

/// Checks that a resource with a scheduled restart does not start earlier, unless an operator asks
/// for it.
fn start_not_early(
    moment: &Moment<'_>,
    effect: &Effect,
    resource: ResourceId,
) -> Result<(), Breach> {
    if moment.command().is_some() {
        return Ok(());
    }
    let before = moment.before.state();
    let declared = moment.before.spec().resource(resource);
    let group = declared.and_then(|declared| before.group(declared.group()));
    let Some((record, group)) = before.resource(resource).zip(group) else { return Ok(()) };
    // A group leaves its failures behind with its owner, even if it comes back in one step.
    if group.owner() != Some(effect.node) || group.epoch() != effect.epoch {
        return Ok(());
    }
    if let Recovery::RestartAt(at) = record.recovery() {
        ensure!(S29, at <= moment.now, "{resource} restarts at {} and not at {at}", moment.now);
    }
    Ok(())
}

/// Checks that, where a node admits only one group of a class, the first resource of a group starts
/// only if no other group of its class runs there.
fn admission(seen: &Seen, group: GroupId, node: NodeId) -> Result<(), Breach> {
    // The event about the resource that starts comes before its start.
    let declared = seen.spec.group(group).expect("a declared group");
    let running = declared.resources().filter(|id| seen.resource(*id).state.may_run()).count();
    if seen.spec.settings().admission == Admission::Open || running > 1 {
        return Ok(());
    }
    for (other, of) in seen.spec.groups() {
        let shares = share_a_class(&seen.spec, declared, of);
        let is_there = other != group && seen.group(other).owner == Some(node);
        ensure!(
            S17,
            !(shares && is_there && seen.may_run(other)),
            "{group} starts on {node} beside {other} of the same class"
        );
    }
    Ok(())
}

/// Checks that a resource stops only when each of its dependents is off, or holds through other
/// providers that are online. A clause that does not name the resource is not broken by the stop:
/// it also holds through a provider that failed and is left for an operator.
fn stop_order(seen: &Seen, resource: ResourceId) -> Result<(), Breach> {
    let group = seen.spec.group(seen.group_of(resource)).expect("a declared group");
    let position = group.position_of(resource).expect("a member");
    for dependent in group.graph().dependents(position) {
        if !seen.resource(group.resource_at(dependent)).state.may_run() {
            continue;
        }
        for mut clause in group.graph().clauses(dependent) {
            let names_it = clause.clone().any(|member| member == position);
            let holds = clause.any(|member| {
                let record = seen.resource(group.resource_at(member));
                let is_left = record.is_left && record.state.may_run();
                member != position
                    && (record.state == ResourceState::Online || is_left && !names_it)
            });
            ensure!(
                S3,
                holds,
                "{resource} stops before {}, which needs it",
                group.resource_at(dependent)
            );
        }
    }
    Ok(())
}

/// Tells whether a stop was in flight on this node before the step already. It is issued under a new
/// number when the agent has lost its memory.
fn is_asked_again(moment: &Moment<'_>, effect: &Effect, resource: ResourceId) -> bool {
    let (spec, state) = (moment.before.spec(), moment.before.state());
    let operation = state.resource(resource).and_then(ResourceRecord::operation);
    let owner = spec.resource(resource).and_then(|declared| state.owner(declared.group()));
    !moment.is_reconfiguration()
        && owner == Some(effect.node)
        && operation.is_some_and(|of| of.kind == OperationKind::Stop)
}

/// Checks that a failed resource is terminated only when no dependent is left that relies on it and
/// whose stop or terminate is still to come or under way. The order of a terminate that follows a
/// stop was judged with the stop.
fn terminate_order(
    seen: &Seen,
    moment: &Moment<'_>,
    effect: &Effect,
    resource: ResourceId,
) -> Result<(), Breach> {
    let before = moment.before.state().resource(resource);
    let follows_a_stop = before.is_some_and(|record| {
        record.state() == ResourceState::OfflinePending
            || record.operation().is_some_and(|of| of.kind == OperationKind::Terminate)
    });
    if follows_a_stop || moment.is_reconfiguration() {
        return Ok(());
    }
    let group = seen.spec.group(seen.group_of(resource)).expect("a declared group");
    let position = group.position_of(resource).expect("a member");
    for dependent in group.graph().dependents(position) {
        let id = group.resource_at(dependent);
        let is_under_way = seen.operations.values().any(|of| {
            of.resource == Some(id) && of.node == effect.node && of.action != OperationKind::Probe
        });
        let state = seen.resource(id).state;
        if !state.may_run() || state == ResourceState::InDoubt && !is_under_way {
            continue;
        }
        // A clause that does not name the resource is not broken by the terminate.
        let clauses = group.graph().clauses(dependent);
        let mut named = clauses.filter(|clause| clause.clone().any(|of| of == position));
        let holds = named.all(|mut clause| {
            clause.any(|member| {
                member != position
                    && seen.resource(group.resource_at(member)).state == ResourceState::Online
            })
        });
        ensure!(S3, holds, "{resource} is terminated before {id}, which needs it and is {state}");
    }
    Ok(())
}

/// Checks that an orphan is only stopped or terminated on its node, after its dependents.
fn stop_of_orphan(seen: &Seen, effect: &Effect, resource: ResourceId) -> Result<(), Breach> {
    ensure!(
        S27,
        matches!(effect.action, OperationKind::Stop | OperationKind::Terminate),
        "{effect:?} for what should not run there"
    );
    if effect.action != OperationKind::Stop {
        return Ok(());
    }
    let group = seen.spec.group(seen.group_of(resource)).expect("a declared group");
    let position = group.position_of(resource).expect("a member");
    for dependent in group.graph().dependents(position) {
        let dependent = (effect.node, group.resource_at(dependent));
        ensure!(S3, !seen.orphans.contains(&dependent), "{effect:?} before {dependent:?}");
    }
    Ok(())
}
