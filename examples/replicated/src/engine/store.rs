//! The memory of a node: log, vote, snapshot and the number of its life, in one file.
//!
//! Every write is on the disk before it is answered.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::path::Path;
use std::sync::Arc;

use openraft::storage::{LogFlushed, RaftLogStorage};
use openraft::{
    AnyError, LogId, LogState, OptionalSend, RaftLogReader, StorageError, StorageIOError, Vote,
};
use quorate::spec::ClusterDeclaration;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Types;

mod disk;
#[cfg(test)]
mod tests;

const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
const FACTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("facts");

const VOTE: &str = "vote";
const PURGED: &str = "purged";
const FOUNDING: &str = "founding";
const LIFE: &str = "life";
const SNAPSHOT: &str = "snapshot";

/// The store of a node.
#[derive(Clone, Debug)]
pub struct Store {
    base: Arc<Database>,
}

/// The beginning of a node in the engine.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Founding {
    /// The number of the node in the engine. A node that lost its store gets another one, for it
    /// does not know any more what it promised under this one.
    pub engine: u64,
    /// The first voters with their names; empty for a node that joined later.
    pub voters: BTreeMap<u64, String>,
    /// The cluster as it was before the first entry.
    pub declaration: ClusterDeclaration,
}

/// The reason why the store did not do what it was told.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file cannot be read or written.
    #[error("the store cannot be read or written: {0}")]
    Base(#[from] redb::Error),
    /// A record is not what it should be.
    #[error("a record of the store is damaged: {0}")]
    Record(#[from] serde_json::Error),
}

macro_rules! base_errors {
    ($($error:ident)*) => {
        $(impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                Self::Base(error.into())
            }
        })*
    };
}
base_errors!(DatabaseError TransactionError TableError CommitError);

impl From<redb::StorageError> for StoreError {
    fn from(error: redb::StorageError) -> Self {
        Self::Base(error.into())
    }
}

impl Store {
    /// Opens the store, or makes an empty one. `most` bounds the bytes of the file.
    pub fn open(path: &Path, most: Option<u64>) -> Result<Self, StoreError> {
        let base = match most {
            None => Database::create(path)?,
            Some(most) => {
                let disk = disk::SmallDisk::open(path, most)
                    .map_err(|error| StoreError::Base(redb::Error::Io(error)))?;
                Database::builder().create_with_backend(disk)?
            }
        };
        let store = Self { base: Arc::new(base) };
        let begun = store.base.begin_write()?;
        begun.open_table(LOG)?;
        begun.open_table(FACTS)?;
        begun.commit()?;
        store.check()?;
        Ok(store)
    }

    /// Reads everything once, so that a torn record is found before anything is promised.
    fn check(&self) -> Result<(), StoreError> {
        let begun = self.base.begin_read()?;
        for record in begun.open_table(LOG)?.iter()? {
            let (_, bytes) = record?;
            serde_json::from_slice::<openraft::Entry<Types>>(bytes.value())?;
        }
        self.read::<Vote<u64>>(VOTE)?;
        self.founding()?;
        self.life()?;
        Ok(())
    }

    fn read<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let begun = self.base.begin_read()?;
        let table = begun.open_table(FACTS)?;
        let bytes = table.get(key)?;
        Ok(bytes.map(|bytes| serde_json::from_slice(bytes.value())).transpose()?)
    }

    fn write<T: Serialize>(&self, key: &str, value: &T) -> Result<(), StoreError> {
        let begun = self.base.begin_write()?;
        begun.open_table(FACTS)?.insert(key, serde_json::to_vec(value)?.as_slice())?;
        begun.commit()?;
        Ok(())
    }

    /// Returns the beginning of this node; `None` for a store that was just made.
    pub fn founding(&self) -> Result<Option<Founding>, StoreError> {
        self.read(FOUNDING)
    }

    /// Notes the beginning of this node.
    pub fn found(&self, founding: &Founding) -> Result<(), StoreError> {
        self.write(FOUNDING, founding)
    }

    /// Returns the number of the last life; 0 if none began.
    pub fn life(&self) -> Result<u64, StoreError> {
        Ok(self.read(LIFE)?.unwrap_or_default())
    }

    /// Notes the number of a life, before it begins.
    pub fn begin_life(&self, number: u64) -> Result<(), StoreError> {
        self.write(LIFE, &number)
    }

    pub(super) fn snapshot<T: DeserializeOwned>(&self) -> Result<Option<T>, StoreError> {
        self.read(SNAPSHOT)
    }

    pub(super) fn keep_snapshot<T: Serialize>(&self, snapshot: &T) -> Result<(), StoreError> {
        self.write(SNAPSHOT, snapshot)
    }

    fn append(&self, entries: &[openraft::Entry<Types>]) -> Result<(), StoreError> {
        let begun = self.base.begin_write()?;
        {
            let mut table = begun.open_table(LOG)?;
            for entry in entries {
                table.insert(entry.log_id.index, serde_json::to_vec(entry)?.as_slice())?;
            }
        }
        begun.commit()?;
        Ok(())
    }

    /// Removes entries; `purged` is noted in the same step.
    fn remove(
        &self,
        range: (Bound<u64>, Bound<u64>),
        purged: Option<LogId<u64>>,
    ) -> Result<(), StoreError> {
        let begun = self.base.begin_write()?;
        begun.open_table(LOG)?.retain_in(range, |_, _| false)?;
        if let Some(purged) = purged {
            begun.open_table(FACTS)?.insert(PURGED, serde_json::to_vec(&purged)?.as_slice())?;
        }
        begun.commit()?;
        Ok(())
    }

    fn entries(
        &self,
        range: (Bound<u64>, Bound<u64>),
    ) -> Result<Vec<openraft::Entry<Types>>, StoreError> {
        let begun = self.base.begin_read()?;
        let table = begun.open_table(LOG)?;
        let mut entries = Vec::new();
        for record in table.range(range)? {
            entries.push(serde_json::from_slice(record?.1.value())?);
        }
        Ok(entries)
    }

    fn log_state(&self) -> Result<LogState<Types>, StoreError> {
        let purged: Option<LogId<u64>> = self.read(PURGED)?;
        let begun = self.base.begin_read()?;
        let table = begun.open_table(LOG)?;
        let last = table
            .last()?
            .map(|(_, bytes)| serde_json::from_slice::<openraft::Entry<Types>>(bytes.value()))
            .transpose()?;
        let last_log_id = last.map(|entry| entry.log_id).or(purged);
        Ok(LogState { last_purged_log_id: purged, last_log_id })
    }

    /// Does something with the disk without holding up the tasks of this thread.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(done) => done,
            Err(error) => Err(StoreError::Base(redb::Error::Io(io::Error::other(error)))),
        }
    }
}

/// Turns an error of the store into one of the engine, which stops then.
pub(super) fn lost(error: &StoreError) -> StorageError<u64> {
    StorageIOError::write(AnyError::new(error)).into()
}

impl RaftLogReader<Types> for Store {
    async fn try_get_log_entries<R: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: R,
    ) -> Result<Vec<openraft::Entry<Types>>, StorageError<u64>> {
        let range = (range.start_bound().cloned(), range.end_bound().cloned());
        self.entries(range).map_err(|error| lost(&error))
    }
}

impl RaftLogStorage<Types> for Store {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<Types>, StorageError<u64>> {
        self.log_state().map_err(|error| lost(&error))
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote<u64>) -> Result<(), StorageError<u64>> {
        let vote = *vote;
        self.aside(move |store| store.write(VOTE, &vote)).await.map_err(|error| lost(&error))
    }

    async fn read_vote(&mut self) -> Result<Option<Vote<u64>>, StorageError<u64>> {
        self.read(VOTE).map_err(|error| lost(&error))
    }

    async fn append<I>(
        &mut self,
        entries: I,
        callback: LogFlushed<Types>,
    ) -> Result<(), StorageError<u64>>
    where
        I: IntoIterator<Item = openraft::Entry<Types>> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<_> = entries.into_iter().collect();
        match self.aside(move |store| store.append(&entries)).await {
            Ok(()) => {
                callback.log_io_completed(Ok(()));
                Ok(())
            }
            Err(error) => {
                callback.log_io_completed(Err(io::Error::other(error.to_string())));
                Err(lost(&error))
            }
        }
    }

    async fn truncate(&mut self, from: LogId<u64>) -> Result<(), StorageError<u64>> {
        let range = (Bound::Included(from.index), Bound::Unbounded);
        self.aside(move |store| store.remove(range, None)).await.map_err(|error| lost(&error))
    }

    async fn purge(&mut self, upto: LogId<u64>) -> Result<(), StorageError<u64>> {
        let range = (Bound::Unbounded, Bound::Included(upto.index));
        self.aside(move |store| store.remove(range, Some(upto))).await.map_err(|error| lost(&error))
    }
}
