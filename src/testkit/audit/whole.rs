//! The state as a whole.

use crate::Cluster;
use crate::cluster::Output;
use std::prelude::v1::*;

use super::Moment;
use crate::testkit::audit::seen::{Seen, same_resource};
use crate::testkit::breach::{Breach, ensure};

/// A new configuration has the next number, and what it removed was off.
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
    seen.remap(cluster);
    seen.configuration = configuration;
    Ok(())
}

/// Whatever one input brings about is in proportion to the size of the cluster.
pub(super) fn bounded(cluster: &Cluster, outputs: &[Output]) -> Result<(), Breach> {
    let spec = cluster.spec();
    let size = spec.nodes().len() + 4 * spec.groups().len() + 4 * spec.resources().len();
    let bound = 20 + 10 * size;
    ensure!(S30, outputs.len() <= bound, "{} outputs of one input, at most {bound}", outputs.len());
    Ok(())
}

/// What was told adds up to the state: no change without an event, no event without a change.
pub(super) fn as_told(seen: &Seen, cluster: &Cluster) -> Result<(), Breach> {
    let (state, spec) = (cluster.state(), cluster.spec());
    ensure!(S35, seen.spec == *spec, "the configuration changed and nobody was told");
    for (id, _) in spec.nodes() {
        let (told, is) = (seen.node(id).state, state.node_state(id));
        ensure!(S33, told == is, "{id} was told to be {told} and is {is}");
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

/// Time, epochs, incarnations and the number of the configuration never decrease.
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
            cluster.state().node(id).map(crate::state::NodeRecord::incarnation)
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
