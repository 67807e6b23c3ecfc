//! Many machines: the parts of a replicated cluster that do no I/O.
//!
//! Every node keeps a [`Replica`] of the cluster, and a consensus engine of your choice hands each
//! of them the same entries in the same order. The crate has no consensus algorithm, no heartbeats
//! on a wire and no storage. It has the rules that are hard to get right: which life of a node may
//! run something, until when, and who may say that it runs nothing any more.
//! [`guide::replicate`](crate::guide::replicate) says step by step how to build a cluster of it.
//!
//! | part | where it lives | what it decides |
//! | --- | --- | --- |
//! | [`Replica`] | every node | what the log says: one cluster, the same everywhere |
//! | [`Guard`] | every node | which effect may be carried out at this moment |
//! | [`Keeper`] | every node, in a process of its own | when everything is stopped by force |
//! | [`Outbox`] | every node | which reports have not counted yet |
//! | [`Leader`] | the node that leads, while it is in charge | leases, losses, entries |
//! | [`Timing`] | the same everywhere | whether the spans fit each other |
//! | [`voters`](crate::quorum::voters) | the node that leads | who votes in the engine |
//!
//! # What the engine has to give
//!
//! | | promise | Raft | transactions of a store such as etcd |
//! | --- | --- | --- | --- |
//! | E1 | a committed prefix, numbered, that never changes | the log | keys `log/<n>`, each created once |
//! | E2 | an entry of a deposed leader never counts behind the first of its successor | terms, together with [`EntryV1::term`] | one transaction: the leader key is mine, and `log/<n+1>` does not exist |
//! | E3 | *confirm*: a quorum affirms my leadership, in a round that began after the call, and the index that was committed then | ReadIndex, or the commit of an entry of the own term | a linearizable read of the leader key |
//! | E4 | a leader knows when it has applied all that earlier leaders decided, and all that it proposed itself before a restart | an entry of the own term is applied, and all that the own log held when this node was first seen to lead | the head was read after the leader key was won |
//! | E5 | snapshot out, snapshot in | snapshots | the snapshot in parts, below the limit of a request |
//!
//! E3 is the one that is forgotten. A leader that was deposed does not know it, and would go on
//! granting leases. For the same reason a lease of the store itself is no replacement for those
//! here: the store may prolong it although its own leader is long deposed.
//!
//! # Why no resource runs twice
//!
//! A *life* is the time of a node between two joins, with a number of its own
//! ([`Incarnation`](crate::Incarnation)). The rules, each with the part that keeps it:
//!
//! 1. A node sends a [`Beat`] with the reading of its own clock. The leader sends this reading back,
//!    so no clock is ever compared with that of another machine.
//! 2. The leader answers with a [`Grant`] only when a quorum has affirmed it in a round that began
//!    *after* the beat had arrived; only to a life that its own replica shows as a member; never to
//!    a life that it has proposed to be lost or off. (`Leader::handle_confirmed`)
//! 3. A grant lets the life run until the moment of its beat plus [`Timing::lease`]. Nothing starts
//!    later than that, at the moment of execution, nor before the replica of the node has applied
//!    everything that was committed when the leader was affirmed, nor if that replica says that the
//!    operation was given up. At the end of the lease everything stops within [`Timing::stop`], or
//!    the machine is reset. (`Guard::may`, `Keeper`)
//! 4. A lease that ended is never renewed. The node begins a new life when everything of the old one
//!    is off, and joins anew. Effects of the old life are refused. (`Guard::begin`, `Keeper::begin`)
//! 5. A leader proposes the loss of a life only after [`Timing::detection`] of silence, counted from
//!    the last beat or from when it took charge, and only while a quorum affirmed it less than half
//!    of detection ago. If it was cut off meanwhile, every silence begins anew. (`Leader::poll_entry`)
//! 6. The time of the log goes on where the last entry stood, by the leader's own clock. Between
//!    leaders it stands still, so it never runs ahead of real time. (`LogClock`)
//!
//! **Theorem.** If a life holds a grant for a beat that it sent at s, then every loss of that life
//! was proposed at s + detection or later, in real time but for drift.
//!
//! - *The same leader granted and gave up.* The beat arrived at s or later, and rule 5 counts from
//!   there. After it proposed that this life is lost or off it grants
//!   nothing to it (rule 2).
//! - *A later leader gave it up.* Some quorum affirmed the leader that granted, in a round that began
//!   after the beat had arrived. So the election of the later one, for which some machine of that
//!   quorum had to vote, came after s, and so did its charge, from which rule 5 counts.
//! - *An earlier leader gave it up.* Its entry stands before the charge of the leader that granted
//!   (E2, E4), which therefore saw that this life is over and granted nothing. An entry that lands
//!   later stands in another term than it names, and counts for nothing (`Replica::apply`).
//!
//! So everything of the life is off when another node takes over, if the spans fit:
//!
//! ```text
//! (lease + stop + watchdog) × (1 + drift) / (1 − drift) + 1 ms
//!     ≤ detection             where membership vouches for lost nodes (Fencing::Trusted)
//!     ≤ duration + margin     where the declaration has a lease      (Fencing::Lease)
//! ```
//!
//! [`Timing::check`] refuses spans that do not. Under [`Fencing::Required`] and
//! [`Fencing::Operator`] a fence or a person gives the proof, and the word of a person is held back
//! until the lease must have ended.
//!
//! # What it assumes
//!
//! - Clocks are monotonic, count sleep, and deviate by no more than [`Timing::drift_ppm`].
//! - A machine that stands still for longer than [`Timing::watchdog`] is reset by its watchdog. The
//!   watchdog has to count while the machine stands still. A virtual machine that is paused stops its
//!   watchdog as well: there only [`Fencing::Required`] is safe.
//! - The number of a life is stored before it is used, and the engine keeps its votes and its log.
//! - A keeper says that a life is off only when it is ([`Keeper`]).
//!
//! # What no software of this kind covers
//!
//! If daemon *and* keeper are frozen while a resource goes on, nobody stops it before the watchdog
//! does. A machine that was paused and resumes may write for some milliseconds before it looks at its
//! clock. For these there is a watchdog, a fence, or storage that compares the ownership epoch of the
//! group, which every effect carries and agents should hand on.
//!
//! [`Fencing::Required`]: crate::settings::Fencing::Required
//! [`Fencing::Operator`]: crate::settings::Fencing::Operator

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
pub use leader::{Affirmation, BeatError, Charge, ChargeError, Leader, Round};
pub use outbox::{Outbox, OutboxFull};
pub use quarantine::Quarantine;
pub use replica::{ApplyError, Checkpoint, Leads, Replica, Standing};
pub use snapshot::{ReplicaSnapshot, ReplicaSnapshotV1};
pub use timing::{Timing, TimingError, TimingField};

#[cfg(test)]
mod tests;
