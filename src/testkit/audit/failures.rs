//! Groups stay away from where they failed.

use std::prelude::v1::*;

use super::Moment;
use crate::cluster::{Event, Output};
use crate::machine::NodeState;
use crate::plan::{Tier, assess};
use crate::policy::{Placement, Trigger};
use crate::settings::Admission;
use crate::state::MovementCause;
use crate::testkit::audit::seen::Seen;
use crate::testkit::breach::{Breach, ensure};
use crate::{Cluster, Command, GroupId, NodeId, Timestamp};

/// A group does not return by itself to a node on which it failed, in that life of the node.
pub(super) fn event(seen: &Seen, event: &Event) -> Result<(), Breach> {
    let Event::MoveStarted { group, to: Some(to), cause: MovementCause::Failback, .. } = event
    else {
        return Ok(());
    };
    let is_failed = seen.group(*group).failed_on.iter().any(|(node, _)| node == to);
    ensure!(L3, !is_failed, "{group} returns to {to}, on which it failed");
    Ok(())
}

/// A group that fails over does not go to a node on which it failed not long ago, if there is one on
/// which it did not and that can run all of it. Judged where nothing else changed its place in the
/// same step, so that what could take the group before it and after it could take it then.
pub(super) fn choice(
    seen: &Seen,
    cluster: &Cluster,
    moment: &Moment<'_>,
    outputs: &[Output],
) -> Result<(), Breach> {
    let mut moves = outputs.iter().filter_map(|output| match output {
        Output::Event(
            event @ (Event::MoveStarted { .. }
            | Event::MoveAbandoned { .. }
            | Event::OwnerChanged { .. }
            | Event::NodeChanged { .. }
            | Event::ConfigurationChanged { .. }),
        ) => Some(event),
        Output::Event(_) | Output::Effect(_) => None,
    });
    let first = (moves.next(), moves.next());
    let (Some(Event::MoveStarted { group, to: Some(to), cause, .. }), None) = first else {
        return Ok(());
    };
    let fails_over = *cause == MovementCause::ResourceFailure;
    if !fails_over || failed_at(seen, *group, *to, moment.now).is_none() {
        return Ok(());
    }
    let clean = seen.spec.nodes().map(|(node, _)| node).find(|node| {
        failed_at(seen, *group, *node, moment.now).is_none()
            && can_take(&moment.before, *group, *node)
            && can_take(cluster, *group, *node)
    });
    ensure!(L3, clean.is_none(), "{group} goes to {to}, on which it failed, and not to {clean:?}");
    Ok(())
}

fn can_take(cluster: &Cluster, group: GroupId, node: NodeId) -> bool {
    let (spec, state) = (cluster.spec(), cluster.state());
    let tier = Placement::new(spec, state, group, Trigger::ResourceFailure)
        .and_then(|placement| assess(&placement, cluster.policy(), node).ok());
    match tier {
        Some(Tier::Eligible) => true,
        Some(Tier::BesideAntiAffine) => spec.settings().admission == Admission::Open,
        Some(Tier::OwnedOnly | Tier::Paused) | None => false,
    }
}

/// When a group failed on a node, as long as that counts for a choice.
fn failed_at(seen: &Seen, group: GroupId, node: NodeId, now: Timestamp) -> Option<Timestamp> {
    let memory = seen.spec.group(group).expect("a declared group").settings().failure_memory;
    let entry = seen.group(group).failed_on.iter().find(|(failed, _)| *failed == node);
    entry.map(|(_, at)| *at).filter(|at| now < at.after(memory))
}

/// Takes in where a group failed, and which life of a node is over.
pub(super) fn learn(seen: &mut Seen, now: Timestamp, event: &Event) {
    match event {
        Event::OwnerChanged {
            group,
            from: Some(from),
            cause: MovementCause::ResourceFailure | MovementCause::Return,
            ..
        } if seen.node(*from).state.is_member() => {
            let declared = seen.spec.group(*group).expect("a declared group");
            if declared.settings().failure_memory.is_zero() {
                return;
            }
            let failed_on = &mut seen.groups[group.index()].failed_on;
            failed_on.retain(|(node, _)| node != from);
            failed_on.push((*from, now));
        }
        Event::NodeChanged { node, to: NodeState::Down, .. } => {
            for group in &mut seen.groups {
                group.failed_on.retain(|(failed, _)| failed != node);
            }
        }
        _ => {}
    }
}

/// What an operator has forgotten.
pub(super) fn obey(seen: &mut Seen, command: &Command) {
    let (group, node) = match command {
        Command::ClearGroupFailures { group, node } => (*group, *node),
        Command::MoveGroup { group, to: Some(to), .. } => (*group, Some(*to)),
        Command::BringGroupOnline { group, .. } => {
            let Some(owner) = seen.group(*group).owner else { return };
            (*group, Some(owner))
        }
        _ => return,
    };
    let failed_on = &mut seen.groups[group.index()].failed_on;
    failed_on.retain(|(failed, _)| node.is_some_and(|node| node != *failed));
}
