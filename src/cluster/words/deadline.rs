//! Deadlines, and their reasons.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{Ids, Naming, OpId};
use crate::time::Timestamp;

/// The time when the core has to be called next, and the reason.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Deadline<N: Naming = Ids> {
    /// When to call [`Cluster::handle_timeout`](crate::Cluster::handle_timeout).
    pub at: Timestamp,
    /// The reason for the call; in formats for people its name, with its fields beside it.
    pub reason: DeadlineReason<N>,
}

/// Declares the reasons, with the two forms in which they are written.
macro_rules! deadline_reasons {
    ($( $(#[$doc:meta])* $variant:ident { $($field:ident: $type:ty),+ }, )+) => {
        /// The reason for a deadline: the thing that is due then.
        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        #[allow(missing_docs, reason = "the fields are named after what they hold")]
        pub enum DeadlineReason<N: Naming = Ids> {
            $( $(#[$doc])* $variant { $($field: $type),+ }, )+
        }

        /// The form for people: the name as a field beside the others.
        #[derive(Deserialize, Serialize)]
        #[serde(remote = "DeadlineReason", bound = "", rename_all = "snake_case")]
        #[serde(tag = "reason", deny_unknown_fields)]
        enum Flat<N: Naming> {
            $( $variant { $($field: $type),+ }, )+
        }

        /// The form for formats that do not describe themselves.
        #[derive(Deserialize, Serialize)]
        #[serde(remote = "DeadlineReason", bound = "", rename_all = "snake_case")]
        enum Nested<N: Naming> {
            $( $variant { $($field: $type),+ }, )+
        }
    };
}

deadline_reasons! {
    /// An operation counts as not answered.
    OperationTimeout { operation: OpId },
    /// A health check is due.
    HealthCheck { resource: N::Resource },
    /// A failed resource restarts.
    Restart { resource: N::Resource },
    /// The retry period of a failed resource is over.
    Retry { resource: N::Resource },
    /// A resource in doubt is probed.
    Probe { resource: N::Resource },
    /// The next attempt to fence a node is due.
    FenceRetry { node: N::Node },
    /// The lease of a lost node is over.
    LeaseEnd { node: N::Node },
    /// The start delay of a group is over.
    StartDelay { group: N::Group },
    /// A group has waited for its preferred owner long enough.
    PreferredOwnerWait { group: N::Group },
    /// A group that comes up no longer waits for groups of higher priority, nor holds up others.
    PriorityWait { group: N::Group },
    /// Groups on a node that is being drained no longer wait for groups of higher priority.
    DrainWait { node: N::Node },
    /// A group may fail back.
    Failback { group: N::Group },
    /// An orphan is terminated again.
    OrphanRetry { node: N::Node, resource: N::Resource },
}

impl<N: Naming> Serialize for DeadlineReason<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return Flat::serialize(self, serializer);
        }
        Nested::serialize(self, serializer)
    }
}

impl<'de, N: Naming> Deserialize<'de> for DeadlineReason<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return Flat::deserialize(deserializer);
        }
        Nested::deserialize(deserializer)
    }
}

#[derive(Deserialize, Serialize)]
#[serde(rename = "Deadline", bound = "")]
struct FlatDeadline<N: Naming> {
    at: Timestamp,
    #[serde(flatten, with = "Flat")]
    reason: DeadlineReason<N>,
}

impl<N: Naming> Serialize for Deadline<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            let Self { at, reason } = self.clone();
            return FlatDeadline { at, reason }.serialize(serializer);
        }
        (self.at, &self.reason).serialize(serializer)
    }
}

impl<'de, N: Naming> Deserialize<'de> for Deadline<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let FlatDeadline { at, reason } = FlatDeadline::deserialize(deserializer)?;
            return Ok(Self { at, reason });
        }
        let (at, reason) = Deserialize::deserialize(deserializer)?;
        Ok(Self { at, reason })
    }
}

impl<N: Naming> fmt::Display for Deadline<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at, self.reason)
    }
}

impl<N: Naming> fmt::Display for DeadlineReason<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OperationTimeout { operation } => write!(f, "operation {operation} times out"),
            Self::HealthCheck { resource } => write!(f, "health check of {resource}"),
            Self::Restart { resource } => write!(f, "restart of {resource}"),
            Self::Retry { resource } => write!(f, "retry of {resource}"),
            Self::Probe { resource } => write!(f, "probe of {resource}"),
            Self::FenceRetry { node } => write!(f, "next attempt to fence {node}"),
            Self::LeaseEnd { node } => write!(f, "end of the lease of {node}"),
            Self::StartDelay { group } => write!(f, "start delay of {group}"),
            Self::PreferredOwnerWait { group } => {
                write!(f, "end of the wait of {group} for its preferred owner")
            }
            Self::PriorityWait { group } => write!(f, "end of the wait by priority around {group}"),
            Self::DrainWait { node } => {
                write!(f, "end of the wait by priority in the drain of {node}")
            }
            Self::Failback { group } => write!(f, "failback of {group}"),
            Self::OrphanRetry { node, resource } => {
                write!(f, "next attempt to stop {resource} on {node}")
            }
        }
    }
}
