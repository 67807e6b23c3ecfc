//! Questions, which change nothing.

use quorate::cluster::Input;
use quorate::id::Names;
use quorate::machine::Budget;
use quorate::policy::Trigger;
use quorate::{Cluster, GroupId, Timestamp};

use super::words::{Arguments, named};
use super::world::words_of;

/// Returns the answer to a question; `None` if the line is something else.
pub(crate) fn answer(
    cluster: &Cluster,
    now: Timestamp,
    words: &[String],
) -> Result<Option<Vec<String>>, String> {
    let [verb, rest @ ..] = words else {
        return Ok(None);
    };
    let arguments = Arguments::of(rest);
    let spec = cluster.spec();
    Ok(Some(match verb.as_str() {
        "state" => state(cluster),
        "why" => {
            let group = group_of(cluster, &arguments.one("a group")?)?;
            let reason = cluster.why(group).map(|reason| spec.named(reason).to_string());
            vec![reason.unwrap_or("as it should be".into())]
        }
        "explain" => explain(cluster, arguments)?,
        "budget" => vec![budget(cluster, now, &arguments.one("a group or a resource")?)?],
        "outstanding" => {
            cluster.outstanding().map(|effect| words_of(&spec.named(effect))).collect()
        }
        "digest" => vec![format!("{:016x}", cluster.digest())],
        "timer" => match cluster.poll_timeout() {
            Some(deadline) => {
                vec![spec.named(deadline).to_string()]
            }
            None => vec!["no timer".into()],
        },
        _ => return Ok(None),
    }))
}

/// Returns the forecast for these inputs.
pub(crate) fn what_if(cluster: &Cluster, inputs: Vec<Input<Names>>) -> Vec<String> {
    let plan = match cluster.what_if(inputs) {
        Ok(plan) => plan,
        Err(error) => return vec![format!("error {}: {error}", error.kind())],
    };
    plan.to_string().lines().map(str::to_owned).collect()
}

fn state(cluster: &Cluster) -> Vec<String> {
    let spec = cluster.spec();
    let state = cluster.state();
    let mut lines = Vec::new();
    for (id, node) in spec.nodes() {
        lines.push(format!("node {}: {}", node.name(), state.node_state(id)));
        let attributes = state.node(id).into_iter().flat_map(|record| record.attributes());
        lines.extend(attributes.map(|(name, value)| format!("  {name} is {value}")));
    }
    for (id, group) in spec.groups() {
        let owner = state.owner(id).and_then(|owner| spec.node(owner));
        let owner = owner.map_or("no node", |owner| owner.name());
        lines.push(format!("{}: {} on {owner}", group.name(), state.group_state(spec, id)));
        for resource in group.resources() {
            let name = spec.resource(resource).map_or("", |resource| resource.name());
            lines.push(format!("  {name}: {}", state.resource_state(resource)));
        }
    }
    for (node, resource, _) in state.orphans() {
        let node = spec.node(node).map_or("", |node| node.name());
        let resource = spec.resource(resource).map_or("", |resource| resource.name());
        lines.push(format!("{resource}: runs on {node}, which does not own it"));
    }
    lines
}

fn explain(cluster: &Cluster, arguments: Arguments) -> Result<Vec<String>, String> {
    let words = arguments.all()?;
    let (name, trigger) = match &words[..] {
        [name] => (name, None),
        [name, trigger] => (name, Some(named::<Trigger>(trigger)?)),
        _ => return Err("expected a group and perhaps a trigger".into()),
    };
    let group = group_of(cluster, name)?;
    let owned = cluster.state().owner(group).map(|_| Trigger::NodeFailure);
    let trigger = trigger.or(owned).unwrap_or(Trigger::Start);
    let explanation = cluster.explain(group, trigger).ok_or("no such group")?;
    let text = cluster.spec().named(explanation).to_string();
    Ok(text.lines().map(str::to_owned).collect())
}

fn budget(cluster: &Cluster, now: Timestamp, name: &str) -> Result<String, String> {
    let spec = cluster.spec();
    let budget = match (spec.group_id(name), spec.resource_id(name)) {
        (Some(group), _) => cluster.failover_budget(group, now),
        (None, Some(resource)) => cluster.restart_budget(resource, now),
        (None, None) => None,
    };
    let Budget { threshold, remaining, renews_at, .. } = budget.ok_or(format!("no {name}"))?;
    let renewal = renews_at.map_or(String::new(), |at| format!(", more at {at}"));
    Ok(format!("{name}: {remaining} of {threshold} left{renewal}"))
}

fn group_of(cluster: &Cluster, name: &str) -> Result<GroupId, String> {
    cluster.spec().group_id(name).ok_or(format!("no group {name}"))
}
