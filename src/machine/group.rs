//! The state of a group, which is derived from its resources and never stored.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::ResourceState;

/// The state of a group, as its resources determine it (MS-CMRP 3.1.4.1.46).
///
/// The first of these rules that applies decides. A group with a failed resource is failed, one
/// with a resource in doubt is unknown, and one with a pending resource is pending. A group is
/// partially online if some of its resources are online and others are not, and online if all of
/// them are. Every other group is offline, and so is an empty group.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum GroupState {
    /// No resource is online.
    #[default]
    Offline,
    /// Every resource is online.
    Online,
    /// Some resources are online and others are offline.
    PartialOnline,
    /// A resource is starting, stopping or being terminated.
    Pending,
    /// Nobody knows whether some resource runs. Windows uses the same word.
    Unknown,
    /// A resource failed.
    Failed,
}

impl GroupState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Offline,
        Self::Online,
        Self::PartialOnline,
        Self::Pending,
        Self::Unknown,
        Self::Failed,
    ];

    /// Returns the state of a group with these resources.
    #[must_use]
    pub fn of(resources: impl IntoIterator<Item = ResourceState>) -> Self {
        let mut resources = resources.into_iter();
        match resources.next() {
            None => Self::Offline,
            Some(first) => resources.fold(Self::of_one(first), Self::with),
        }
    }

    /// Returns the state of this group after one more resource is added.
    #[must_use]
    pub const fn with(self, resource: ResourceState) -> Self {
        match (self, Self::of_one(resource)) {
            (Self::Failed, _) | (_, Self::Failed) => Self::Failed,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Pending, _) | (_, Self::Pending) => Self::Pending,
            (Self::Online, Self::Online) => Self::Online,
            (Self::Offline, Self::Offline) => Self::Offline,
            (Self::PartialOnline | Self::Online, Self::Offline | Self::PartialOnline)
            | (Self::PartialOnline | Self::Offline, Self::Online | Self::PartialOnline) => {
                Self::PartialOnline
            }
        }
    }

    const fn of_one(resource: ResourceState) -> Self {
        match resource {
            ResourceState::Initializing | ResourceState::Offline => Self::Offline,
            ResourceState::Online => Self::Online,
            ResourceState::OnlinePending
            | ResourceState::OfflinePending
            | ResourceState::Terminating => Self::Pending,
            ResourceState::InDoubt => Self::Unknown,
            ResourceState::Failed => Self::Failed,
        }
    }
}

impl fmt::Display for GroupState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Offline => "offline",
            Self::Online => "online",
            Self::PartialOnline => "partially online",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        })
    }
}
