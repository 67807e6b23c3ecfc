//! The ends of drains, as the events of a cluster tell them, and whether the reasons are true.

use quorate::cluster::{DrainObstacle, ForecastDrain};
use quorate::machine::ResourceState;
use quorate::policy::Trigger;
use quorate::settings::Admission;
use quorate::spec::ClusterSpec;
use quorate::state::{DrainStatus, NoRestartCause, Recovery};
use quorate::{Cluster, Event, GroupId};
use serde_json::{Value, json};

/// The ends of drains, and the groups that are about to be part of one.
#[derive(Debug, Default)]
pub(crate) struct Drains {
    ended: Vec<(String, Value)>,
    blocked: Vec<Value>,
}

impl Drains {
    /// Notes what an event tells; the names are those of the configuration in which it arose.
    pub(crate) fn follow(&mut self, spec: &ClusterSpec, event: &Event) {
        match spec.named(event.clone()) {
            Event::DrainBlocked { group, because, .. } => {
                self.blocked.push(json!({"group": group, "because": because}));
            }
            Event::DrainChanged {
                node,
                status: DrainStatus::Failed | DrainStatus::Completed,
                ..
            } => {
                let blocked = std::mem::take(&mut self.blocked);
                self.ended.push((node, json!(blocked)));
            }
            _ => {}
        }
    }

    /// The drains that have ended, and those that have not, as a plan lists them.
    pub(crate) fn at_the_end(&self, cluster: &Cluster) -> Vec<ForecastDrain> {
        let (spec, state) = (cluster.spec(), cluster.state());
        let drains = spec.nodes().filter_map(|(node, declared)| {
            let status = state.node(node)?.drain().status;
            let is_of_it = |(ended, _): &&(String, Value)| ended == declared.name();
            let blocked = match status {
                DrainStatus::NotInitiated => return None,
                DrainStatus::InProgress => json!([]),
                DrainStatus::Completed | DrainStatus::Failed => {
                    self.ended.iter().rev().find(is_of_it)?.1.clone()
                }
            };
            let drain = json!({"node": declared.name(), "status": status, "blocked": blocked});
            Some(serde_json::from_value(drain).expect("it is a drain of a forecast"))
        });
        drains.collect()
    }
}

/// Tells whether a group stays on its drained node for this reason, as far as can be seen from
/// outside at this moment.
pub(crate) fn is_true(cluster: &Cluster, group: GroupId, because: DrainObstacle) -> bool {
    let (spec, state) = (cluster.spec(), cluster.state());
    let Some(record) = state.group(group) else { return false };
    let Some(drain) = record.owner().and_then(|owner| state.node(owner)).map(|of| of.drain())
    else {
        return false;
    };
    match because {
        DrainObstacle::InDoubt { resource } => {
            state.resource_state(resource) == ResourceState::InDoubt && record.movement().is_some()
        }
        DrainObstacle::Locked => record.is_held_by_lock(drain.lock),
        DrainObstacle::Left { resource } => matches!(
            state.resource(resource).map(|of| of.recovery()),
            Some(Recovery::RetryAt { cause: NoRestartCause::Left, .. })
        ),
        DrainObstacle::Target { node } => drain.target == Some(node),
        DrainObstacle::NoCandidate => {
            let chosen = cluster.explain(group, Trigger::Drain).and_then(|told| told.chosen);
            // Another group of its class may keep it from starting on a node that it could own.
            let is_refused = spec.settings().admission != Admission::Open;
            drain.target.is_none() && (chosen.is_none() || is_refused)
        }
        other => unimplemented!("{other:?}"),
    }
}
