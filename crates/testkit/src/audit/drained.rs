//! A drain goes tier by tier.

use quorate::cluster::Event;
use quorate::machine::ResourceState;
use quorate::state::{Doubt, DrainStatus, MovementCause, Recovery, ResourceRecord};
use quorate::{Cluster, GroupId, NodeId};

use super::Moment;
use crate::audit::seen::Seen;
use crate::{Breach, ensure};

/// Checks that a running group leaves a node that is being drained only when no group of higher
/// priority is still on its way from there, or when the time for which groups wait is over.
pub(super) fn tier_by_tier(
    seen: &Seen,
    moment: &Moment<'_>,
    cluster: &Cluster,
    event: &Event,
) -> Result<(), Breach> {
    let Event::MoveStarted { group, from, cause: MovementCause::Drain, .. } = event else {
        return Ok(());
    };
    // Ids and priorities may differ afterwards.
    if moment.is_reconfiguration()
        || !waits_for_tiers(cluster, *from)
        || !runs_undisturbed(seen, &moment.before, *group)
    {
        return Ok(());
    }
    let priority = |group| cluster.spec().group(group).map(|of| of.settings().priority);
    let ahead =
        cluster.spec().groups().map(|(ahead, _)| ahead).find(|ahead| {
            priority(*ahead) > priority(*group) && is_leaving(cluster, *ahead, *from)
        });
    ensure!(S36, ahead.is_none(), "{group} leaves {from} before {ahead:?} is online elsewhere");
    Ok(())
}

/// Tells whether groups on a node still wait for others before they leave.
fn waits_for_tiers(cluster: &Cluster, node: NodeId) -> bool {
    let drain = cluster.state().node(node).map(|record| record.drain());
    let since = drain.filter(|of| of.status == DrainStatus::InProgress).and_then(|of| of.since);
    let wait = cluster.spec().settings().priority_wait;
    since.is_some_and(|since| since.after(wait) > cluster.state().now())
}

/// Tells whether a resource of a group runs and none is failed or in doubt, both before this step
/// and by the events of this step.
fn runs_undisturbed(seen: &Seen, before: &Cluster, group: GroupId) -> bool {
    let Some(declared) = before.spec().group(group) else { return false };
    let is_settled = |state| matches!(state, ResourceState::Online | ResourceState::Offline);
    let is_undisturbed = declared.resources().all(|id| {
        let recovery = before.state().resource(id).map(ResourceRecord::recovery);
        recovery == Some(Recovery::None)
            && is_settled(before.state().resource_state(id))
            && is_settled(seen.resource(id).state)
    });
    let mut states = declared.resources().map(|id| seen.resource(id).state);
    is_undisturbed && states.any(|state| state == ResourceState::Online)
}

/// Tells whether the drain of a node moves a group, which is sure to leave and has not left.
fn is_leaving(cluster: &Cluster, group: GroupId, node: NodeId) -> bool {
    let Some(record) = cluster.state().group(group) else { return false };
    let is_drained = record.movement().is_some_and(|of| of.cause == MovementCause::Drain);
    let is_stuck = |resource| {
        cluster
            .state()
            .resource(resource)
            .is_some_and(|of| of.is_in_doubt() && of.doubt() != Doubt::ToTerminate)
    };
    let declared = cluster.spec().group(group);
    record.owner() == Some(node)
        && is_drained
        && declared.is_some_and(|of| !of.resources().any(is_stuck))
}
