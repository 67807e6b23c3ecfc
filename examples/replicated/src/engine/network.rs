//! The messages of the engine, over the links between nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use openraft::BasicNode;
use openraft::error::{InstallSnapshotError, RPCError, RaftError, Unreachable};
use openraft::network::{RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse,
    VoteRequest, VoteResponse,
};
use quorate::replicate::Local;

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

/// Says when a quorum last affirmed this node as the leader.
///
/// A follower of the engine refuses its vote to others while it trusts its leader; a leader does
/// not, and steps down for every node that asks. So a node that hears nobody, and is heard, would
/// take the leader away from all others again and again. A leader that was affirmed within its own
/// election timeout refuses as well.
#[derive(Clone, Debug, Default)]
pub struct Affirmed(Arc<AtomicU64>);

impl Affirmed {
    /// Notes that a round affirmed the leader that began at this moment.
    pub fn note(&self, begun: Local) {
        self.0.fetch_max(begun.as_millis(), Ordering::Relaxed);
    }

    /// Tells whether the leader was affirmed within `span`.
    pub fn is_within(&self, now: Local, span: Duration) -> bool {
        let last = self.0.load(Ordering::Relaxed);
        last != 0 && now.since(Local::from_millis(last)) < span
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Links;

    #[tokio::test]
    async fn a_silent_leader_sends_nothing() {
        let links = Arc::new(Links::default());
        let mute = Mute::default();
        let mut factory = Factory { links, mute: mute.clone() };
        let mut client = factory.new_client(2, &BasicNode::new("b")).await;
        let option = || RPCOption::new(Duration::from_millis(10));
        let append = || AppendEntriesRequest {
            vote: openraft::Vote::new_committed(1, 1),
            prev_log_id: None,
            entries: Vec::new(),
            leader_commit: None,
        };
        let why = |error: RPCError<u64, BasicNode, RaftError<u64>>| error.to_string();
        let spoken = client.append_entries(append(), option()).await.map_err(why);
        assert!(spoken.is_err_and(|error| error.contains("not connected")));
        assert!(mute.set(Silence::Kept));
        let silent = client.append_entries(append(), option()).await.map_err(why);
        assert!(silent.is_err_and(|error| error.contains("keeps silent")));
        // It may still ask for votes, as any other node.
        let vote = VoteRequest { vote: openraft::Vote::new(2, 1), last_log_id: None };
        let asked = client.vote(vote, option()).await.map_err(why);
        assert!(asked.is_err_and(|error| error.contains("not connected")));
        assert!(mute.set(Silence::Broken) && !mute.set(Silence::Broken));
    }

    #[test]
    fn a_leader_is_affirmed_for_a_while() {
        let (affirmed, span) = (Affirmed::default(), Duration::from_millis(180));
        let at = Local::from_millis;
        assert!(!affirmed.is_within(at(100), span));
        affirmed.note(at(1_000));
        affirmed.note(at(900));
        assert!(affirmed.is_within(at(1_179), span));
        assert!(!affirmed.is_within(at(1_180), span));
    }
}
