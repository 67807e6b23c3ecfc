//! The daemon of one node: store, engine, links, brain and keeper, put together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use openraft::raft::{VoteRequest, VoteResponse};
use openraft::{BasicNode, ChangeMembers, ServerState};
use quorate::Timestamp;
use quorate::policy::Ring;
use quorate::replicate::{Genesis, Replica};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use crate::Failure;
use crate::brain::{Brain, Event, Parts, Status};
use crate::clock;
use crate::config::NodeFile;
use crate::engine::{Affirmed, Factory, Founding, Machine, Mute, Raft, Store, settings};
use crate::http;
use crate::keeper::Hand;
use crate::link::{self, Ask, Call, Identity, Links, Reply, Tell};

/// The side of the node that other nodes see.
struct Door {
    name: String,
    engine: u64,
    raft: Raft,
    affirmed: Affirmed,
    /// The span for which a leader that was affirmed refuses its vote.
    trust: Duration,
    founding: Founding,
    events: mpsc::UnboundedSender<Event>,
}

/// Runs a node until something fails. Its keeper sees the end of it and stops everything.
pub async fn run(file: NodeFile) -> Result<(), Failure> {
    let store = Store::open(&file.store(), file.disk)?;
    let identity = Identity::read(&file.folder)?;
    let links = Arc::new(Links::open(&identity, &file.peers));
    let (hand, words) = Hand::start(&file)?;
    let founding = match store.founding()? {
        Some(founding) => founding,
        None => ask_to_be_let_in(&file, &store, &links).await?,
    };
    let genesis = Genesis::new(Ring::new()).timed(file.timing);
    let spec = founding.declaration.clone().build();
    let spec = spec.map_err(|errors| Failure(errors.to_string()))?;
    if !file.unchecked {
        file.timing.check(&spec).map_err(|error| Failure(error.to_string()))?;
    }
    let cluster = quorate::Cluster::new(spec, Ring::new(), Timestamp::ZERO);
    let replica = Replica::new(&file.name, cluster, genesis.clone());
    let (machine, shared) = Machine::open(replica, genesis, store.clone())?;
    let (mute, affirmed) = (Mute::default(), Affirmed::default());
    let network = Factory { links: Arc::clone(&links), mute: mute.clone() };
    let raft = Raft::new(founding.engine, settings(&file)?, network, store.clone(), machine);
    let raft = raft.await.map_err(|fatal| Failure(format!("the engine stopped: {fatal}")))?;
    begin_cluster(&raft, &founding).await?;

    let (events, heard) = mpsc::unbounded_channel();
    let status = watch::Sender::new(Status::default());
    let door = Arc::new(Door {
        name: file.name.clone(),
        engine: founding.engine,
        raft: raft.clone(),
        affirmed: affirmed.clone(),
        trust: Duration::from_millis(file.election),
        founding,
        events: events.clone(),
    });
    tokio::spawn(link::listen(TcpListener::bind(file.listen).await?, identity, door));
    let page = TcpListener::bind(file.http).await?;
    let api = http::Api::new(Arc::clone(&shared), events.clone(), status.subscribe());
    tokio::spawn(http::serve(page, api));
    let parts = Parts { file, store, shared, raft, links, mute, affirmed, events, status };
    Err(Brain::new(parts, hand)?.run(heard, words).await)
}

/// Forms the cluster, if this node is one of the first voters and has not done so yet.
async fn begin_cluster(raft: &Raft, founding: &Founding) -> Result<(), Failure> {
    let is_begun = raft.is_initialized().await.map_err(|fatal| Failure(fatal.to_string()))?;
    if is_begun || founding.voters.is_empty() {
        return Ok(());
    }
    let voters = founding.voters.iter().map(|(id, name)| (*id, BasicNode::new(name)));
    // All of them do this with the same voters, which is safe.
    let begun = raft.initialize(voters.collect::<BTreeMap<_, _>>()).await;
    begun.map_err(|error| Failure(error.to_string()))
}

/// Asks the other nodes to be let in under a number that nobody had.
async fn ask_to_be_let_in(
    file: &NodeFile,
    store: &Store,
    links: &Links,
) -> Result<Founding, Failure> {
    // Far above the numbers of the first voters, and later than every one that was drawn before.
    let engine = clock::wall_micros();
    eprintln!("{}: without a store; asks to be let in as {engine}", file.name);
    loop {
        for name in file.peers.keys() {
            let ask = Ask { to: 0, call: Call::Admit(engine) };
            let answer = links.ask(name, ask, Duration::from_secs(10)).await;
            if let Ok(Reply::Admitted(declaration)) = answer {
                let founding =
                    Founding { engine, voters: BTreeMap::new(), declaration: *declaration };
                store.found(&founding)?;
                return Ok(founding);
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

impl Door {
    /// Puts a node under its new number in the place of the one that it was.
    async fn admit(&self, name: &str, engine: u64) -> Result<(), String> {
        let metrics = self.raft.metrics().borrow().clone();
        let membership = metrics.membership_config.membership().clone();
        let before: BTreeSet<u64> =
            membership.nodes().filter(|(_, node)| node.addr == name).map(|(id, _)| *id).collect();
        if before.contains(&engine) && before.len() == 1 {
            return Ok(());
        }
        let mut voters: BTreeSet<u64> = membership.voter_ids().collect();
        voters.retain(|id| !before.contains(id));
        voters.insert(engine);
        let node = BasicNode::new(name);
        let fail = |error: &dyn std::fmt::Display| error.to_string();
        let learner = self.raft.add_learner(engine, node, false).await;
        learner.map_err(|error| fail(&error))?;
        let change = ChangeMembers::ReplaceAllVoters(voters);
        let changed = self.raft.change_membership(change, false).await;
        changed.map(|_| ()).map_err(|error| fail(&error))
    }
}

impl Door {
    /// Answers a candidate: as the engine does, except for a leader that a quorum still affirms.
    async fn vote(&self, request: VoteRequest<u64>) -> Reply {
        let metrics = self.raft.metrics().borrow().clone();
        if metrics.state == ServerState::Leader && self.affirmed.is_within(clock::now(), self.trust)
        {
            let (vote, last_log_id) = (metrics.vote, metrics.last_applied);
            return Reply::Vote(VoteResponse { vote, vote_granted: false, last_log_id });
        }
        Reply::vote(self.raft.vote(request).await)
    }
}

impl link::Hears for Door {
    async fn answer(&self, from: &str, ask: Ask) -> Reply {
        match ask.call {
            Call::Admit(engine) => match self.admit(from, engine).await {
                Ok(()) => Reply::Admitted(Box::new(self.founding.declaration.clone())),
                Err(reason) => Reply::Refused(reason),
            },
            _ if ask.to != self.engine => {
                Reply::Refused(format!("{} is not node {} of the engine", self.name, ask.to))
            }
            Call::Append(request) => Reply::append(self.raft.append_entries(request).await),
            Call::Vote(request) => self.vote(request).await,
            Call::Snapshot(request) => Reply::snapshot(self.raft.install_snapshot(request).await),
        }
    }

    fn hear(&self, from: &str, tell: Tell) {
        let _ = self.events.send(Event::Told { from: from.to_owned(), tell });
    }

    fn complain(&self, about: String) {
        eprintln!("{}: {about}", self.name);
    }
}
