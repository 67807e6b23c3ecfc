//! The states of a node, and the events that change them.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::Transition;

/// The state of a node, as far as it is known (SDK, `GetClusterNodeState`, with one state more).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// It is no member, and certainly runs nothing.
    Down,
    /// It is a member that still runs resources that it should not run. They are stopped before it
    /// may own a group.
    Joining,
    /// It is a member that may own groups.
    Up,
    /// It is a member that keeps the resources that it runs, and starts nothing (MS-CMRP
    /// 3.1.4.1.70).
    Paused,
    /// It is not heard from any longer. The resources that it ran may still run.
    Unclean,
}

/// An event in the life of a node.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum NodeEvent {
    /// The membership layer accepted it as a member.
    Joined,
    /// It runs nothing any longer that it should not run.
    Admitted,
    /// It runs nothing any longer that it should not run, and is to be paused.
    AdmittedPaused,
    /// An operator paused it.
    PauseRequested,
    /// An operator resumed it.
    ResumeRequested,
    /// It is not heard from any longer.
    Lost,
    /// It stopped all resources and left.
    Left,
    /// It is certainly off.
    ConfirmedDown,
}

impl NodeState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Down, Self::Joining, Self::Up, Self::Paused, Self::Unclean];

    /// Tells whether anything that can happen changes this state into the other one at once.
    #[must_use]
    pub fn can_become(self, to: Self) -> bool {
        NodeEvent::ALL.iter().any(|event| self.next(*event).target() == Some(to))
    }

    /// Returns the effect of `event` on a node in this state.
    pub(crate) const fn next(self, event: NodeEvent) -> Transition<Self> {
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
            // For a node that is not up, the pause is stored outside this state.
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

    /// Tells whether it takes part in the cluster, so that its vote counts.
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
    pub(crate) const ALL: [Self; 8] = [
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
