//! Rules about what a new configuration may not change.

use quorate::Cluster;
use quorate::cluster::{Command, ConfigurationMoves};
use quorate::id::name::folded;
use quorate::machine::ResourceState;
use quorate::spec::{ClusterSpec, GroupSpec};
use quorate::state::Lock;

use super::Moment;
use crate::audit::seen::same_resource;
use crate::needed;
use crate::{Breach, ensure};

/// Checks that a configuration leaves groups that may run where they are, unless it says that it
/// may move groups, and that it never moves locked groups. It may not give a resource that may run
/// a dependency that does not hold.
pub(super) fn check(moment: &Moment<'_>, cluster: &Cluster) -> Result<(), Breach> {
    if !moment.is_reconfiguration() {
        return Ok(());
    }
    let may_move = matches!(
        moment.command(),
        Some(Command::Configure { moves: ConfigurationMoves::Allow, .. })
    );
    let (before, after) = (&moment.before, cluster.spec());
    let can_own = |spec: &ClusterSpec, of: &GroupSpec, node| {
        needed::obstacles(spec, of, node, |_| None).is_empty()
    };
    for (id, declared) in before.spec().groups() {
        let Some(kept) = after.group_id(declared.name()).and_then(|id| after.group(id)) else {
            continue;
        };
        let (Some(owner), Some(record)) = (before.state().owner(id), before.state().group(id))
        else {
            continue;
        };
        let name = before.spec().node(owner).map(|node| node.name());
        let is_struck = name.and_then(|name| after.node_id(name)).is_none_or(|node| {
            can_own(before.spec(), declared, owner) && !can_own(after, kept, node)
        });
        let is_free = may_move && record.lock() == Lock::Unlocked;
        let may_run = before.state().may_run(before.spec(), id);
        ensure!(S18, !is_struck || !may_run || is_free, "{id} runs on a node that it may not own");
        dependencies_hold(before, declared, after, kept)?;
    }
    Ok(())
}

fn dependencies_hold(
    before: &Cluster,
    declared: &GroupSpec,
    after: &ClusterSpec,
    kept: &GroupSpec,
) -> Result<(), Breach> {
    let names = |spec: &ClusterSpec, of: &GroupSpec, clause: &[usize]| -> Vec<String> {
        let name = |member: &usize| {
            spec.resource(of.resource_at(*member)).map(|it| folded(it.name()).collect())
        };
        let mut names: Vec<String> = clause.iter().filter_map(name).collect();
        names.sort();
        names
    };
    let clauses = |spec: &ClusterSpec, of: &GroupSpec, position: usize| -> Vec<Vec<String>> {
        let clauses = of.graph().clauses(position);
        clauses.map(|clause| names(spec, of, &clause.collect::<Vec<_>>())).collect()
    };
    for (position, id) in declared.resources().enumerate() {
        let may_run = before.state().resource_state(id).may_run();
        let Some(new) = same_resource(before.spec(), after, id) else {
            continue;
        };
        let Some(at) = kept.position_of(new).filter(|_| may_run) else { continue };
        let position = declared.position_of(id).unwrap_or(position);
        let known = clauses(before.spec(), declared, position);
        for clause in clauses(after, kept, at) {
            let holds = clause.iter().any(|name| {
                let provider = before.spec().resource_id(name);
                provider
                    .is_some_and(|it| before.state().resource_state(it) == ResourceState::Online)
            });
            ensure!(S2, holds || known.contains(&clause), "{id} runs without {clause:?}");
        }
    }
    Ok(())
}
