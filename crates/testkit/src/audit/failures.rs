//! Groups stay away from the nodes on which they failed.

use super::Moment;
use super::facts::{bars_owner, members, resources_on, with_providers};
use crate::audit::seen::{Again, Seen};
use crate::{Breach, ensure};
use quorate::cluster::{Command, Event, Output};
use quorate::machine::NodeState;
use quorate::plan::{Tier, assess};
use quorate::policy::{PlacementRequest, Trigger};
use quorate::settings::Admission;
use quorate::state::{MovementCause, NoRestartCause, NodeRecord, Recovery};
use quorate::{Cluster, GroupId, Incarnation, Input, NodeId, ResourceId, Timestamp};

/// Checks that a group does not go to a node on which one of its resources can never run, and does
/// not fail back to a node on which it failed in the present life of that node.
pub(super) fn event(seen: &Seen, event: &Event) -> Result<(), Breach> {
    if let Event::OwnerChanged { group, to: Some(to), .. }
    | Event::MoveStarted { group, to: Some(to), .. } = event
    {
        let unfit = seen.group(*group).barred.iter().find(|(node, _)| node == to);
        ensure!(S16, unfit.is_none(), "{group} goes to {to}, where it is barred: {unfit:?}");
    }
    let Event::MoveStarted { group, to: Some(to), cause: MovementCause::Failback, .. } = event
    else {
        return Ok(());
    };
    let declared = seen.spec.group(*group).expect("a declared group");
    // A configuration may say later that the group has no failure memory.
    let remembers = !declared.settings().failure_memory.is_zero();
    let is_failed = remembers && seen.group(*group).failed_on.iter().any(|(node, _)| node == to);
    ensure!(L3, !is_failed, "{group} returns to {to}, on which it failed");
    Ok(())
}

/// Checks that a group that fails over does not go to a node on which it failed recently, if there
/// is a node on which it did not fail and that can run all of it. This is judged only where nothing
/// else changed the place of the group in this step, so that a node that could take the group both
/// before and after the step could take it then.
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
        other => unimplemented!("{other:?}"),
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
        // The group may have left a node for another cause together with a failure; the reference
        // model counts these.
        failed_at(seen, *group, *node, moment.now).is_none()
            && moment.before.state().failed_on(*group, *node).is_none()
            && can_take(&moment.before, *group, *node)
            && can_take(cluster, *group, *node)
    });
    ensure!(L3, clean.is_none(), "{group} goes to {to}, on which it failed, and not to {clean:?}");
    Ok(())
}

/// Checks that a resource that could never run in the last life of its node is tried in the next
/// one, and does not go on waiting. Because few nodes begin a life just then, it also plays on a
/// copy what comes of one as soon as a resource begins such a wait.
pub(super) fn bars_end(cluster: &Cluster, moment: &Moment<'_>) -> Result<(), Breach> {
    // No configuration comes together with another life.
    if !moment.is_reconfiguration() {
        end_with_life(&moment.before, cluster)?;
    }
    for (node, resource) in barred(cluster) {
        let has_begun = wait(&moment.before, resource) != wait(cluster, resource);
        let Some(record) = cluster.state().node(node).filter(|_| has_begun) else { continue };
        let life = Incarnation::new(record.incarnation().value().saturating_add(1));
        let mut next = cluster.clone();
        if next.handle(moment.now, Input::node_joined(node, life, [])).is_ok() {
            end_with_life(cluster, &next)?;
        }
    }
    Ok(())
}

/// Checks that no resource that barred its node before a step waits any more, if the node began
/// another life in this step.
pub(super) fn end_with_life(before: &Cluster, after: &Cluster) -> Result<(), Breach> {
    for (node, resource) in barred(before) {
        let life = |at: &Cluster| at.state().node(node).map(NodeRecord::incarnation);
        ensure!(
            L5,
            life(before) == life(after) || wait(after, resource).is_none(),
            "{resource} could never run in the last life of {node}, and waits in the next one"
        );
    }
    Ok(())
}

/// Returns the nodes that own a group and are barred for it, each with the resource that bars it
/// and waits.
fn barred(cluster: &Cluster) -> impl Iterator<Item = (NodeId, ResourceId)> + '_ {
    cluster.spec().groups().filter_map(|(group, _)| {
        let owner = cluster.state().owner(group)?;
        let resource = cluster.state().failed_on(group, owner)?.for_good?;
        wait(cluster, resource).map(|_| (owner, resource))
    })
}

/// Returns the wait of a resource, if it is one that ends with a bar.
fn wait(cluster: &Cluster, resource: ResourceId) -> Option<Recovery> {
    let recovery = cluster.state().resource(resource)?.recovery();
    let Recovery::RetryAt { cause, .. } = recovery else { return None };
    ends_with_bar(cause).then_some(recovery)
}

/// Tells whether a resource that was given up for this cause, and bars its node, may be tried again
/// when the bar ends.
const fn ends_with_bar(cause: NoRestartCause) -> bool {
    match cause {
        NoRestartCause::ForGood | NoRestartCause::Failovers | NoRestartCause::Retries => true,
        NoRestartCause::DontRestart
        | NoRestartCause::Restarts
        | NoRestartCause::Redundant
        | NoRestartCause::NoCandidate
        | NoRestartCause::Admission
        | NoRestartCause::Left => false,
    }
}

fn can_take(cluster: &Cluster, group: GroupId, node: NodeId) -> bool {
    let (spec, state) = (cluster.spec(), cluster.state());
    let tier = PlacementRequest::new(spec, state, group, Trigger::ResourceFailure)
        .and_then(|placement| assess(&placement, cluster.policy(), node).ok());
    match tier {
        Some(Tier::Eligible) => true,
        Some(Tier::BesideAntiAffine) => spec.settings().admission == Admission::Open,
        Some(Tier::OwnedOnly | Tier::Paused) | None => false,
    }
}

/// Returns when a group failed on a node, as long as that counts for a choice.
fn failed_at(seen: &Seen, group: GroupId, node: NodeId, now: Timestamp) -> Option<Timestamp> {
    let memory = seen.spec.group(group).expect("a declared group").settings().failure_memory;
    let entry = seen.group(group).failed_on.iter().find(|(failed, _)| *failed == node);
    entry.map(|(_, at)| *at).filter(|at| now < at.after(memory))
}

/// Records where a group failed, and which life of a node is over.
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
            // A resource that could never run in this life is tried in the next one.
            for resource in resources_on(seen, *node) {
                free_unfit(seen, resource);
            }
            for group in &mut seen.groups {
                group.failed_on.retain(|(failed, _)| failed != node);
                group.barred.retain(|(barred, _)| barred != node);
            }
        }
        Event::NodeBarred { group, node, resource, .. } => {
            let barred = &mut seen.groups[group.index()].barred;
            barred.retain(|(barred, _)| barred != node);
            barred.push((*node, *resource));
        }
        _ => {}
    }
}

/// Forgets the failures that the command of an operator clears.
pub(super) fn obey(seen: &mut Seen, command: &Command) {
    let (group, node) = match command {
        Command::ClearGroupFailures { group, node, .. } => (*group, *node),
        Command::MoveGroup { group, to: Some(to), .. } if seen.group(*group).owner != Some(*to) => {
            (*group, Some(*to))
        }
        // Forgets only that this resource, and those that it needs, can never run there.
        Command::ClearResourceFailure { resource, .. } => return free(seen, &[*resource]),
        Command::BringResourceOnline { resource, .. } => {
            return free(seen, &with_providers(seen, *resource));
        }
        Command::BringGroupOnline { group, .. } => {
            let Some(owner) = seen.group(*group).owner else { return };
            (*group, Some(owner))
        }
        _ => return,
    };
    if node.is_none_or(|node| seen.group(group).owner == Some(node)) {
        for resource in members(seen, group).collect::<Vec<_>>() {
            free_unfit(seen, resource);
        }
    }
    let group = &mut seen.groups[group.index()];
    group.failed_on.retain(|(failed, _)| node.is_some_and(|node| node != *failed));
    group.barred.retain(|(barred, _)| node.is_some_and(|node| node != *barred));
}

/// Records that a resource may be tried again on its node, if it was said that it can never run
/// there.
fn free_unfit(seen: &mut Seen, resource: ResourceId) {
    let is_barred = bars_owner(seen, resource);
    let again = &mut seen.resources[resource.index()].again;
    let Again::RetryAt(_, cause) = *again else { return };
    if cause == NoRestartCause::ForGood || is_barred && ends_with_bar(cause) {
        *again = Again::Free;
    }
}

/// Records that these resources no longer bar a node.
fn free(seen: &mut Seen, resources: &[ResourceId]) {
    for group in &mut seen.groups {
        group.barred.retain(|(_, unfit)| !resources.contains(unfit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Invariant;
    use crate::audit::Stimulus;
    use crate::forge::event;
    use quorate::policy::FirstPreferred;
    use quorate::settings::Fencing;
    use quorate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};
    use serde_json::json;

    const SQL: GroupId = GroupId::new(0);
    const A: NodeId = NodeId::new(0);
    const B: NodeId = NodeId::new(1);
    const C: NodeId = NodeId::new(2);
    const NOW: Timestamp = Timestamp::from_millis(1_000);

    /// Returns a cluster with a group on the first of three nodes.
    fn cluster() -> Cluster {
        let service = |name| ResourceDeclaration::new(name, "Generic Service");
        let group = GroupDeclaration::new("sql").preferred_owners(["a"]);
        let group = group.resource(service("db")).resource(service("log").needs("[db]"));
        let declaration = ClusterDeclaration::new("test").node("a").node("b").node("c");
        let declaration = declaration.group(group).fencing(Fencing::Trusted);
        let spec = declaration.build().expect("a valid declaration");
        let mut cluster = Cluster::new(spec, FirstPreferred, Timestamp::ZERO);
        for node in [A, B, C] {
            let (incarnation, running) = (Incarnation::new(1), Vec::new());
            let joined = Input::node_joined(node, incarnation, running);
            cluster.handle(NOW, joined).expect("it is accepted");
        }
        cluster
    }

    fn leaves(to: NodeId, cause: MovementCause) -> Event {
        event(json!({"move_started": {"group": SQL, "from": A, "to": Some(to), "cause": cause}}))
    }

    #[test]
    fn who_fails_over_to_a_failed_node_is_named() {
        let cluster = cluster();
        let mut seen = Seen::of(&cluster);
        seen.groups[SQL.index()].failed_on.push((C, NOW));
        let moment = Moment::before(&cluster, Stimulus::Timer, NOW);
        let judge = |seen: &Seen, to| {
            let outputs = [Output::Event(leaves(to, MovementCause::ResourceFailure))];
            let verdict = choice(seen, &cluster, &moment, &outputs);
            verdict.err().and_then(|breach| breach.invariant)
        };
        assert_eq!(judge(&seen, B), None, "it did not fail there");
        assert_eq!(judge(&seen, C), Some(Invariant::L3));
        let old = NOW.after(core::time::Duration::from_secs(6 * 3_600));
        assert_eq!(failed_at(&seen, SQL, C, old), None, "that counts no more");
        seen.groups[SQL.index()].failed_on.push((B, NOW));
        assert_eq!(judge(&seen, C), None, "it failed everywhere");
    }

    #[test]
    fn who_returns_to_a_failed_node_or_goes_to_a_barred_one_is_named() {
        let cluster = cluster();
        let mut seen = Seen::of(&cluster);
        seen.groups[SQL.index()].failed_on.push((C, NOW));
        let db = ResourceId::new(0);
        seen.groups[SQL.index()].barred.push((B, db));
        let judge = |event| event_of(&seen, &event);
        assert_eq!(judge(leaves(C, MovementCause::Failback)), Some(Invariant::L3));
        assert_eq!(judge(leaves(C, MovementCause::Operator)), None);
        assert_eq!(judge(leaves(B, MovementCause::Operator)), Some(Invariant::S16));
        let down = event(json!({
            "node_changed": {"node": B, "from": NodeState::Up, "to": NodeState::Down}
        }));
        learn(&mut seen, NOW, &down);
        assert_eq!(event_of(&seen, &leaves(B, MovementCause::Operator)), None, "another life");
    }

    #[test]
    fn a_word_about_one_resource_frees_no_node_from_another() {
        let cluster = cluster();
        let [db, log] = [0, 1].map(ResourceId::new);
        let after = |command: &Command| {
            let mut seen = Seen::of(&cluster);
            seen.groups[SQL.index()].barred.push((B, db));
            obey(&mut seen, command);
            event_of(&seen, &leaves(B, MovementCause::Operator))
        };
        let clear = |resource: ResourceId| Command::clear_resource_failure(resource);
        let bring = |resource: ResourceId| Command::bring_resource_online(resource).into();
        assert_eq!(after(&clear(db)), None);
        assert_eq!(after(&clear(log)), Some(Invariant::S16));
        assert_eq!(after(&bring(log)), None, "it needs the other one");
        let mut seen = Seen::of(&cluster);
        seen.groups[SQL.index()].barred.push((B, log));
        obey(&mut seen, &bring(db));
        let moves = event_of(&seen, &leaves(B, MovementCause::Operator));
        assert_eq!(moves, Some(Invariant::S16), "that one is needed by nobody");
    }

    fn event_of(seen: &Seen, told: &Event) -> Option<Invariant> {
        super::event(seen, told).err().and_then(|breach| breach.invariant)
    }
}
