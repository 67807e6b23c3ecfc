//! The settled properties of a cluster, its groups and its resources.
//!
//! Every property has its default in [`Profile`](crate::spec::Profile), and a declaration overrides
//! the properties that it names. The fields here have their final values.

use core::fmt;

use serde::{Deserialize, Serialize};

pub use crate::time::Interval;
pub use cluster::{
    Admission, AntiAffinityPlacement, ClusterSettings, DependencyChange, FailoverLimit, Fencing,
    NoQuorum, Ownership, QuorumRule, RedundantProvider, RestartWindow, Retry,
};
pub use group::{ColdStart, Failback, FailbackWindow, GroupSettings};
pub use priority::Priority;
pub use resource::{
    Maintenance, Monitor, OnUnfixable, ResourceSettings, RestartAction, UnconfirmedStop,
};

mod cluster;
mod group;
mod priority;
mod resource;

/// The state that an operator wants of a group or resource, kept until the next order: Windows
/// calls it the persistent state (MS-CMRP 3.1.4.1.18).
///
/// Recovery acts only on resources that should be online. A move restores each resource to its
/// desired state, not to "everything online".
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DesiredState {
    /// To be off, and left off.
    Offline,
    /// To be running, and kept running.
    Online,
}

impl fmt::Display for DesiredState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Offline => "offline",
            Self::Online => "online",
        })
    }
}
