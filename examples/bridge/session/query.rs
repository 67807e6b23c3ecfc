//! Questions, which change nothing.

use quorate::cluster::Input;
use quorate::id::{GroupId, Names};
use quorate::policy::Trigger;
use quorate::Cluster;
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::view;

/// What a line may ask.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Query {
    State,
    Snapshot,
    Outstanding,
    Digest,
    Explain(ExplainWhat),
    Why(String),
    WhatIf(Vec<Input<Names>>),
}

/// A group, with or without the trigger.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a group or {\"group\", \"trigger\"}")]
pub(crate) enum ExplainWhat {
    Group(String),
    Trigger(GroupAndTrigger),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupAndTrigger {
    group: String,
    trigger: Trigger,
}

impl Query {
    pub(crate) fn answer(self, cluster: &Cluster) -> Result<Value, Refusal> {
        let spec = cluster.spec();
        match self {
            Self::State => Ok(view::state(cluster)),
            Self::Snapshot => Ok(json!(cluster.snapshot())),
            Self::Outstanding => {
                let effects = cluster.outstanding().map(|effect| spec.named(effect));
                Ok(json!(effects.collect::<Vec<_>>()))
            }
            // Text, because not every reader of JSON keeps 64 bits of a number.
            Self::Digest => Ok(json!(format!("{:016x}", cluster.digest()))),
            Self::Explain(what) => {
                let (group, trigger) = what.settle(cluster)?;
                let explanation = cluster.explain(group, trigger).map(|it| spec.named(it));
                let text = explanation.as_ref().map(ToString::to_string);
                Ok(json!({ "explanation": explanation, "text": text }))
            }
            Self::Why(group) => {
                let reason = cluster.why(group_of(cluster, group)?).map(|it| spec.named(it));
                Ok(reason.map_or(Value::Null, |reason| {
                    json!({ "reason": reason, "text": reason.to_string() })
                }))
            }
            Self::WhatIf(inputs) => {
                let inputs = spec.resolve(inputs)?;
                match cluster.what_if(inputs) {
                    Ok(plan) => Ok(json!(spec.named(plan))),
                    Err(error) => Err(Refusal::of_input(spec.named(error))),
                }
            }
        }
    }
}

impl ExplainWhat {
    /// Without a trigger: the failure of the owner, or a start if there is no owner.
    fn settle(self, cluster: &Cluster) -> Result<(GroupId, Trigger), Refusal> {
        match self {
            Self::Group(name) => {
                let group = group_of(cluster, name)?;
                let owner = cluster.state().owner(group);
                Ok((group, owner.map_or(Trigger::Start, |_| Trigger::NodeFailure)))
            }
            Self::Trigger(GroupAndTrigger { group, trigger }) => {
                Ok((group_of(cluster, group)?, trigger))
            }
        }
    }
}

fn group_of(cluster: &Cluster, name: String) -> Result<GroupId, Refusal> {
    let unknown = quorate::cluster::UnknownReference::Group(name.clone());
    Ok(cluster.spec().group_id(&name).ok_or(unknown)?)
}
