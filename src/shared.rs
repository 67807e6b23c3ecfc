//! A cluster that threads share.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use parking_lot::RwLock;
use thiserror::Error;

use crate::cluster::{Cluster, Input, InputError, NamedInputError, Output};
use crate::id::Names;
use crate::policy::{FailoverPolicy, TooManyPolicies};
use crate::time::Timestamp;

mod questions;

/// A handle to one cluster that many threads may use. Clones are cheap and share the cluster.
///
/// Each call takes the outputs of its own input under the lock, so threads never see each other's
/// outputs. Two threads may carry out their outputs in either order: epochs and operation numbers
/// tell which are newer.
///
/// Threads read their clocks before they wait for the lock, so a later time may come first. An
/// input with an older time counts as one at the latest time that was seen.
///
/// # A policy that panics
///
/// The core does not panic, but a policy is the embedder's code. If it panics within an input or a
/// timeout, the cluster is half changed. No thread may go on with such a cluster: from then on
/// every method of every clone returns [`HalfChanged`], until [`replace`](Self::replace) puts a
/// cluster in its place that was restored from the last snapshot. The outputs of the input are
/// lost; [`outstanding`](Self::outstanding) returns the operations that are in flight afterwards.
/// If a policy panics within a question only the answer is lost, for questions change nothing.
///
/// # Deadlock
///
/// The only code of the embedder that runs under the lock is the policy, which sees a placement and
/// needs no handle. There is no guard to hold and no closure to pass. So nothing can deadlock,
/// unless a policy keeps a handle to its own cluster and uses it, which it must not do.
///
/// # A program that stores its state
///
/// A thread that stores a snapshot after its input may be overtaken by another one, and then an
/// older snapshot takes the place of a newer one. Hold a lock of your own from the input until its
/// snapshot is safe, or let one thread own a [`Cluster`], as `examples/daemon_threads` does.
///
/// # Questions
///
/// Each answer is about one moment; two questions may see the cluster before and after an input.
/// Use a [`fork`](Self::fork) for several questions about one moment, and for every question that
/// has no method here. Readers do not block each other, and give way to an input that waits, so
/// that frequent questions keep no input out.
///
/// ```
/// use quorate::policy::Ring;
/// use quorate::spec::ClusterDeclaration;
/// use quorate::{Cluster, Incarnation, Input, SharedCluster, Timestamp};
///
/// let spec = ClusterDeclaration::new("pair").node("a").node("b").node("c").build()?;
/// let node = spec.node_id("a").expect("declared above");
/// let cluster = SharedCluster::new(Cluster::new(spec, Ring::new(), Timestamp::ZERO));
///
/// let other = cluster.clone();
/// let join = Input::node_joined(node, Incarnation::new(1), []);
/// let outputs = other.handle(Timestamp::ZERO, join)?;
/// assert!(!outputs.is_empty());
/// assert!(!cluster.fork()?.state().is_quorate());
///
/// assert_eq!(cluster.poll_timeout()?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SharedCluster {
    slot: Arc<RwLock<Slot>>,
}

/// The cluster, and its condition.
struct Slot {
    cluster: Cluster,
    condition: Condition,
}

#[derive(Clone, Copy)]
enum Condition {
    Whole,
    /// An input is being taken in, or panicked while it was.
    HalfChanged,
}

/// The policy panicked within an input or a timeout, and left the shared cluster half changed.
///
/// No question is answered and no input is taken in any more until the cluster is
/// [replaced](SharedCluster::replace) by one that is restored from a snapshot.
#[derive(Clone, Copy, Debug, Eq, Error, Hash, PartialEq)]
#[error(
    "the policy of the cluster panicked within an input and left the cluster half changed; \
     replace it by one that is restored from a snapshot"
)]
pub struct HalfChanged;

/// The reason why a shared cluster did not take in an input or answer a question. Nothing has
/// changed.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum SharedError<E> {
    /// The cluster refused it.
    #[error(transparent)]
    Refused(E),
    /// The cluster may not be used any more.
    #[error(transparent)]
    HalfChanged(#[from] HalfChanged),
}

impl SharedCluster {
    /// Shares a cluster.
    #[must_use]
    pub fn new(cluster: Cluster) -> Self {
        let condition = Condition::Whole;
        Self { slot: Arc::new(RwLock::new(Slot { cluster, condition })) }
    }

    /// Takes in an input, and returns its outputs.
    ///
    /// # Errors
    ///
    /// An input that is wrong or not possible now, or a cluster that is half changed. Nothing has
    /// changed then.
    pub fn handle(
        &self,
        now: Timestamp,
        input: impl Into<Input>,
    ) -> Result<Vec<Output>, SharedError<InputError>> {
        let input = input.into();
        let change = |cluster: &mut Cluster| {
            let now = now.max(cluster.state().now());
            cluster.handle(now, input)
        };
        let (answer, outputs) = self.change(change)?;
        answer.map(|()| outputs).map_err(SharedError::Refused)
    }

    /// Goes on after a time in which the core was down, and returns the outputs:
    /// [`Cluster::resume`].
    ///
    /// # Errors
    ///
    /// A time out of range, or a cluster that is half changed. Nothing has changed then.
    pub fn resume(&self, now: Timestamp) -> Result<Vec<Output>, SharedError<InputError>> {
        self.handle(now, Input::CoreResumed)
    }

    /// Does what is due at `now`, and returns the outputs.
    ///
    /// # Errors
    ///
    /// The cluster is half changed.
    pub fn handle_timeout(&self, now: Timestamp) -> Result<Vec<Output>, HalfChanged> {
        self.change(|cluster| cluster.handle_timeout(now)).map(|((), outputs)| outputs)
    }

    /// Puts another cluster in the place of this one, for every clone of the handle. It is meant
    /// for a cluster that was [restored](Cluster::restore) after the policy panicked.
    pub fn replace(&self, cluster: Cluster) {
        let new = Slot { cluster, condition: Condition::Whole };
        let old = core::mem::replace(&mut *self.slot.write(), new);
        // The old cluster is dropped outside the lock, because its policy may be dropped with it.
        drop(old);
    }

    /// Offers a policy, which [`Command::ChangePolicy`](crate::cluster::Command::ChangePolicy) may
    /// put in force by its name: [`Cluster::offer_policy`].
    ///
    /// # Errors
    ///
    /// As many policies are offered as may be, or a cluster that is half changed. Nothing has
    /// changed then.
    pub fn offer_policy(
        &self,
        policy: impl FailoverPolicy + 'static,
    ) -> Result<(), SharedError<TooManyPolicies>> {
        // Code of the embedder: the name is asked for before the lock is taken, and what is replaced
        // is dropped after it is released.
        let name = policy.name().into_owned();
        let policy = Arc::new(policy);
        let answer = self.change(|cluster| cluster.offer(&name, policy))?.0;
        answer.map(drop).map_err(SharedError::Refused)
    }

    /// Takes in an input by names, and returns its outputs by names. Names are looked up under the
    /// lock of the input, so no other thread can change the configuration in between. Outputs have
    /// the names of the configuration in which they arose, so an evicted node keeps its name.
    ///
    /// # Errors
    ///
    /// A name that is not declared, or an input that is wrong or not possible now. Nothing has
    /// changed then.
    pub fn handle_named(
        &self,
        now: Timestamp,
        input: impl Into<Input<Names>>,
    ) -> Result<Vec<Output<Names>>, SharedError<NamedInputError>> {
        let input = input.into();
        let change = |cluster: &mut Cluster| {
            let now = now.max(cluster.state().now());
            cluster.handle_named(now, input)?;
            Ok(drain_named(cluster))
        };
        let (answer, _) = self.change(change)?;
        answer.map_err(SharedError::Refused)
    }

    /// Does what is due at `now`, and returns the outputs by names.
    ///
    /// # Errors
    ///
    /// The cluster is half changed.
    pub fn handle_timeout_named(&self, now: Timestamp) -> Result<Vec<Output<Names>>, HalfChanged> {
        let change = |cluster: &mut Cluster| {
            cluster.handle_timeout(now);
            drain_named(cluster)
        };
        self.change(change).map(|(outputs, _)| outputs)
    }

    fn ask<T>(&self, question: impl FnOnce(&Cluster) -> T) -> Result<T, HalfChanged> {
        let slot = self.slot.read();
        match slot.condition {
            Condition::Whole => Ok(question(&slot.cluster)),
            Condition::HalfChanged => Err(HalfChanged),
        }
    }

    /// Changes the cluster and takes its outputs. If the change panics, the cluster stays marked,
    /// for the lock is then released as if nothing had happened.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Cluster) -> T,
    ) -> Result<(T, Vec<Output>), HalfChanged> {
        let mut slot = self.slot.write();
        match slot.condition {
            Condition::Whole => {}
            Condition::HalfChanged => return Err(HalfChanged),
        }
        slot.condition = Condition::HalfChanged;
        let answer = change(&mut slot.cluster);
        let outputs = core::iter::from_fn(|| slot.cluster.poll_output()).collect();
        slot.condition = Condition::Whole;
        Ok((answer, outputs))
    }
}

fn drain_named(cluster: &mut Cluster) -> Vec<Output<Names>> {
    core::iter::from_fn(|| cluster.poll_named_output()).collect()
}

impl fmt::Debug for SharedCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Debugging must not wait for an input, and an input must not wait for the writer.
        let copy = self.slot.try_read().map(|slot| (slot.condition, slot.cluster.clone()));
        let mut tuple = f.debug_tuple("SharedCluster");
        match copy {
            Some((Condition::Whole, cluster)) => tuple.field(&cluster).finish(),
            Some((Condition::HalfChanged, _)) => tuple.field(&HalfChanged).finish(),
            None => tuple.field(&format_args!("<locked>")).finish(),
        }
    }
}
