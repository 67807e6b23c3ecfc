//! A replica: committed entries in, duties out.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::entry::{Body, Entry, Item, NodeLife, Origin, Refusal};
use super::genesis::Genesis;
use super::quarantine::Ward;
use super::snapshot::Reported;
use crate::cluster::{Command, Effect, Event, Input, KeptOutputs, Output};
use crate::id::{Incarnation, Names, name};
use crate::settings::QuorumRule;
use crate::spec::ClusterDeclaration;
use crate::time::Timestamp;
use crate::{Cluster, OpId};

mod lives;
mod stored;

pub use lives::Standing;

/// The cluster as one node knows it: the state machine of the log.
///
/// Every replica applies every entry, in the order of the log, and stands where all others stand at
/// the same index. It does nothing by itself; [`duties`](Self::duties) lists what its node is to
/// carry out.
#[derive(Clone, Debug)]
pub struct Replica {
    node: String,
    genesis: Genesis,
    cluster: Cluster,
    applied: u64,
    stamp: Timestamp,
    /// By the folded name of the node. It outlives the eviction of the node.
    lives: BTreeMap<String, Reported>,
    ward: Ward,
    checkpoints: VecDeque<Checkpoint>,
    events: VecDeque<Event<Names>>,
    lost_events: u64,
}

/// The digest that a replica took at a [`Body::Checkpoint`].
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The index of the entry.
    pub index: u64,
    /// The digest after that entry.
    pub digest: u64,
}

/// Tells whether this node carries out fences. Only the leader does.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Leads {
    /// This node leads and is in charge: fences are its duty.
    Yes,
    /// Another node leads, or nobody does.
    No,
}

/// The reason why an entry was not applied. The replica has not changed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ApplyError {
    /// It is not the next one. The engine has to hand out every entry once, in order.
    #[error("entry {found} was handed in, but entry {expected} is the next one")]
    NotNext {
        /// The next index.
        expected: u64,
        /// The index that was handed in.
        found: u64,
    },
}

impl Replica {
    /// Digests that are kept for comparison.
    pub const CHECKPOINTS: usize = 16;

    /// Returns the replica of a node before the first entry: of a cluster that was just declared.
    ///
    /// `node` may be the name of a machine that votes and is no node of the cluster. Every replica
    /// has to begin with the same cluster.
    #[must_use]
    pub fn new(node: &str, cluster: Cluster, genesis: Genesis) -> Self {
        let stamp = cluster.state().now();
        Self::assemble(node, cluster, genesis, stamp)
    }

    fn assemble(node: &str, mut cluster: Cluster, genesis: Genesis, stamp: Timestamp) -> Self {
        let kept = if genesis.events() == 0 { KeptOutputs::Nothing } else { KeptOutputs::Events };
        cluster.keep_outputs(kept);
        for policy in core::iter::once(genesis.policy()).chain(genesis.offered()) {
            // More than a cluster can offer are refused by all replicas alike.
            let _ = cluster.offer_policy(Arc::clone(policy));
        }
        Self {
            node: node.into(),
            genesis,
            cluster,
            applied: 0,
            stamp,
            lives: BTreeMap::new(),
            ward: Ward::default(),
            checkpoints: VecDeque::new(),
            events: VecDeque::new(),
            lost_events: 0,
        }
    }

    /// Applies the entry that the log holds at `index` in `term`, and returns for each of its items
    /// whether it counted. A refused item has changed nothing; the others count.
    ///
    /// # Errors
    ///
    /// It is not the next entry. Nothing has changed then.
    pub fn apply(
        &mut self,
        index: u64,
        term: u64,
        entry: Entry,
    ) -> Result<Vec<Result<(), Refusal>>, ApplyError> {
        self.skip(index)?;
        let Entry::V1(entry) = entry;
        if entry.term != term && !seeded!(EntryOfOtherTerm) {
            let refusal = Refusal::OtherTerm { proposed: entry.term, committed: term };
            return Ok(entry.items.iter().map(|_| Err(refusal.clone())).collect());
        }
        self.stamp = self.stamp.max(entry.at.min(Timestamp::LATEST));
        Ok(entry.items.into_iter().map(|item| self.take_in(item)).collect())
    }

    /// Notes an entry of the engine itself, such as a change of its voters.
    ///
    /// # Errors
    ///
    /// It is not the next entry. Nothing has changed then.
    pub fn skip(&mut self, index: u64) -> Result<(), ApplyError> {
        let expected = self.applied.saturating_add(1);
        if index != expected {
            return Err(ApplyError::NotNext { expected, found: index });
        }
        self.applied = index;
        Ok(())
    }

    fn take_in(&mut self, item: Item) -> Result<(), Refusal> {
        if let Some(origin) = &item.origin {
            self.count(origin)?;
        }
        match item.body {
            Body::Timeout => self.cluster.handle_timeout(self.stamp),
            Body::Input(input) => self.hand_in(input)?,
            Body::ReleaseFromQuarantine { node } => self.ward.clear(&folded(&node)),
            Body::Checkpoint => {
                if self.checkpoints.len() >= Self::CHECKPOINTS {
                    self.checkpoints.pop_front();
                }
                let digest = self.digest();
                self.checkpoints.push_back(Checkpoint { index: self.applied, digest });
            }
        }
        self.drain();
        Ok(())
    }

    /// Counts an item of a sender, once.
    fn count(&mut self, origin: &Origin) -> Result<(), Refusal> {
        let Origin { life, sequence } = origin;
        let sequence = *sequence;
        let known = self.lives.entry(folded(&life.node)).or_default();
        let last = match life.incarnation.cmp(&known.incarnation) {
            core::cmp::Ordering::Less => return Err(Refusal::LifeOver),
            core::cmp::Ordering::Equal => known.sequence,
            core::cmp::Ordering::Greater => 0,
        };
        let expected = last.saturating_add(1);
        if sequence < expected && !seeded!(ReportCountsTwice) {
            return Err(Refusal::Duplicate { sequence });
        }
        if sequence > expected {
            return Err(Refusal::Gap { sequence, expected });
        }
        if life.incarnation > known.incarnation {
            *known = Reported { incarnation: life.incarnation, ..Reported::default() };
        }
        known.sequence = sequence;
        Ok(())
    }

    fn hand_in(&mut self, input: Input<Names>) -> Result<(), Refusal> {
        let mut joins = None;
        if let Input::NodeJoined { node, incarnation, .. } = &input {
            if let Err(refusal) = self.admit(node, *incarnation) {
                // The node has begun a later life, so the earlier one is over all the same.
                let life = NodeLife::new(node.as_str(), *incarnation);
                let is_later = self.latest_life(node) == *incarnation && self.may_run(&life);
                if let Some(node) = self.cluster.spec().node_id(node).filter(|_| is_later) {
                    let lost = Input::node_lost(node, *incarnation);
                    // Whatever the cluster answers, the join is refused.
                    let _ = self.cluster.handle(self.stamp, lost);
                }
                return Err(refusal);
            }
            joins = Some((node.clone(), *incarnation));
        }
        if let Input::Command(Command::Configure { declaration, .. }) = &input {
            self.check_fit(declaration)?;
        }
        let input = self.cluster.spec().resolve(input).map_err(Refusal::Unknown)?;
        let handled = self.cluster.handle(self.stamp, input);
        handled.map_err(|error| Refusal::Input(self.cluster.spec().named(error)))?;
        if let Some((node, incarnation)) = joins {
            self.note_joined(&node, incarnation);
        }
        Ok(())
    }

    /// Checks that a configuration fits the spans of the replicas. One that is not valid is left for
    /// the cluster to refuse.
    fn check_fit(&self, declaration: &ClusterDeclaration) -> Result<(), Refusal> {
        let Some(timing) = self.genesis.timing() else { return Ok(()) };
        let Ok(spec) = declaration.clone().build_within(self.genesis.limits()) else {
            return Ok(());
        };
        if spec.settings().quorum != QuorumRule::Agreed {
            return Err(Refusal::Misfit("the quorum is not \"agreed\"".into()));
        }
        timing.check(&spec).map_err(|error| Refusal::Misfit(error.to_string()))
    }

    /// Checks that a life of a node may join as far as this is known here.
    fn admit(&mut self, node: &str, incarnation: Incarnation) -> Result<(), Refusal> {
        let key = folded(node);
        let known = self.lives.get(&key).copied().unwrap_or_default();
        if incarnation < known.incarnation {
            return Err(Refusal::LifeOver);
        }
        let is_back = known.joined && known.incarnation == incarnation;
        let nodes = self.cluster.spec().nodes().len();
        match self.genesis.quarantine() {
            Some(rule) if !is_back => match self.ward.judge(rule, &key, nodes, self.stamp) {
                Some(until) => Err(Refusal::Quarantined { until }),
                None => Ok(()),
            },
            Some(_) | None => Ok(()),
        }
    }

    fn note_joined(&mut self, node: &str, incarnation: Incarnation) {
        let key = folded(node);
        let known = self.lives.entry(key.clone()).or_default();
        let is_new = !known.joined || known.incarnation < incarnation;
        if known.incarnation < incarnation {
            *known = Reported { incarnation, ..Reported::default() };
        }
        known.joined = true;
        if let Some(rule) = self.genesis.quarantine().filter(|_| is_new) {
            self.ward.note(rule, &key, self.stamp);
        }
    }

    /// Takes the events out of the cluster. The oldest are dropped when nobody polls.
    fn drain(&mut self) {
        while let Some(output) = self.cluster.poll_named_output() {
            if let Output::Event(event) = output {
                if self.events.len() >= self.genesis.events() {
                    self.events.pop_front();
                    self.lost_events = self.lost_events.saturating_add(1);
                }
                self.events.push_back(event);
            }
        }
    }

    /// Returns the effects that this node is to carry out, oldest first: the operations in flight
    /// on it, and all fences if it [leads](Leads). Ask after every entry, after a restore, and when
    /// the leadership changes; agents recognise what they have seen before.
    ///
    /// A fence names the node to fence.
    pub fn duties(&self, leads: Leads) -> impl Iterator<Item = Effect<Names>> + '_ {
        let spec = self.cluster.spec();
        let own = spec.node_id(&self.node).into_iter();
        let own = own.flat_map(|node| self.cluster.outstanding_on(node));
        let fences = match leads {
            Leads::Yes => Some(self.cluster.outstanding_fences()),
            Leads::No => None,
        };
        own.chain(fences.into_iter().flatten()).map(|effect| spec.named(effect))
    }

    /// Tells whether an operation still has to be carried out.
    #[must_use]
    pub fn is_outstanding(&self, operation: OpId) -> bool {
        self.cluster.is_outstanding(operation)
    }

    /// Returns the next event, with names, oldest first.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event<Names>> {
        self.events.pop_front()
    }

    /// Returns the number of events that were dropped because nobody polled them.
    #[must_use]
    pub const fn lost_events(&self) -> u64 {
        self.lost_events
    }

    /// Returns the latest checkpoint, for beats.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.checkpoints.back().copied()
    }

    /// Returns the checkpoint at an index, if it is one of the last
    /// [`CHECKPOINTS`](Self::CHECKPOINTS).
    #[must_use]
    pub fn checkpoint_at(&self, index: u64) -> Option<Checkpoint> {
        self.checkpoints.iter().find(|of| of.index == index).copied()
    }

    /// Returns the index of the last entry that was applied; 0 before the first one.
    #[must_use]
    pub const fn applied(&self) -> u64 {
        self.applied
    }

    /// Returns the time of the last entry.
    #[must_use]
    pub const fn stamp(&self) -> Timestamp {
        self.stamp
    }

    /// Returns the name of the machine that this replica is on.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Returns everything that all replicas have to agree on beforehand.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// Returns the cluster, for questions. It is only as recent as the last entry that was applied.
    #[must_use]
    pub const fn cluster(&self) -> &Cluster {
        &self.cluster
    }
}

/// Returns a name as all its spellings are compared.
pub(super) fn folded(name: &str) -> String {
    name::folded(name).collect()
}
