//! Rules for the state as a whole.

use quorate::cluster::{Command, Event, Output};
use quorate::machine::{NodeState, ResourceState};
use quorate::settings::{Maintenance, NoQuorum};
use quorate::spec::ClusterSpec;
use quorate::state::{OperationKind, Room};
use quorate::{Cluster, Input, NodeId, Timestamp};

use super::{Moment, without_quorum};
use crate::audit::seen::{Seen, same_resource};
use crate::{Breach, ensure};

/// Checks that a new configuration has the next number, and that what it removed was off.
pub(super) fn reconfigured(
    seen: &mut Seen,
    cluster: &Cluster,
    configuration: u64,
) -> Result<(), Breach> {
    ensure!(
        S7,
        configuration > seen.configuration,
        "configuration {configuration} is not a new one"
    );
    let spec = cluster.spec();
    for (id, declared) in seen.spec.resources() {
        let is_kept = same_resource(&seen.spec, spec, id).is_some();
        let is_orphan = seen.orphans.iter().any(|(_, orphan)| *orphan == id);
        ensure!(
            S28,
            is_kept || !(seen.resource(id).state.may_run() || is_orphan),
            "{} is removed while it may run",
            declared.name()
        );
    }
    for (id, declared) in seen.spec.nodes() {
        let is_kept = spec.node_id(declared.name()).is_some();
        let runs_orphans = seen.orphans.iter().any(|(node, _)| *node == id);
        let runs_groups = seen
            .spec
            .groups()
            .any(|(group, _)| seen.group(group).owner == Some(id) && seen.may_run(group));
        let is_lost = seen.node(id).state == NodeState::Unclean;
        ensure!(
            S28,
            is_kept || !(is_lost || runs_orphans || runs_groups),
            "{} is removed while something may run there",
            declared.name()
        );
    }
    sound(spec)?;
    super::ownership::nothing_untold(seen, cluster)?;
    seen.remap(cluster);
    seen.configuration = configuration;
    Ok(())
}

/// Checks that dependencies have no cycle and stay within their group.
pub(super) fn sound(spec: &ClusterSpec) -> Result<(), Breach> {
    for (group, declared) in spec.groups() {
        let providers = |position: usize| declared.graph().providers(position).collect();
        let circle = circle(declared.resources().count(), providers);
        ensure!(S21, circle.is_empty(), "{group}: resources at {circle:?} need each other");
        let strangers = declared
            .resources()
            .find(|id| spec.resource(*id).is_none_or(|resource| resource.group() != group));
        ensure!(S21, strangers.is_none(), "{group} has {strangers:?}, which is of another group");
    }
    Ok(())
}

/// Removes every resource whose providers are all removed, again and again, and returns the rest:
/// these resources need each other.
pub(super) fn circle(count: usize, providers: impl Fn(usize) -> Vec<usize>) -> Vec<usize> {
    let mut left: Vec<usize> = (0..count).collect();
    loop {
        let before = left.clone();
        left.retain(|at| providers(*at).iter().any(|provider| before.contains(provider)));
        if left.len() == before.len() {
            return left;
        }
    }
}

/// Checks that quorum is lost only with votes: neither a change of configuration nor a pause or
/// drain costs quorum, and a configuration is changed only by votes that suffice in the old and in
/// the new one. There is one exception: a minority changes the votes if no other part could have
/// quorum, and an event says so.
pub(super) fn quorum_is_kept(
    moment: &Moment<'_>,
    cluster: &Cluster,
    outputs: &[Output],
) -> Result<(), Breach> {
    let (before, after) = (moment.before.state(), cluster.state());
    if moment.is_reconfiguration() {
        let has_members =
            moment.before.spec().nodes().any(|(id, _)| before.node_state(id).is_member());
        let is_minority = !before.is_quorate() && has_members;
        if is_minority {
            without_quorum::nobody_else_votes(moment, cluster)?;
            without_quorum::only_votes_change(moment.before.spec(), cluster.spec())?;
        }
        let is_told = outputs
            .iter()
            .any(|output| matches!(output, Output::Event(Event::AcceptedWithoutQuorum { .. })));
        ensure!(S35, is_told == is_minority, "accepted without quorum: told as {is_told}");
        let is_kept = after.is_quorate() || !before.is_quorate();
        ensure!(S35, is_kept, "another configuration costs quorum");
        let is_proof_kept =
            moment.before.spec().settings().fencing == cluster.spec().settings().fencing;
        let mut nodes = moment.before.spec().nodes().map(|(id, _)| before.node_state(id));
        let is_lost = nodes.any(|state| state == NodeState::Unclean);
        ensure!(S9, is_proof_kept || !is_lost, "what proves a lost node off is another thing now");
    }
    if let Some(Command::PauseNode { .. } | Command::DrainNode { .. }) = moment.command() {
        let is_kept = after.is_quorate() || !before.is_quorate();
        ensure!(S36, is_kept, "a pause costs quorum");
    }
    Ok(())
}

/// Checks that without quorum, where the settings say so, everything that runs is being stopped.
pub(super) fn stops_without_quorum(cluster: &Cluster) -> Result<(), Breach> {
    let (spec, state) = (cluster.spec(), cluster.state());
    if state.is_quorate() || spec.settings().no_quorum == NoQuorum::Freeze {
        return Ok(());
    }
    for (group, declared) in spec.groups() {
        let owner = state.owner(group).map_or(NodeState::Down, |node| state.node_state(node));
        if !owner.is_member() || !state.may_run(spec, group) {
            continue;
        }
        // A pending operation ends first; a resource in doubt holds up those that it depends on.
        let is_ending = declared.resources().any(|id| {
            !matches!(state.resource_state(id), ResourceState::Online)
                && state.resource_state(id).may_run()
        });
        ensure!(S25, is_ending, "{group} runs on without quorum");
    }
    Ok(())
}

/// Checks that a reading of the wall clock does nothing if no group has a failback window, unless
/// something was due at that time.
pub(super) fn wall_clock_only_opens_windows(
    moment: &Moment<'_>,
    outputs: &[Output],
) -> Result<(), Breach> {
    let Some(Input::WallClockRead { .. }) = moment.input() else { return Ok(()) };
    let is_due = moment.before.poll_timeout().is_some_and(|deadline| deadline.at <= moment.now);
    let has_window =
        moment.before.spec().groups().any(|(_, of)| of.settings().failback_window.is_some());
    ensure!(
        S29,
        is_due || has_window || outputs.is_empty(),
        "a reading of the clock on the wall puts out {outputs:?}"
    );
    Ok(())
}

/// Checks that no timer is left that is due: everything that was overdue was done in this step.
pub(super) fn no_timer_is_overdue(cluster: &Cluster) -> Result<(), Breach> {
    overdue(cluster.poll_timeout().map(|timer| timer.at), cluster.state().now())
}

/// Checks that the next timer is later than the time of the cluster, so that it can go off at its
/// time.
pub(super) fn overdue(timer: Option<Timestamp>, now: Timestamp) -> Result<(), Breach> {
    ensure!(S29, timer.is_none_or(|at| at > now), "at {now} the next timer is at {timer:?}");
    Ok(())
}

/// Checks that the number of outputs of one input is in proportion to the size of the cluster.
pub(super) fn bounded(cluster: &Cluster, outputs: &[Output]) -> Result<(), Breach> {
    let spec = cluster.spec();
    let size = spec.nodes().len() + 4 * spec.groups().len() + 4 * spec.resources().len();
    let bound = 20 + 10 * size;
    ensure!(S30, outputs.len() <= bound, "{} outputs of one input, at most {bound}", outputs.len());
    Ok(())
}

/// Checks that the outputs add up to the state: no change without an event, no event without a
/// change.
pub(super) fn as_told(seen: &Seen, cluster: &Cluster) -> Result<(), Breach> {
    let (state, spec) = (cluster.state(), cluster.spec());
    ensure!(S35, seen.spec == *spec, "the configuration changed and nobody was told");
    for (id, _) in spec.nodes() {
        let (told, is) = (seen.node(id).state, state.node_state(id));
        ensure!(S33, told == is, "{id} was told to be {told} and is {is}");
        attributes_as_told(seen, cluster, id)?;
    }
    for (id, _) in spec.resources() {
        let (told, is) = (seen.resource(id).state, state.resource_state(id));
        ensure!(S33, told == is, "{id} was told to be {told} and is {is}");
        let (wanted, is) =
            (seen.resource(id).desired, state.resource(id).and_then(|of| of.desired()));
        ensure!(S19, wanted == is, "{id} is wanted {wanted:?} and kept as {is:?}");
    }
    for (id, _) in spec.groups() {
        let (told, is) = (seen.group(id).told, state.group_state(spec, id));
        ensure!(S33, told == is, "{id} was told to be {told} and is {is}");
        let (told, is) = (seen.group(id).owner, state.owner(id));
        ensure!(S7, told == is, "{id} was told to be owned by {told:?}, it is by {is:?}");
        let record = state.group(id);
        let is = record.and_then(|of| of.movement()).map(|of| (of.to, of.cause));
        let told = seen.group(id).movement;
        ensure!(S4, told == is, "{id} was told to move as {told:?}, it moves as {is:?}");
        let (wanted, is) = (Some(seen.group(id).desired), record.map(|of| of.desired()));
        ensure!(S19, wanted == is, "{id} is wanted {wanted:?} and kept as {is:?}");
    }
    let orphans: Vec<_> = state.orphans().map(|(node, resource, _)| (node, resource)).collect();
    let told: Vec<_> = seen.orphans.iter().copied().collect();
    ensure!(S27, told == orphans, "orphans were told as {told:?}, there are {orphans:?}");
    Ok(())
}

/// Checks that a node has the attributes that were told of it since its last life ended, and no
/// others: what was reported in a life that is over does not count.
fn attributes_as_told(seen: &Seen, cluster: &Cluster, node: NodeId) -> Result<(), Breach> {
    let told = seen.node(node).attributes.iter().map(|(name, value)| (name.as_str(), *value));
    let told: Vec<_> = told.collect();
    let record = cluster.state().node(node);
    let is: Vec<_> = record.into_iter().flat_map(|of| of.attributes()).collect();
    ensure!(S8, told == is, "{node} was told to have the attributes {told:?}, and has {is:?}");
    Ok(())
}

/// Checks that time, epochs, incarnations and the number of the configuration never decrease.
pub(super) fn nothing_runs_backwards(moment: &Moment<'_>, cluster: &Cluster) -> Result<(), Breach> {
    let (old, new) = (&moment.before, cluster);
    ensure!(S29, old.state().now() <= new.state().now(), "time runs backwards");
    ensure!(
        S7,
        old.state().configuration() <= new.state().configuration(),
        "the configuration runs backwards"
    );
    for (id, group) in old.spec().groups() {
        let Some(kept) = new.spec().group_id(group.name()) else { continue };
        let (before, after) = (old.state().epoch(id), new.state().epoch(kept));
        ensure!(
            S7,
            before <= after,
            "the epoch of {} falls from {before} to {after}",
            group.name()
        );
    }
    for (id, node) in old.spec().nodes() {
        let Some(kept) = new.spec().node_id(node.name()) else { continue };
        let life = |cluster: &Cluster, id| {
            cluster.state().node(id).map(quorate::state::NodeRecord::incarnation)
        };
        let (before, after) = (life(old, id), life(new, kept));
        ensure!(
            S7,
            before <= after,
            "{} falls back from life {before:?} to {after:?}",
            node.name()
        );
    }
    Ok(())
}

/// Records the epochs in which the next step begins.
pub(super) fn learn_epochs(seen: &mut Seen, cluster: &Cluster) {
    for (id, _) in cluster.spec().groups() {
        let record = cluster.state().group(id);
        seen.groups[id.index()].epoch = cluster.state().epoch(id);
        // No event says that a group got room where it is; that shows when the group starts.
        seen.groups[id.index()].takes_room = record.is_some_and(|of| of.room() == Room::Taken);
    }
}

/// Checks that a node that is certain to be off ends the epochs of its groups, so that answers to
/// earlier operations on it no longer count.
pub(super) fn epochs_end_with_nodes(moment: &Moment<'_>, cluster: &Cluster) -> Result<(), Breach> {
    if moment.is_reconfiguration() {
        return Ok(());
    }
    let (before, after) = (moment.before.state(), cluster.state());
    for (group, _) in cluster.spec().groups() {
        let Some(owner) = before.owner(group) else { continue };
        let is_down = |state: NodeState| state == NodeState::Down;
        if is_down(after.node_state(owner)) && !is_down(before.node_state(owner)) {
            ensure!(
                S7,
                before.epoch(group) < after.epoch(group),
                "{owner} is off, and the epoch of {group} goes on"
            );
        }
    }
    Ok(())
}

/// Checks that a resource that a member in contact does not list no longer counts as online, and
/// that no operation is left in flight that its agents do not remember.
pub(super) fn inventory_counts(moment: &Moment<'_>, cluster: &Cluster) -> Result<(), Breach> {
    let Some(Input::NodeInventory { node, running, operation: None, .. }) = moment.input() else {
        return Ok(());
    };
    let (before, state) = (moment.before.state(), cluster.state());
    for (resource, declared) in cluster.spec().resources() {
        let is_held = before.owner(declared.group()) == Some(*node)
            && before.resource_state(resource) == ResourceState::Online
            && state.resource(resource).is_some_and(|of| of.maintenance() == Maintenance::Off);
        let is_listed = running.iter().any(|of| of.resource == resource && !of.state.is_pending());
        ensure!(
            S2,
            !is_held || is_listed || state.resource_state(resource) != ResourceState::Online,
            "{resource} counts as online on {node}, which does not run it"
        );
    }
    let forgotten = cluster.outstanding().find(|effect| {
        let is_old = moment.before.outstanding().any(|of| of.operation == effect.operation);
        is_old && effect.node == *node && effect.action != OperationKind::Fence
    });
    ensure!(S11, forgotten.is_none(), "the agents of {node} do not remember {forgotten:?}");
    Ok(())
}

/// Checks that every resource that a node lists is known to run there: by right, or as an orphan
/// that is to be stopped.
pub(super) fn what_runs_is_known(moment: &Moment<'_>, cluster: &Cluster) -> Result<(), Breach> {
    let Some(Input::NodeJoined { node, running, .. } | Input::NodeInventory { node, running, .. }) =
        moment.input()
    else {
        return Ok(());
    };
    let state = cluster.state();
    let asked = moment.before.state().node(*node).map_or(0, |of| of.listed_in());
    let is_answer = matches!(moment.input(), Some(Input::NodeInventory { operation: Some(_), .. }));
    for resource in running.iter().map(|listed| listed.resource) {
        // An answer counts for resources that the node had not reported yet.
        let declared_in =
            moment.before.state().resource(resource).map_or(0, |record| record.declared_in());
        if is_answer && declared_in <= asked {
            continue;
        }
        let Some(declared) = cluster.spec().resource(resource) else { continue };
        let is_by_right = state.owner(declared.group()) == Some(*node)
            && state.resource_state(resource).may_run();
        let is_orphan = state.orphans_on(*node).any(|(orphan, _)| orphan == resource);
        ensure!(S27, is_by_right || is_orphan, "{resource} runs on {node}, and that is forgotten");
    }
    Ok(())
}
