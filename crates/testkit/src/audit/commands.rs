//! The wishes of operators and the reports of membership, kept beside the cluster.

use quorate::cluster::{Command, Life};
use quorate::machine::{NodeState, ResourceState as State};
use quorate::settings::DesiredState;
use quorate::state::{DownProof, NoRestartCause, Recovery};
use quorate::{GroupId, Input, NodeId, ResourceId};

use super::{Moment, again, failures, left};
use crate::audit::seen::{Again, Seen};

/// Records an accepted input before its outputs are judged.
pub(super) fn learn(seen: &mut Seen, moment: &Moment<'_>) {
    match moment.input() {
        Some(Input::NodeJoined { node, incarnation, .. }) => {
            seen.nodes[node.index()].incarnation = *incarnation;
        }
        Some(
            Input::NodeLeft { node, incarnation: Life::Of(reported), .. }
            | Input::NodeLost { node, incarnation: Life::Of(reported), .. }
            | Input::NodeFenced { node, incarnation: Life::Of(reported), .. }
            | Input::NodeConfirmedDown { node, incarnation: Life::Of(reported), .. },
        ) => {
            let known = &mut seen.nodes[node.index()].incarnation;
            let is_later = *reported > *known;
            *known = (*known).max(*reported);
            better_proof(seen, moment, *node, is_later);
        }
        Some(Input::NodeConfirmedDown { node, .. }) => better_proof(seen, moment, *node, false),
        Some(Input::CoreResumed) => resume(seen, moment),
        Some(Input::WallClockRead { reading, .. }) => {
            seen.wall_clock = Some((moment.now, *reading));
        }
        Some(Input::Command(command)) => {
            obey(seen, moment, command);
            again::obey(seen, command);
            failures::obey(seen, command);
            left::obey(seen, command);
        }
        _ => {}
    }
}

/// Records a better proof for a node that is down already: a report that it is off, or that a later
/// life of it was there.
fn better_proof(seen: &mut Seen, moment: &Moment<'_>, node: NodeId, is_later: bool) {
    let record = &mut seen.nodes[node.index()];
    if record.state != NodeState::Down {
        return;
    }
    record.proof = match (moment.input(), record.proof, is_later) {
        (Some(Input::NodeLost { .. }), _, true) => DownProof::LaterLife,
        (Some(Input::NodeFenced { .. }), _, true) => DownProof::Fenced,
        (_, _, true) => DownProof::Rebooted,
        (Some(Input::NodeConfirmedDown { .. }), DownProof::LaterLife, false) => DownProof::Rebooted,
        (Some(Input::NodeConfirmedDown { .. }), _, false) => DownProof::Operator,
        (_, proof, false) => proof,
    };
}

/// Records that no core decided since the last input: everything that waits is due later by that
/// time, and operations outside are not over yet.
fn resume(seen: &mut Seen, moment: &Moment<'_>) {
    let gap = moment.now.since(moment.before.state().now());
    seen.resumed_at = Some(moment.now);
    for record in &mut seen.resources {
        record.retry_at = record.retry_at.map(|at| at.after(gap));
        record.again = record.again.later(gap);
    }
}

fn obey(seen: &mut Seen, moment: &Moment<'_>, command: &Command) {
    match command {
        Command::BringGroupOnline { group, .. } => {
            let record = &mut seen.groups[group.index()];
            record.desired = DesiredState::Online;
            record.is_ordered = true;
            let of = seen.spec.group(*group).expect("a declared group");
            for resource in of.resources() {
                begin_anew(seen, moment, resource);
            }
            free_on_owner(seen, *group);
        }
        Command::TakeGroupOffline { group, .. } => {
            seen.groups[group.index()].desired = DesiredState::Offline;
            let of = seen.spec.group(*group).expect("a declared group");
            for resource in of.resources() {
                let record = &mut seen.resources[resource.index()];
                if record.desired == Some(DesiredState::Online) {
                    record.desired = None;
                }
            }
        }
        Command::BringResourceOnline { resource, .. } => {
            let group = seen.group_of(*resource);
            seen.groups[group.index()].is_ordered = true;
            want_with_providers(seen, moment, *resource);
        }
        Command::TakeResourceOffline { resource, .. } => {
            seen.resources[resource.index()].desired = Some(DesiredState::Offline);
        }
        Command::ClearResourceFailure { resource, .. } => forget(seen, *resource),
        Command::ClearGroupFailures { group, node: None, .. } => {
            seen.groups[group.index()].failovers.clear();
            let of = seen.spec.group(*group).expect("a declared group");
            for resource in of.resources() {
                forget(seen, resource);
            }
        }
        Command::ClearGroupFailures { group, node, .. } if *node == seen.group(*group).owner => {
            free_on_owner(seen, *group);
        }
        _ => {}
    }
}

/// Allows another attempt on the owner for resources that can never run there.
fn free_on_owner(seen: &mut Seen, group: GroupId) {
    let of = seen.spec.group(group).expect("a declared group");
    for resource in of.resources() {
        let again = &mut seen.resources[resource.index()].again;
        if matches!(again, Again::RetryAt(_, NoRestartCause::ForGood)) {
            *again = Again::Free;
        }
    }
}

fn forget(seen: &mut Seen, resource: ResourceId) {
    let record = &mut seen.resources[resource.index()];
    record.restarts.clear();
    record.retry_at = None;
    record.forget_attempts();
}

/// Forgets the failures of a resource that an operator brings online. One that was found off after
/// its failure still waited for its next attempt.
fn begin_anew(seen: &mut Seen, moment: &Moment<'_>, resource: ResourceId) {
    let has_failed = match seen.resource(resource).state {
        State::Online | State::OnlinePending => false,
        State::Terminating | State::Failed | State::InDoubt => true,
        State::Initializing | State::Offline | State::OfflinePending => {
            let record = moment.before.state().resource(resource);
            record.is_some_and(|record| record.recovery() != Recovery::None)
        }
    };
    if has_failed {
        forget(seen, resource);
        let record = &mut seen.resources[resource.index()];
        record.again = Again::Free;
        record.is_asked_for = true;
    }
}

fn want_with_providers(seen: &mut Seen, moment: &Moment<'_>, resource: ResourceId) {
    seen.resources[resource.index()].desired = Some(DesiredState::Online);
    let of = seen.spec.group(seen.group_of(resource)).expect("a declared group").clone();
    let mut needed = vec![of.position_of(resource).expect("a member")];
    while let Some(position) = needed.pop() {
        let member = of.resource_at(position);
        if seen.wanted(member) == DesiredState::Offline {
            seen.resources[member.index()].desired = Some(DesiredState::Online);
        }
        begin_anew(seen, moment, member);
        needed.extend(of.graph().providers(position));
    }
}
