//! The state machine of the engine: the replica, behind a lock that the brain shares.

use std::collections::VecDeque;
use std::io::Cursor;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openraft::storage::RaftStateMachine;
use openraft::{
    AnyError, BasicNode, EntryPayload, LogId, OptionalSend, RaftSnapshotBuilder, Snapshot,
    SnapshotMeta, StorageError, StorageIOError, StoredMembership,
};
use quorate::replicate::{Entry, Genesis, Item, Origin, Replica};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::Types;
use super::store::{Store, StoreError, lost};

/// The replica and what the brain wants to know about the entries that it applied.
#[derive(Debug)]
pub struct Shared {
    standing: Mutex<Applied>,
    /// Rings when something was applied.
    pub applied: watch::Sender<u64>,
}

/// The replica, and the term of the last entry.
#[derive(Debug)]
pub struct Applied {
    /// The replica.
    pub replica: Replica,
    /// The term of the last entry that was applied.
    pub term: u64,
    /// The answers to items of this node that were applied, the latest last.
    verdicts: VecDeque<Verdict>,
    /// The latest events, each with the entry that it came from.
    events: VecDeque<(u64, String)>,
}

/// The answer of the log to an item of this node.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The item.
    pub origin: Origin,
    /// The reason why it changed nothing, if it did not.
    pub answer: Result<(), String>,
}

impl Shared {
    /// Returns the shared state around a replica.
    pub fn new(replica: Replica) -> Self {
        let applied =
            Applied { replica, term: 0, verdicts: VecDeque::new(), events: VecDeque::new() };
        Self { standing: Mutex::new(applied), applied: watch::Sender::new(0) }
    }

    /// Locks the replica. Nobody waits for anything while it is locked.
    pub fn lock(&self) -> MutexGuard<'_, Applied> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Applied {
    /// Returns the answers since the last call.
    pub fn take_verdicts(&mut self) -> VecDeque<Verdict> {
        std::mem::take(&mut self.verdicts)
    }

    /// Returns the events of the entries after this one.
    pub fn events_after(&self, index: u64) -> Vec<String> {
        let later = self.events.iter().filter(|(of, _)| *of > index);
        later.map(|(_, event)| event.clone()).collect()
    }

    /// Applies an entry. The engine counts from 0 and a replica from 1.
    fn apply(&mut self, id: LogId<u64>, entry: Option<Entry>) -> Result<(), AnyError> {
        let (index, term) = (id.index + 1, id.leader_id.term);
        self.term = term;
        let Some(entry) = entry else {
            return self.replica.skip(index).map_err(|error| AnyError::new(&error));
        };
        let items = items(&entry);
        let answers = self.replica.apply(index, term, entry);
        let answers = answers.map_err(|error| AnyError::new(&error))?;
        while let Some(event) = self.replica.poll_event() {
            self.events.push_back((index, event.to_string()));
        }
        while self.events.len() > 5_000 {
            self.events.pop_front();
        }
        for (item, answer) in items.into_iter().zip(answers) {
            let Some(origin) = item.origin else { continue };
            if origin.life.node == self.replica.node() {
                let answer = answer.map_err(|refusal| refusal.to_string());
                self.verdicts.push_back(Verdict { origin, answer });
            }
        }
        // Nobody waits for so old an answer.
        while self.verdicts.len() > 10_000 {
            self.verdicts.pop_front();
        }
        Ok(())
    }
}

/// Returns the items of an entry of any version that this release writes.
fn items(entry: &Entry) -> Vec<Item> {
    match entry {
        Entry::V1(entry) => entry.items.clone(),
        _ => Vec::new(),
    }
}

/// The state machine of the engine.
#[derive(Debug)]
pub struct Machine {
    shared: Arc<Shared>,
    genesis: Genesis,
    store: Store,
    last: Option<LogId<u64>>,
    membership: StoredMembership<u64, BasicNode>,
}

/// A snapshot as it is kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Kept {
    meta: SnapshotMeta<u64, BasicNode>,
    data: String,
}

impl Machine {
    /// Goes on from the snapshot in the store, or begins with `replica`.
    pub fn open(
        replica: Replica,
        genesis: Genesis,
        store: Store,
    ) -> Result<(Self, Arc<Shared>), StoreError> {
        let node = replica.node().to_owned();
        let shared = Arc::new(Shared::new(replica));
        let mut machine = Self {
            shared: Arc::clone(&shared),
            genesis,
            store,
            last: None,
            membership: StoredMembership::default(),
        };
        if let Some(kept) = machine.store.snapshot::<Kept>()? {
            machine
                .take_up(&node, &kept)
                .map_err(|error| StoreError::Base(redb::Error::Corrupted(error.to_string())))?;
        }
        Ok((machine, shared))
    }

    /// Puts the replica of a snapshot in place of the present one.
    fn take_up(&mut self, node: &str, kept: &Kept) -> Result<(), AnyError> {
        let snapshot = serde_json::from_str(&kept.data).map_err(|error| AnyError::new(&error))?;
        let restored = Replica::restore(node, snapshot, self.genesis.clone());
        let restored = restored.map_err(|error| AnyError::new(&error))?;
        let mut standing = self.shared.lock();
        standing.replica = restored;
        standing.term = kept.meta.last_log_id.map_or(0, |id| id.leader_id.term);
        self.last = kept.meta.last_log_id;
        self.membership = kept.meta.last_membership.clone();
        let applied = standing.replica.applied();
        drop(standing);
        self.shared.applied.send_replace(applied);
        Ok(())
    }

    fn meta(&self) -> SnapshotMeta<u64, BasicNode> {
        let index = self.last.map_or(0, |id| id.index);
        let term = self.last.map_or(0, |id| id.leader_id.term);
        SnapshotMeta {
            last_log_id: self.last,
            last_membership: self.membership.clone(),
            snapshot_id: format!("{term}-{index}"),
        }
    }
}

/// A snapshot that is about to be stored.
#[derive(Debug)]
pub struct Builder {
    store: Store,
    kept: Result<Kept, StoreError>,
}

impl RaftSnapshotBuilder<Types> for Builder {
    async fn build_snapshot(&mut self) -> Result<Snapshot<Types>, StorageError<u64>> {
        let kept = self.kept.as_ref().map_err(lost)?;
        self.store.keep_snapshot(kept).map_err(|error| lost(&error))?;
        Ok(open(kept))
    }
}

fn open(kept: &Kept) -> Snapshot<Types> {
    let data = Cursor::new(kept.data.clone().into_bytes());
    Snapshot { meta: kept.meta.clone(), snapshot: Box::new(data) }
}

impl RaftStateMachine<Types> for Machine {
    type SnapshotBuilder = Builder;

    async fn applied_state(
        &mut self,
    ) -> Result<(Option<LogId<u64>>, StoredMembership<u64, BasicNode>), StorageError<u64>> {
        Ok((self.last, self.membership.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<()>, StorageError<u64>>
    where
        I: IntoIterator<Item = openraft::Entry<Types>> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut answers = Vec::new();
        let mut standing = self.shared.lock();
        for entry in entries {
            let id = entry.log_id;
            let payload = match entry.payload {
                EntryPayload::Blank => None,
                EntryPayload::Membership(membership) => {
                    self.membership = StoredMembership::new(Some(id), membership);
                    None
                }
                EntryPayload::Normal(entry) => Some(entry),
            };
            standing.apply(id, payload).map_err(|error| StorageIOError::apply(id, error))?;
            self.last = Some(id);
            answers.push(());
        }
        let applied = standing.replica.applied();
        drop(standing);
        self.shared.applied.send_replace(applied);
        Ok(answers)
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        let snapshot = self.shared.lock().replica.snapshot();
        let meta = self.meta();
        let data = serde_json::to_string(&snapshot).map_err(StoreError::from);
        Builder { store: self.store.clone(), kept: data.map(|data| Kept { meta, data }) }
    }

    async fn begin_receiving_snapshot(
        &mut self,
    ) -> Result<Box<Cursor<Vec<u8>>>, StorageError<u64>> {
        Ok(Box::default())
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta<u64, BasicNode>,
        snapshot: Box<Cursor<Vec<u8>>>,
    ) -> Result<(), StorageError<u64>> {
        let refused =
            |error: AnyError| StorageError::from(StorageIOError::write_snapshot(None, error));
        let data = String::from_utf8(snapshot.into_inner());
        let data = data.map_err(|error| refused(AnyError::new(&error)))?;
        let kept = Kept { meta: meta.clone(), data };
        let node = self.shared.lock().replica.node().to_owned();
        self.store.keep_snapshot(&kept).map_err(|error| lost(&error))?;
        self.take_up(&node, &kept).map_err(refused)?;
        eprintln!("{node}: goes on from a snapshot {}", meta.snapshot_id);
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<Types>>, StorageError<u64>> {
        let kept: Option<Kept> = self.store.snapshot().map_err(|error| lost(&error))?;
        Ok(kept.as_ref().map(open))
    }
}
