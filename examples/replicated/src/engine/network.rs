//! The messages of the engine, over the links between nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use openraft::error::{InstallSnapshotError, RPCError, RaftError, Unreachable};
use openraft::network::{RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse,
    VoteRequest, VoteResponse,
};
use openraft::BasicNode;

use super::Types;
use crate::link::{Ask, Call, Links, Reply, Unanswered};

/// Says whether this node keeps silent as a leader.
///
/// The engine does not step down when nobody answers it. A leader that is heard and hears nobody
/// would keep the others from electing another one for as long as the cut lasts.
#[derive(Clone, Debug, Default)]
pub struct Mute(Arc<AtomicBool>);

impl Mute {
    /// Tells whether the leader is silent.
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Silences the leader, or lets it speak. Returns whether this is a change.
    pub fn set(&self, silent: Silence) -> bool {
        let on = silent == Silence::Kept;
        self.0.swap(on, Ordering::Relaxed) != on
    }
}

/// The choice of [`Mute::set`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Silence {
    /// The leader sends nothing.
    Kept,
    /// The leader speaks.
    Broken,
}

/// Makes the clients of the engine.
#[derive(Debug)]
pub struct Factory {
    /// The links to the other nodes.
    pub links: Arc<Links>,
    /// The silence of this node as a leader.
    pub mute: Mute,
}

/// The way to one node of the engine.
#[derive(Debug)]
pub struct Client {
    target: u64,
    name: String,
    links: Arc<Links>,
    mute: Mute,
}

impl RaftNetworkFactory<Types> for Factory {
    type Network = Client;

    async fn new_client(&mut self, target: u64, node: &BasicNode) -> Client {
        let (links, mute) = (Arc::clone(&self.links), self.mute.clone());
        Client { target, name: node.addr.clone(), links, mute }
    }
}

impl Client {
    async fn ask(&self, call: Call, patience: Duration) -> Result<Reply, Unreachable> {
        let ask = Ask { to: self.target, call };
        self.links.ask(&self.name, ask, patience).await.map_err(|error| Unreachable::new(&error))
    }

    /// Asks as a leader, unless it is silent.
    async fn lead(&self, call: Call, patience: Duration) -> Result<Reply, Unreachable> {
        if self.mute.is_on() {
            return Err(Unreachable::new(&Unanswered::Silent));
        }
        self.ask(call, patience).await
    }
}

type Answer<T, E = RaftError<u64>> = Result<T, RPCError<u64, BasicNode, E>>;

fn unexpected() -> Unreachable {
    Unreachable::new(&Unanswered::Unexpected)
}

impl RaftNetwork<Types> for Client {
    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> Answer<AppendEntriesResponse<u64>> {
        match self.lead(Call::Append(rpc), option.hard_ttl()).await? {
            Reply::Append(answer) => Ok(answer),
            _ => Err(unexpected().into()),
        }
    }

    async fn install_snapshot(
        &mut self,
        rpc: InstallSnapshotRequest<Types>,
        option: RPCOption,
    ) -> Answer<InstallSnapshotResponse<u64>, RaftError<u64, InstallSnapshotError>> {
        match self.lead(Call::Snapshot(rpc), option.hard_ttl()).await? {
            Reply::Snapshot(answer) => Ok(answer),
            _ => Err(unexpected().into()),
        }
    }

    async fn vote(
        &mut self,
        rpc: VoteRequest<u64>,
        option: RPCOption,
    ) -> Answer<VoteResponse<u64>> {
        match self.ask(Call::Vote(rpc), option.hard_ttl()).await? {
            Reply::Vote(answer) => Ok(answer),
            _ => Err(unexpected().into()),
        }
    }

    fn backoff(&self) -> openraft::network::Backoff {
        openraft::network::Backoff::new(std::iter::repeat(Duration::from_millis(50)))
    }
}
