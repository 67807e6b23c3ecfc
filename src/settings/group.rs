//! Properties of groups.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{DesiredState, Priority};

/// The rule for a group to return to a preferred owner by itself (SDK, `AutoFailbackType`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Failback {
    /// It stays where it is.
    Prevent,
    /// It moves to the most preferred owner that is eligible, within window and hold-down.
    Allow,
}

/// Hours of the local day in which failback may happen: from `start_hour` until `end_hour`, over
/// midnight if the start is later than the end.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FailbackWindow {
    /// First hour, 0 to 23.
    pub start_hour: u8,
    /// Hour after the last one, 0 to 23, different from `start_hour`.
    pub end_hour: u8,
}

/// The behaviour of a group when the cluster forms (SDK, `ColdStartSetting`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColdStart {
    /// It starts as its desired state says.
    Start,
    /// It waits for an operator, whatever its desired state.
    DontStart,
}

/// The settled properties of one group.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct GroupSettings {
    /// The desired state when the cluster first forms, and whenever a new configuration changes it.
    /// Default online: a declared group is meant to run. (In Windows the default is offline,
    /// because a group is created empty and by hand.)
    pub desired: DesiredState,
    /// Most failovers because of failed resources within `failover_period`; `None` is the number of
    /// nodes that are up, less one, so a group that waits for a failover leaves at once when a
    /// further node comes up and thereby allows one. Default `None`.
    pub failover_threshold: Option<u32>,
    /// Sliding window of `failover_threshold`. Default 6 h.
    pub failover_period: Duration,
    /// The time for which a node on which the group failed comes after the others in the choice of
    /// a node. Among such nodes the one on which it failed longest ago comes first. Only nodes that
    /// cannot run all that must run, and paused nodes, come later still. A group never returns by
    /// itself to a node on which it failed, however long ago.
    ///
    /// This ends when the node joins in a new life, or when an operator ends it: by
    /// [`ClearGroupFailures`](crate::cluster::Command::ClearGroupFailures), by a move to that very
    /// node, or, for the present owner, by bringing the group online. A node that was lost with the
    /// group does not count as one on which it failed.
    ///
    /// Default `failover_period`. 0 remembers nothing, as Windows does: the default of the 2003
    /// profile, whose order is that of KB 299631 and whose groups return whenever they may.
    pub failure_memory: Duration,
    /// The rule for returning by itself. Default [`Failback::Prevent`].
    pub failback: Failback,
    /// The hours in which it may return; `None` is at any time. Default `None`.
    pub failback_window: Option<FailbackWindow>,
    /// Time for which the better node must have been up before the group returns to it. Windows has
    /// no such setting. Default 0.
    pub failback_hold_down: Duration,
    /// Start tier and placement order. Default [`Priority::MEDIUM`].
    pub priority: Priority,
    /// The behaviour when the cluster forms. Default [`ColdStart::Start`].
    pub cold_start: ColdStart,
    /// Wait between being placed and starting, where groups come up together: when the cluster
    /// forms or quorum is regained, when a node is taken over, and when it comes up or is resumed.
    /// A group that comes to its node in good order, or because a resource failed, starts at once.
    /// Default 0, at most 30 min.
    pub start_delay: Duration,
}
