//! Accepted inputs, with the findings of their checks.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::cluster::check::configuration::Configuration;
use crate::cluster::words::{Command, Running, WhenRefused};
use crate::id::{GroupId, Incarnation, NodeId, OpId, ResourceId};
use crate::policy::FailoverPolicy;
use crate::state::{DownProof, LockHandling, MoveFailure, Outcome, WitnessState};
use crate::time::WallClock;

/// An input that has been checked.
#[derive(Debug)]
pub(crate) enum Accepted {
    Joined {
        node: NodeId,
        incarnation: Incarnation,
        running: Vec<Running>,
    },
    Inventory(NodeId, Vec<Running>),
    Answer(NodeId, Vec<Running>),
    Left(NodeId),
    Lost(NodeId),
    Off(NodeId, DownProof),
    Vouched(NodeId, DownProof),
    LaterLife {
        node: NodeId,
        incarnation: Incarnation,
        proof: DownProof,
    },
    /// An attribute that has another value now.
    Attribute {
        node: NodeId,
        name: String,
        value: i64,
    },
    Finished(OpId, Outcome),
    Progressed(OpId),
    Failed(ResourceId),
    Alive(ResourceId),
    Witness(WitnessState),
    WallClock(WallClock),
    Resumed,
    Command(Command),
    Move {
        group: GroupId,
        to: Option<NodeId>,
        command: MoveOrder,
    },
    Configuration(Box<Configuration>),
    /// Another policy than the present one.
    Policy(Arc<dyn FailoverPolicy>),
    /// Something that is so already.
    Unchanged,
}

/// How a move was ordered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct MoveOrder {
    pub(crate) on_failure: MoveFailure,
    pub(crate) when_refused: WhenRefused,
    /// The destination that was asked for, for a move that has to wait.
    pub(crate) wanted: Option<NodeId>,
    pub(crate) lock: LockHandling,
}
