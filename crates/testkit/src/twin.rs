//! A cluster and its twin, which gets equal inputs and has to act equally.

use crate::{Breach, Invariant, ensure};
use quorate::cluster::{Event, Output};
use quorate::id::Names;
use quorate::policy::{FailoverPolicy, TooManyPolicies};
use quorate::spec::ClusterSpec;
use quorate::{Cluster, Snapshot, Timestamp};

/// Offers policies to a cluster.
pub(crate) fn offer<P: FailoverPolicy + Clone + 'static>(
    cluster: &mut Cluster,
    policies: &[P],
) -> Result<(), TooManyPolicies> {
    policies.iter().try_for_each(|policy| cluster.offer_policy(policy.clone()))
}

/// Restores a cluster under the policy that was in force, with the others on offer.
pub(crate) fn restore<P: FailoverPolicy + Clone + 'static>(
    snapshot: Snapshot,
    policies: &[P],
) -> Result<Cluster, Breach> {
    let unfit =
        |error: &dyn core::fmt::Display| Breach::of(Invariant::S31, format!("restore: {error}"));
    let name = snapshot.policy_name().unwrap_or_default();
    let policy = policies.iter().find(|policy| policy.name() == name);
    let policy = policy.cloned().ok_or_else(|| unfit(&"no policy of this name is known"))?;
    let mut cluster = Cluster::restore(snapshot, policy).map_err(|error| unfit(&error))?;
    offer(&mut cluster, policies).map_err(|error| unfit(&error))?;
    Ok(cluster)
}

/// Takes the outputs of both clusters, which have to be equal.
pub(crate) fn drain(cluster: &mut Cluster, twin: &mut Cluster) -> Result<Vec<Output>, Breach> {
    let outputs: Vec<Output> = core::iter::from_fn(|| cluster.poll_output()).collect();
    for output in &outputs {
        let twins = twin.poll_output();
        ensure!(S23, twins.as_ref() == Some(output), "the twin puts out {twins:?}, not {output:?}");
    }
    let more = twin.poll_output();
    ensure!(S23, more.is_none(), "the twin puts out {more:?}, the cluster nothing");
    Ok(outputs)
}

/// Returns the outputs of a step, by the names of the configuration in which they arose.
pub(crate) fn named(
    before: &ClusterSpec,
    after: &ClusterSpec,
    outputs: &[Output],
) -> Vec<Output<Names>> {
    let is_change =
        |output: &Output| matches!(output, Output::Event(Event::ConfigurationChanged { .. }));
    let mut spec = if outputs.iter().any(is_change) { before } else { after };
    let mut told = Vec::with_capacity(outputs.len());
    for output in outputs {
        told.push(spec.named(output.clone()));
        if is_change(output) {
            spec = after;
        }
    }
    told
}

/// Checks that a timer that went off has done all there was to do at that moment, so that there is
/// no hot loop. The digest is that of the cluster after the timer.
pub(crate) fn nothing_is_left(
    cluster: &mut Cluster,
    twin: &mut Cluster,
    now: Timestamp,
    digest: u64,
) -> Result<(), Breach> {
    if now.as_millis() == u64::MAX {
        return Ok(());
    }
    let next = cluster.poll_timeout();
    ensure!(
        L18,
        next.as_ref().is_none_or(|deadline| deadline.at > now),
        "at {now} the next timer is {next:?}"
    );
    cluster.handle_timeout(now);
    twin.handle_timeout(now);
    let outputs = drain(cluster, twin)?;
    ensure!(L18, outputs.is_empty(), "a second timer at {now} puts out {outputs:?}");
    ensure!(L18, digest == cluster.digest(), "a second timer at {now} changes the state");
    Ok(())
}
