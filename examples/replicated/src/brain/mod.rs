//! The brain: one task that owns the guard, the outbox and, in charge, the leader.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use openraft::BasicNode;
use openraft::metrics::RaftMetrics;
use quorate::id::{Incarnation, Names};
use quorate::replicate::{
    Affirmation, Beat, Body, Demand, Guard, Leader, Local, NodeLife, Outbox, Standing,
};
use quorate::{Input, OpId};
use tokio::sync::{mpsc, oneshot, watch};

use crate::Failure;
use crate::clock;
use crate::config::NodeFile;
use crate::engine::{Affirmed, Mute, Raft, Shared, Store};
use crate::keeper::{Hand, Order, Word};
use crate::link::{Links, Tell};

mod duties;
mod hear;
mod lead;
mod status;

pub use status::Status;

/// The events of a brain.
#[derive(Debug)]
pub enum Event {
    /// Another node, or the keeper of one, tells something.
    Told { from: String, tell: Tell },
    /// The engine affirmed this leader in a round.
    Confirmed { affirmation: Affirmation, begun: Local },
    /// An operator asks for something.
    Asked { body: Box<Body>, answer: oneshot::Sender<Result<(), String>> },
}

/// Everything that the brain works with.
pub struct Parts {
    pub file: NodeFile,
    pub store: Store,
    pub shared: Arc<Shared>,
    pub raft: Raft,
    pub links: Arc<Links>,
    pub mute: Mute,
    pub affirmed: Affirmed,
    pub events: mpsc::UnboundedSender<Event>,
    pub status: watch::Sender<Status>,
}

/// The brain of one node.
pub struct Brain {
    parts: Parts,
    hand: Hand,
    guard: Guard,
    outbox: Outbox,
    stage: Stage,
    /// The end of the lease that the keeper knows.
    told: Option<Local>,
    beat_at: Local,
    /// When this life last asked to join.
    joined_at: Local,
    /// There is something to send before the next beat.
    is_hasty: bool,
    /// The resources that run here, or are started or stopped.
    running: BTreeMap<String, Presence>,
    answered: BTreeSet<OpId>,
    configuration: u64,
    /// Operators who wait for an answer of the log, by the number of the report.
    waiting: BTreeMap<u64, oneshot::Sender<Result<(), String>>>,
    pushed: u64,
    /// Lives that are off by the word of their keepers, and when the leader was last told.
    off: BTreeMap<NodeLife, Option<Local>>,
    leader: Option<Leader>,
    /// Since when the engine says that this node leads.
    leading_since: Option<Local>,
    /// The term in which this node leads, and the end of its log when that was first seen.
    led: Option<(u64, u64)>,
    refused: BTreeMap<String, String>,
}

/// The part of a life in which this node is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// The keeper makes certain that all earlier lives are off.
    Waiting,
    /// The life began.
    Living,
    /// Everything stops.
    Ending,
}

/// A run, as the daemon knows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Presence {
    Starting,
    Online,
    Stopping,
}

type Metrics = RaftMetrics<u64, BasicNode>;

impl Brain {
    /// Begins the first life of this daemon.
    pub fn new(parts: Parts, hand: Hand) -> Result<Self, Failure> {
        let stored = Incarnation::new(parts.store.life()?);
        let known = parts.shared.lock().replica.latest_life(&parts.file.name);
        let incarnation = Guard::next_life(stored, known);
        parts.store.begin_life(incarnation.value())?;
        let life = NodeLife::new(parts.file.name.clone(), incarnation);
        hand.order(Order::Begin { life: life.clone() });
        Ok(Self {
            guard: Guard::new(life.clone(), parts.file.timing),
            outbox: Outbox::new(life),
            parts,
            hand,
            stage: Stage::Waiting,
            told: None,
            beat_at: Local::default(),
            joined_at: Local::default(),
            is_hasty: false,
            running: BTreeMap::new(),
            answered: BTreeSet::new(),
            configuration: 0,
            waiting: BTreeMap::new(),
            pushed: 0,
            off: BTreeMap::new(),
            leader: None,
            leading_since: None,
            led: None,
            refused: BTreeMap::new(),
        })
    }

    /// Runs until the keeper, the engine or the disk fails.
    pub async fn run(
        mut self,
        mut events: mpsc::UnboundedReceiver<Event>,
        mut words: mpsc::UnboundedReceiver<Word>,
    ) -> Failure {
        let mut applied = self.parts.shared.applied.subscribe();
        let mut metrics = self.parts.raft.metrics();
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                biased;
                word = words.recv() => match word {
                    Some(word) => self.heed(word),
                    None => Err(Failure("the keeper is gone".into())),
                },
                Some(event) = events.recv() => self.hear(event),
                _ = applied.changed() => Ok(()),
                _ = metrics.changed() => Ok(()),
                _ = tick.tick() => Ok(()),
            };
            let metrics = metrics.borrow_and_update().clone();
            let done = match (done, &metrics.running_state) {
                (Ok(()), Ok(())) => self.step(&metrics).await,
                (Err(failure), _) => Err(failure),
                (_, Err(fatal)) => Err(Failure(format!("the engine stopped: {fatal}"))),
            };
            if let Err(failure) = done {
                return failure;
            }
        }
    }

    /// Puts a report into the outbox. A node that cannot report ends its life.
    fn push(&mut self, body: Body) {
        if self.outbox.push(body).is_err() {
            self.guard.leave(clock::now());
            return;
        }
        self.pushed += 1;
        self.is_hasty = true;
    }

    /// Asks to join, in the first report of a life and again if that was refused.
    fn join(&mut self, now: Local) {
        self.joined_at = now;
        let NodeLife { node, incarnation } = self.guard.life().clone();
        self.push_input(Input::node_joined(node, incarnation, []));
    }

    fn push_input(&mut self, input: Input<Names>) {
        self.push(Body::Input(input));
    }

    /// Does what has to be done now, whatever happened.
    async fn step(&mut self, metrics: &Metrics) -> Result<(), Failure> {
        let now = clock::now();
        self.catch_up(now);
        self.watch_lease(now);
        self.carry_out(now);
        self.lead(metrics).await?;
        self.send_beat(now, metrics);
        self.publish(now, metrics);
        Ok(())
    }

    /// Takes in what the node's own replica knows by now.
    fn catch_up(&mut self, now: Local) {
        let mut applied = self.parts.shared.lock();
        let life = self.guard.life().clone();
        let (standing, reported) =
            (applied.replica.standing(&life), applied.replica.reported(&life));
        let verdicts = applied.take_verdicts();
        self.off.retain(|life, _| applied.replica.may_run(life));
        let spec = applied.replica.cluster().spec();
        let configuration = applied.replica.cluster().state().configuration();
        if configuration != self.configuration {
            self.configuration = configuration;
            let is_declared = |resource: &str| spec.resource_id(resource).is_some();
            self.guard.forget(is_declared, |group| spec.group_id(group).is_some());
        }
        drop(applied);
        if self.stage == Stage::Living {
            self.guard.handle_standing(now, standing);
        }
        self.outbox.settle(reported);
        let was_refused = standing == Standing::Unheard && self.outbox.is_empty();
        if self.stage == Stage::Living
            && was_refused
            && now.since(self.joined_at) >= self.parts.file.timing.detection
        {
            self.join(now);
        }
        for verdict in verdicts {
            if verdict.origin.life == life
                && let Some(answer) = self.waiting.remove(&verdict.origin.sequence)
            {
                let _ = answer.send(verdict.answer);
            }
        }
    }

    /// Tells the keeper the end of the lease, and to stop everything when that has come.
    fn watch_lease(&mut self, now: Local) {
        match self.guard.handle_timeout(now) {
            Some(Demand::StopEverything | Demand::ResetMachine) if self.stage == Stage::Living => {
                self.stage = Stage::Ending;
                self.hand.order(Order::StopEverything);
            }
            // It was told already; the watchdog is the keeper's.
            Some(Demand::StopEverything | Demand::ResetMachine) | None => {}
        }
        if let Some(until) = self.guard.lease_ends()
            && self.told != Some(until)
        {
            self.told = Some(until);
            self.hand.order(Order::Extend { life: self.guard.life().clone(), until });
        }
    }

    /// Sends a beat to the leader when it is time, and at once when there is something to report.
    fn send_beat(&mut self, now: Local, metrics: &Metrics) {
        let is_time = now.since(self.beat_at) >= self.parts.file.timing.beat;
        if self.stage != Stage::Living || !(is_time || self.is_hasty) || self.guard.is_over(now) {
            return;
        }
        let Some(leader) = leader_name(metrics) else { return };
        let applied = self.parts.shared.lock();
        let beat = Beat {
            life: self.guard.life().clone(),
            sent: now,
            lease_ends: self.guard.lease_ends(),
            applied: applied.replica.applied(),
            checkpoint: applied.replica.checkpoint(),
            behaviour: applied.replica.genesis().behaviour(),
        };
        drop(applied);
        self.beat_at = now;
        self.is_hasty = false;
        let reports = self.outbox.pending(64);
        let off = self.off.keys().cloned().collect();
        if leader == self.parts.file.name {
            self.take_beat(beat, reports, off);
        } else {
            self.parts.links.tell(leader, Tell::Beat { beat, reports, off });
        }
    }
}

/// Returns the name of the leader, as far as the engine knows it.
fn leader_name(metrics: &Metrics) -> Option<&str> {
    let leader = metrics.current_leader?;
    let mut nodes = metrics.membership_config.nodes();
    nodes.find(|(id, _)| **id == leader).map(|(_, node)| node.addr.as_str())
}
