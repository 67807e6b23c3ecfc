//! The links between nodes: messages with a length in front, over mutual TLS.
//!
//! Every node keeps one connection to each other node, on which it asks and tells. What is told may
//! be lost: everything that matters is told again.

use openraft::error::{InstallSnapshotError, RaftError};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse,
    VoteRequest, VoteResponse,
};
use quorate::replicate::{Beat, Grant, Item, NodeLife};
use quorate::spec::ClusterDeclaration;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::engine::Types;

mod frame;
mod listen;
mod outgoing;
mod secure;

pub use listen::{Hears, listen};
pub use outgoing::{Links, tell_all};
pub use secure::{Identity, make_certificates};

/// A message on a connection.
#[derive(Debug, Deserialize, Serialize)]
pub enum Message {
    /// A question, with a number for the reply.
    Ask(u64, Ask),
    /// The reply to the question of this number.
    Reply(u64, Reply),
    /// Something that is told, without a reply.
    Tell(Tell),
}

/// A question to one node of the engine.
#[derive(Debug, Deserialize, Serialize)]
pub struct Ask {
    /// The number of the node in the engine. A node that lost its store has another number, and
    /// does not answer for the one that it was.
    pub to: u64,
    /// The question.
    pub call: Call,
}

/// The questions.
#[derive(Debug, Deserialize, Serialize)]
pub enum Call {
    /// Entries of the log, or none.
    Append(AppendEntriesRequest<Types>),
    /// A vote.
    Vote(VoteRequest<u64>),
    /// A part of a snapshot.
    Snapshot(InstallSnapshotRequest<Types>),
    /// A node without a store asks to be let in, with a number that it drew. Whatever the number in
    /// [`Ask::to`], every node answers.
    Admit(u64),
}

/// The replies.
#[derive(Debug, Deserialize, Serialize)]
pub enum Reply {
    /// To [`Call::Append`].
    Append(AppendEntriesResponse<u64>),
    /// To [`Call::Vote`].
    Vote(VoteResponse<u64>),
    /// To [`Call::Snapshot`].
    Snapshot(InstallSnapshotResponse<u64>),
    /// To [`Call::Admit`]: the cluster before the first entry.
    Admitted(Box<ClusterDeclaration>),
    /// The node cannot answer, and why.
    Refused(String),
}

/// The things that are told.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Tell {
    /// To the leader: a sign of life, reports that have not counted yet, and the words of keepers
    /// that this node heard.
    Beat { beat: Beat, reports: Vec<Item>, off: Vec<NodeLife> },
    /// From the leader: a lease.
    Grant(Grant),
    /// From a keeper: everything of this life is off.
    Off(NodeLife),
}

/// The reason why a question has no answer.
#[derive(Clone, Debug, Error)]
pub enum Unanswered {
    /// There is no connection.
    #[error("the node is not connected")]
    NotConnected,
    /// No reply came in time.
    #[error("no reply came in time")]
    Late,
    /// The node does not answer this.
    #[error("the node refused: {0}")]
    Refused(String),
    /// The reply is one to another question.
    #[error("the reply is one to another question")]
    Unexpected,
    /// This node keeps silent as a leader.
    #[error("this leader keeps silent, for it hears nobody")]
    Silent,
}

impl Reply {
    pub(crate) fn append(answer: Result<AppendEntriesResponse<u64>, RaftError<u64>>) -> Self {
        answer.map_or_else(|error| Self::Refused(error.to_string()), Self::Append)
    }

    pub(crate) fn vote(answer: Result<VoteResponse<u64>, RaftError<u64>>) -> Self {
        answer.map_or_else(|error| Self::Refused(error.to_string()), Self::Vote)
    }

    pub(crate) fn snapshot(
        answer: Result<InstallSnapshotResponse<u64>, RaftError<u64, InstallSnapshotError>>,
    ) -> Self {
        answer.map_or_else(|error| Self::Refused(error.to_string()), Self::Snapshot)
    }
}
