//! The engine's own tests of a store, on this one, and what must be there after a restart.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use openraft::storage::{RaftLogReaderExt, RaftLogStorageExt};
use openraft::testing::{StoreBuilder, Suite, blank_ent, log_id};
use quorate::Timestamp;
use quorate::policy::Ring;
use quorate::replicate::{Genesis, Replica};

use super::*;
use crate::engine::Machine;

/// Makes empty stores in files of their own.
struct Maker;

/// A file that is removed at the end of a test.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (process, number) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(format!("quorate_store_{process}_{number}")))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl StoreBuilder<Types, Store, Machine, Place> for Maker {
    async fn build(&self) -> Result<(Place, Store, Machine), StorageError<u64>> {
        let place = Place::new();
        let store = Store::open(&place.0, None).expect("the folder can be written");
        let declared: ClusterDeclaration =
            toml::from_str("name = 'c'\nnodes = ['a']").expect("it is a declaration");
        let spec = declared.build().expect("it is good");
        let cluster = quorate::Cluster::new(spec, Ring::new(), Timestamp::ZERO);
        let genesis = Genesis::new(Ring::new());
        let replica = Replica::new("a", cluster, genesis.clone());
        let machine = Machine::open(replica, genesis, store.clone()).expect("the store is empty");
        Ok((place, store, machine.0))
    }
}

/// Those of the suite that are about the log. The others apply entries with gaps, which a replica
/// refuses.
#[tokio::test]
async fn the_engine_finds_its_log_again() {
    type Log = Suite<Types, Store, Machine, Maker, Place>;
    macro_rules! all {
        ($($test:ident)*) => {
            $({
                let (_place, store, machine) = Maker.build().await.expect("it can be made");
                Log::$test(store, machine).await.expect(stringify!($test));
            })*
        };
    }
    all!(
        last_membership_in_log_initial
        get_membership_initial
        get_initial_state_without_init
        save_vote
        get_log_entries
        limited_get_log_entries
        try_get_log_entry
        initial_logs
        get_log_state
        get_log_id
        purge_logs_upto_0
        purge_logs_upto_5
        purge_logs_upto_20
        delete_logs_since_11
        delete_logs_since_0
        append_to_log
    );
}

#[tokio::test]
async fn nothing_is_forgotten_over_a_restart() {
    let place = Place::new();
    let entries: Vec<_> = (0..3).map(|index| blank_ent::<Types>(1, 7, index)).collect();
    let mut store = Store::open(&place.0, None).expect("the folder can be written");
    assert_eq!(store.life().expect("it can be read"), 0);
    store.begin_life(4).expect("it can be written");
    store.save_vote(&Vote::new(3, 7)).await.expect("it can be written");
    store.blocking_append(entries.clone()).await.expect("it can be written");
    store.purge(log_id(1, 7, 0)).await.expect("it can be written");
    drop(store);
    let mut store = Store::open(&place.0, None).expect("it is there");
    assert_eq!(store.life().expect("it can be read"), 4);
    assert_eq!(store.read_vote().await.expect("it can be read"), Some(Vote::new(3, 7)));
    let state = store.get_log_state().await.expect("it can be read");
    assert_eq!(state.last_purged_log_id, Some(log_id(1, 7, 0)));
    assert_eq!(state.last_log_id, Some(log_id(1, 7, 2)));
    assert_eq!(store.try_get_log_entry(0).await.expect("it can be read").map(|of| of.log_id), None);
    let read = store.try_get_log_entries(..).await.expect("it can be read");
    assert_eq!(read, entries[1..]);
}
