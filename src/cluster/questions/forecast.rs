//! Forecasts: the consequences of inputs that have not come.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::cluster::words::{DrainObstacle, Effect, Reason};
use crate::id::Names;
use crate::machine::GroupState;
use crate::state::{DrainStatus, OperationKind};

crate::form::strictly_read! { "Forecast"
/// The consequences of some inputs if they came now, and every operation succeeded then.
///
/// Everything is named: an input may change the configuration, and ids mean something in one
/// configuration only.
#[derive(Clone, Debug, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Forecast {
    /// The groups that would change their owner or their state, be added or removed, or that
    /// should be online and would not be. In the order of the configuration then; those that would
    /// be removed come last.
    pub groups: Vec<ForecastGroup>,
    /// The drains that would end, and those that would still be in progress at the end, by node in
    /// the order of the configuration then.
    #[serde(default)]
    pub drains: Vec<ForecastDrain>,
    /// The operations that would be asked for from now on, in order, without health checks.
    /// Operations that are in flight already are [outstanding](crate::Cluster::outstanding), and
    /// end well.
    pub operations: Vec<ForecastOperation>,
    /// The probes that would be in flight at the end, oldest first. Nobody can say how they are
    /// answered, so the plan leaves in doubt what they ask about.
    #[serde(default)]
    pub unanswered: Vec<ForecastOperation>,
    /// How the plan ended: settled, or cut off.
    pub end: ForecastEnd,
}
}

/// The consequences of a plan for one group.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ForecastGroup {
    /// The group.
    pub group: String,
    /// The fate of its declaration.
    pub fate: Fate,
    /// Its owner now.
    pub from: Option<String>,
    /// Its owner then.
    pub to: Option<String>,
    /// Its state then; offline if it would not be declared any more.
    pub state: GroupState,
    /// Why it would not be online, if it should be.
    pub why: Option<Reason<Names>>,
}

/// The effect of a plan's inputs on the declaration of a group.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fate {
    /// It is declared now and then.
    Kept,
    /// It is declared then, and not now.
    Added,
    /// It is declared now, and not then.
    Removed,
}

/// The drain of one node in a plan.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ForecastDrain {
    /// The node.
    pub node: String,
    /// The status of its drain at the end of the plan.
    pub status: DrainStatus,
    /// The groups that would stay on the node, if the drain would fail.
    pub blocked: Vec<ForecastBlocked>,
}

/// A group that would stay on a node that is drained.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ForecastBlocked {
    /// The group.
    pub group: String,
    /// The reason why it would stay.
    pub because: DrainObstacle<Names>,
}

/// One operation of a plan.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ForecastOperation {
    /// The action that would be asked for.
    pub action: OperationKind,
    /// The node on which it would be carried out; for a fence, the node to fence.
    pub node: String,
    /// The resource; `None` for a fence.
    pub resource: Option<String>,
}

/// How a plan ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ForecastEnd {
    /// Nothing was left to do but to wait.
    Settled,
    /// It was cut off after very many operations.
    CutOff,
}

/// Checks that threads and tasks can hand plans to each other.
const _: () = {
    const fn is_shareable<T: Send + Sync + 'static>() {}
    is_shareable::<Forecast>();
};

impl ForecastOperation {
    /// Returns the operation of an effect, without its number and its deadline.
    pub(crate) fn of(effect: Effect<Names>) -> Self {
        Self { action: effect.action, node: effect.node, resource: effect.resource }
    }
}

/// Writes one line per group, then the lines of each drain, then one per operation.
impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut begin = "";
        for group in &self.groups {
            write!(f, "{begin}{group}")?;
            begin = "\n";
        }
        for drain in &self.drains {
            write!(f, "{begin}{drain}")?;
            begin = "\n";
        }
        for operation in &self.operations {
            write!(f, "{begin}{operation}")?;
            begin = "\n";
        }
        for operation in &self.unanswered {
            write!(f, "{begin}{operation}: not answered")?;
            begin = "\n";
        }
        match self.end {
            ForecastEnd::Settled => Ok(()),
            ForecastEnd::CutOff => write!(f, "{begin}cut off"),
        }
    }
}

impl fmt::Display for ForecastGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = |node: &Option<String>| node.clone().unwrap_or_else(|| "none".to_string());
        write!(f, "{}: {} -> {}, {}", self.group, node(&self.from), node(&self.to), self.state)?;
        f.write_str(match self.fate {
            Fate::Kept => "",
            Fate::Added => ", added",
            Fate::Removed => ", removed",
        })?;
        self.why.as_ref().map_or(Ok(()), |why| write!(f, ": {why}"))
    }
}

/// Writes the lines that the log has of the end of a drain.
impl fmt::Display for ForecastDrain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, status, blocked } = self;
        for ForecastBlocked { group, because } in blocked {
            writeln!(f, "drain of {node}: {group} cannot leave: {because}")?;
        }
        write!(f, "drain of {node}: {status}")
    }
}

impl fmt::Display for ForecastOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.resource {
            Some(resource) => write!(f, "{} {resource} on {}", self.action, self.node),
            None => write!(f, "{} {}", self.action, self.node),
        }
    }
}
