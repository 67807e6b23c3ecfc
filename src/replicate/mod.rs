//! Many machines: the parts of a replicated cluster that do no I/O.

mod clock;
mod entry;
mod genesis;
mod guard;
mod keeper;
mod leader;
mod outbox;
mod quarantine;
mod replica;
mod snapshot;
mod timing;

pub use clock::{Local, LogClock};
pub use entry::{Body, Entry, EntryV1, Item, NodeLife, Origin, Refusal};
pub use genesis::Genesis;
pub use guard::{Beat, Demand, Denial, Grant, Guard, NotOff, Permission};
pub use keeper::{EarlierLife, Keeper, StopEverything};
pub use leader::{BeatError, Charge, ChargeError, Leader, Round};
pub use outbox::{Outbox, OutboxFull};
pub use quarantine::Quarantine;
pub use replica::{ApplyError, Checkpoint, Leads, Replica, Standing};
pub use snapshot::{ReplicaSnapshot, ReplicaSnapshotV1};
pub use timing::{Timing, TimingError, TimingField};

#[cfg(test)]
mod tests;
