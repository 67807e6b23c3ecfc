//! The life of a node.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::Transition;

/// What is known of a node (SDK, `GetClusterNodeState`, with one state more).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// Not a member, and certain to run nothing.
    Down,
    /// A member that still runs what it should not; it is cleaned before it may own a group.
    Joining,
    /// A member that may own groups.
    Up,
    /// A member that keeps what it runs and starts nothing (MS-CMRP 3.1.4.1.70).
    Paused,
    /// No longer heard from; what it ran may still run.
    Unclean,
}

/// What can happen to a node.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum NodeEvent {
    /// The membership layer took it in.
    Joined,
    /// Nothing is left on it that it should not run.
    Admitted,
    /// The same, for a node that was paused before it left.
    AdmittedPaused,
    /// An operator paused it.
    PauseRequested,
    /// An operator resumed it.
    ResumeRequested,
    /// It is no longer heard from.
    Lost,
    /// It stopped everything and left.
    Left,
    /// It is certain to be off.
    ConfirmedDown,
}

impl NodeState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Down, Self::Joining, Self::Up, Self::Paused, Self::Unclean];

    /// What `event` does to a node in this state.
    pub const fn next(self, event: NodeEvent) -> Transition<Self> {
        use NodeEvent as E;
        match (self, event) {
            (Self::Down | Self::Unclean, E::Joined) => Transition::To(Self::Joining),
            (Self::Joining, E::Admitted) | (Self::Paused, E::ResumeRequested) => {
                Transition::To(Self::Up)
            }
            (Self::Joining, E::AdmittedPaused) | (Self::Up, E::PauseRequested) => {
                Transition::To(Self::Paused)
            }
            (Self::Joining | Self::Up | Self::Paused, E::Lost) => Transition::To(Self::Unclean),
            (
                Self::Joining | Self::Up | Self::Paused | Self::Unclean,
                E::Left | E::ConfirmedDown,
            ) => Transition::To(Self::Down),
            // Whether a node that is not up is paused is remembered beside its state.
            (
                Self::Down | Self::Joining | Self::Unclean,
                E::PauseRequested | E::ResumeRequested,
            )
            | (Self::Up, E::ResumeRequested)
            | (Self::Paused, E::PauseRequested)
            | (Self::Down | Self::Unclean, E::Lost)
            | (Self::Down, E::Left | E::ConfirmedDown) => Transition::Ignored,
            (Self::Joining | Self::Up | Self::Paused, E::Joined)
            | (
                Self::Down | Self::Up | Self::Paused | Self::Unclean,
                E::Admitted | E::AdmittedPaused,
            ) => Transition::Forbidden,
        }
    }

    /// Whether it takes part in the cluster and its vote counts.
    #[must_use]
    pub const fn is_member(self) -> bool {
        match self {
            Self::Joining | Self::Up | Self::Paused => true,
            Self::Down | Self::Unclean => false,
        }
    }
}

impl NodeEvent {
    /// Every event.
    pub const ALL: [Self; 8] = [
        Self::Joined,
        Self::Admitted,
        Self::AdmittedPaused,
        Self::PauseRequested,
        Self::ResumeRequested,
        Self::Lost,
        Self::Left,
        Self::ConfirmedDown,
    ];
}

impl fmt::Display for NodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Down => "down",
            Self::Joining => "joining",
            Self::Up => "up",
            Self::Paused => "paused",
            Self::Unclean => "unclean",
        })
    }
}
