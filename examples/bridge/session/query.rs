//! Questions, which change nothing.

use quorate::cluster::{Deadline, Effect, Forecast, Input, Reason, Snapshot, UnknownReference};
use quorate::id::Names;
use quorate::plan::Explanation;
use quorate::policy::Trigger;
use quorate::{Cluster, GroupId};
use serde::{Deserialize, Serialize};

use super::object;
use super::refusal::Refusal;
use super::view::StateView;

/// The questions that a line may ask.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Query {
    State,
    Snapshot,
    Outstanding,
    NextTimeout,
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
    Trigger(#[serde(deserialize_with = "object::read")] GroupAndTrigger),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupAndTrigger {
    group: String,
    trigger: Trigger,
}

/// The answer to a question.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    State(StateView),
    Snapshot(Box<Snapshot>),
    Outstanding(Vec<Effect<Names>>),
    NextTimeout(Option<Deadline<Names>>),
    Digest(String),
    Explanation { explanation: Explanation<Names>, text: String },
    Why(Option<ReasonView>),
    Forecast(Forecast),
}

/// A reason for programs and for people.
#[derive(Serialize)]
pub(crate) struct ReasonView {
    reason: Reason<Names>,
    text: String,
}

impl ReasonView {
    pub(crate) fn of(cluster: &Cluster, group: GroupId) -> Option<Self> {
        let reason = cluster.spec().named(cluster.why(group)?);
        let text = reason.to_string();
        Some(Self { reason, text })
    }
}

impl Query {
    pub(crate) fn answer(self, cluster: &Cluster) -> Result<Answer, Refusal> {
        let spec = cluster.spec();
        Ok(match self {
            Self::State => Answer::State(StateView::of(cluster)),
            Self::Snapshot => Answer::Snapshot(Box::new(cluster.snapshot())),
            Self::Outstanding => {
                Answer::Outstanding(cluster.outstanding().map(|it| spec.named(it)).collect())
            }
            Self::NextTimeout => Answer::NextTimeout(spec.named(cluster.poll_timeout())),
            // It is text, because not every reader of JSON keeps 64 bits of a number.
            Self::Digest => Answer::Digest(format!("{:016x}", cluster.digest())),
            Self::Explain(what) => {
                let (name, trigger) = what.settle(cluster);
                let explanation = cluster.explain(group_of(cluster, &name)?, trigger);
                let unknown = || UnknownReference::Group { name, suggestion: None };
                let explanation = spec.named(explanation.ok_or_else(unknown)?);
                Answer::Explanation { text: explanation.to_string(), explanation }
            }
            Self::Why(name) => Answer::Why(ReasonView::of(cluster, group_of(cluster, &name)?)),
            Self::WhatIf(inputs) => Answer::Forecast(cluster.what_if(inputs)?),
        })
    }
}

impl ExplainWhat {
    /// Returns the trigger. By default it is the failure of the owner, or a start if there is no
    /// owner.
    fn settle(self, cluster: &Cluster) -> (String, Trigger) {
        match self {
            Self::Group(group) => {
                let id = cluster.spec().group_id(&group);
                let owner = id.and_then(|id| cluster.state().owner(id));
                (group, owner.map_or(Trigger::Start, |_| Trigger::NodeFailure))
            }
            Self::Trigger(GroupAndTrigger { group, trigger }) => (group, trigger),
        }
    }
}

fn group_of(cluster: &Cluster, name: &str) -> Result<GroupId, UnknownReference> {
    cluster.spec().resolve_group(name)
}
