//! Refusals: the reasons why an agent does not carry out an effect.

use core::fmt;

use thiserror::Error;

use crate::id::{Epoch, Incarnation, OpId};

/// The reason why an effect is not carried out. Nothing is reported about it.
#[derive(Clone, Copy, Debug, Eq, Error, Hash, PartialEq)]
pub enum Refusal {
    /// It is for another life of the node.
    #[error("it is for life {asked} of the node, which is in life {known}")]
    OtherLife {
        /// The life that it is for.
        asked: Incarnation,
        /// The present one.
        known: Incarnation,
    },
    /// This life of the node is over, and the next one has not begun.
    #[error("the node has to begin a new life: {0}")]
    LifeOver(LifeOver),
    /// The agent lost its memory, and no floor of operations has arrived yet.
    #[error("the agent lost its memory, and does not know yet what was asked for before")]
    NoMemory,
    /// It was asked for before the agent lost its memory, or forgot resources that are no longer
    /// declared.
    #[error("it is at or below operation {floor}, up to which the agent remembers nothing")]
    Forgotten {
        /// Nothing up to this operation is remembered.
        floor: OpId,
    },
    /// A newer operation of the resource has been asked for.
    #[error("operation {by} of the same resource is newer")]
    Superseded {
        /// The newer one.
        by: OpId,
    },
    /// It would start something under an earlier ownership of its group.
    #[error("it is under ownership epoch {asked} of the group, which is in epoch {known}")]
    OldEpoch {
        /// The epoch that it was asked for in.
        asked: Epoch,
        /// The latest one.
        known: Epoch,
    },
    /// This number stood for another operation before: the core was restored from a snapshot that
    /// is too old, and did not report it.
    #[error("operation {0} was another one before; was the core restored from an old snapshot?")]
    AnotherHistory(OpId),
    /// It is a fence, which is for a device.
    #[error("a fence is for a device, not for an agent on the node")]
    Fence,
    /// It is an inventory, about the whole node: see [`Agent::answers`](super::Agent::answers).
    #[error("an inventory is about the whole node, not about a resource")]
    Inventory,
}

/// The reason why a node has to begin a new life.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum LifeOver {
    /// It stopped everything by itself, or left.
    StoppedItself,
    /// The core was restored from a snapshot that is older than its last outputs.
    CoreWentBack,
}

impl fmt::Display for LifeOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StoppedItself => "it stopped everything by itself",
            Self::CoreWentBack => "the core was restored from an older snapshot",
        })
    }
}
