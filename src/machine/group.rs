//! The state of a group, derived from its resources and never kept.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::ResourceState;

/// What the resources of a group add up to (MS-CMRP 3.1.4.1.46).
///
/// The first rule that applies wins: any resource failed; any in doubt; any pending; some but not
/// all online; all online; otherwise, and for an empty group, offline.
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
    /// Some resources are online, some are offline.
    PartialOnline,
    /// A resource is starting, stopping or being terminated.
    Pending,
    /// Nobody knows whether a resource runs; Windows calls this unknown.
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

    /// The state of a group with these resources.
    #[must_use]
    pub fn of(resources: impl IntoIterator<Item = ResourceState>) -> Self {
        let mut resources = resources.into_iter();
        match resources.next() {
            None => Self::Offline,
            Some(first) => resources.fold(Self::of_one(first), Self::with),
        }
    }

    /// The state of this group with one resource more.
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
