//! The guard of a node: it says which effect may be carried out now, and when everything must stop.

use core::time::Duration;

use thiserror::Error;

use super::clock::Local;
use super::entry::NodeLife;
use super::replica::{Checkpoint, Replica, Standing};
use super::timing::Timing;
use crate::agent::{Admission, Agent, Ending, Refusal};
use crate::cluster::Effect;
use crate::id::{Incarnation, Names, OpId};
use crate::state::{OperationKind, Outcome};

crate::form::strictly_read! { "Beat"
/// A sign of life that a node sends to the leader at the interval [`Timing::beat`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Beat {
    /// The life that sends it.
    pub life: NodeLife,
    /// The moment at which it is sent, by the clock of the sender. The leader sends it back.
    pub sent: Local,
    /// The end of the lease, by the clock of the sender; `None` without one. A member that is heard
    /// and has no lease does not hear the leader: see [`BeatError::Deaf`](super::BeatError::Deaf).
    pub lease_ends: Option<Local>,
    /// The index up to which the sender has applied the log.
    pub applied: u64,
    /// The latest digest that the sender took.
    pub checkpoint: Option<Checkpoint>,
    /// The rules by which the sender decides ([`Genesis::behaviour`](super::Genesis::behaviour)).
    pub behaviour: u64,
}
}

crate::form::strictly_read! { "Grant"
/// The leader's answer to a beat: this life may go on for a lease, counted from the moment at which
/// the beat was sent.
#[derive(Clone, Debug, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The life that it is for.
    pub life: NodeLife,
    /// The moment of the beat, by the clock of its sender.
    pub sent: Local,
    /// The index of the last entry that was committed when a quorum affirmed the leader. Nothing
    /// begins on the node before its own replica has applied it.
    pub floor: u64,
}
}

/// Decides what one life of a node may do: the lease, and the [contract of agents](crate::agent).
///
/// Ask [`may`](Self::may) at the moment at which an effect is carried out, not when it is received.
/// The guard decides by the clock of its machine only. Whatever it is told, a lease that ended is
/// never renewed: the node stops everything and begins another life.
#[derive(Clone, Debug)]
pub struct Guard {
    node_life: NodeLife,
    timing: Timing,
    stage: Stage,
    /// The highest [`Grant::floor`].
    floor: u64,
    agent: Agent<Names>,
}

/// The stage of a life.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// No grant has arrived yet.
    Unleased,
    /// It may run until this moment.
    Leased { until: Local },
    /// It is over since this moment, and everything stops.
    Stopping { since: Local },
    /// It is over, and everything of it is off.
    Off,
}

/// An order of the guard to the machine.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Demand {
    /// Everything on this node has to stop now, by force.
    StopEverything,
    /// Something did not stop in time: the machine has to be reset at once.
    ResetMachine,
}

/// The reason why an effect is not carried out. Nothing is reported about it: it is asked for again,
/// or the core gives it up.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Denial {
    /// The life has no lease yet.
    #[error("this life of the node has no lease yet")]
    NoLease,
    /// The life is over. Everything of it stops.
    #[error("this life of the node is over")]
    LifeOver,
    /// The replica of this node is behind the lease: an entry that it has not applied may have given
    /// the operation up.
    #[error("the replica has applied entry {applied}, and entry {floor} was committed")]
    Behind {
        /// The last entry that was applied here.
        applied: u64,
        /// The last entry that was committed when the lease was granted.
        floor: u64,
    },
    /// The operation is no longer outstanding: it was answered, or the core gave it up.
    #[error("the operation is no longer outstanding")]
    GivenUp,
    /// The agents do not carry it out.
    #[error(transparent)]
    Agent(Refusal),
}

/// The answer to the question whether an effect may be carried out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Permission {
    /// An operation on a resource, as the agents see it.
    Agent(Admission),
    /// A fence: take the power away from the node.
    Fence,
    /// An inventory: list what the node runs.
    Inventory,
}

impl Guard {
    /// Begins a life. Everything of all earlier lives is off, and its number was stored before.
    #[must_use]
    pub fn new(life: NodeLife, timing: Timing) -> Self {
        let agent = Agent::new(life.incarnation);
        Self { node_life: life, timing, stage: Stage::Unleased, floor: 0, agent }
    }

    /// Returns the number of the next life of a node: above the one that it stored, and above the
    /// one that its replica knows. Store it before anything is done under it.
    #[must_use]
    pub fn next_life(stored: Incarnation, known: Incarnation) -> Incarnation {
        stored.max(known).next()
    }

    /// Returns the life.
    #[must_use]
    pub const fn life(&self) -> &NodeLife {
        &self.node_life
    }

    /// Takes in a grant. One for another life, for a beat from the future, or after the lease ended
    /// changes nothing.
    pub fn handle_grant(&mut self, now: Local, grant: &Grant) {
        self.expire(now);
        if grant.life != self.node_life || grant.sent > now {
            return;
        }
        let until = grant.sent.after(self.timing.lease);
        match self.stage {
            Stage::Unleased if until > now => self.stage = Stage::Leased { until },
            Stage::Leased { until: known } => {
                self.stage = Stage::Leased { until: known.max(until) };
            }
            Stage::Unleased | Stage::Stopping { .. } | Stage::Off => return,
        }
        self.floor = self.floor.max(grant.floor);
    }

    /// Takes in what the node's own replica knows of this life. If it is over there, it is over.
    pub fn handle_standing(&mut self, now: Local, standing: Standing) {
        match standing {
            Standing::Over => self.end(now),
            Standing::Unheard | Standing::Member => {}
        }
    }

    /// Ends the life because the node leaves. Call it before [`Input::NodeLeft`] is reported, and
    /// report that only when everything is off.
    ///
    /// [`Input::NodeLeft`]: crate::Input::NodeLeft
    pub fn leave(&mut self, now: Local) {
        self.end(now);
    }

    fn end(&mut self, now: Local) {
        match self.stage {
            Stage::Unleased | Stage::Leased { .. } => {
                self.stage = Stage::Stopping { since: now };
                self.agent.stop_itself();
            }
            Stage::Stopping { .. } | Stage::Off => {}
        }
    }

    fn expire(&mut self, now: Local) {
        match self.stage {
            Stage::Leased { until } if until <= now && !seeded!(LeaseNeverEnds) => {
                self.stage = Stage::Stopping { since: until };
                self.agent.stop_itself();
            }
            Stage::Leased { .. } | Stage::Unleased | Stage::Stopping { .. } | Stage::Off => {}
        }
    }

    /// Decides whether an effect is carried out now. `replica` is that of this node: an operation
    /// that is no longer outstanding there is denied.
    ///
    /// # Errors
    ///
    /// It is not to be carried out, and nothing is to be reported. An operation that began before
    /// goes on.
    pub fn may(
        &mut self,
        now: Local,
        replica: &Replica,
        effect: &Effect<Names>,
    ) -> Result<Permission, Denial> {
        self.expire(now);
        self.check(replica, effect.operation)?;
        if let Some(order) = effect.order() {
            return self.agent.admit(&order).map(Permission::Agent).map_err(Denial::Agent);
        }
        match effect.action {
            OperationKind::Inventory => self
                .agent
                .answers(effect.operation, effect.incarnation)
                .map(|()| Permission::Inventory)
                .map_err(Denial::Agent),
            OperationKind::Fence => Ok(Permission::Fence),
            // An effect on a resource always has an order.
            OperationKind::Start
            | OperationKind::Stop
            | OperationKind::Terminate
            | OperationKind::CheckLooksAlive
            | OperationKind::CheckIsAlive
            | OperationKind::Probe => Err(Denial::Agent(Refusal::Fence)),
        }
    }

    /// Notes that an operation ended, well or not ([`Agent::end`]). An operation that waited for it
    /// begins now, if [`may`](Self::may) would allow it now. Otherwise it is put off, and the answer
    /// is [`Ending::Unknown`]: ask `may` about it again.
    pub fn end_operation(
        &mut self,
        now: Local,
        replica: &Replica,
        resource: &str,
        (operation, outcome): (OpId, Outcome),
    ) -> Ending {
        self.expire(now);
        let resource = resource.into();
        let ending = self.agent.end(&resource, operation, outcome);
        match ending {
            Ending::Begin(next) if self.check(replica, next.operation).is_err() => {
                self.agent.put_off(&resource, next.operation);
                Ending::Unknown
            }
            Ending::Begin(_) | Ending::Report | Ending::Unknown => ending,
        }
    }

    /// Checks that an operation may begin now: there is a lease, the replica is not behind, and the
    /// operation was not given up.
    fn check(&self, replica: &Replica, operation: OpId) -> Result<(), Denial> {
        match self.stage {
            Stage::Leased { .. } => {}
            Stage::Unleased if seeded!(StartsWithoutLease) => {}
            Stage::Unleased => return Err(Denial::NoLease),
            Stage::Stopping { .. } | Stage::Off => return Err(Denial::LifeOver),
        }
        let applied = replica.applied();
        if applied < self.floor && !seeded!(LaggardStarts) {
            return Err(Denial::Behind { applied, floor: self.floor });
        }
        if replica.is_outstanding(operation) { Ok(()) } else { Err(Denial::GivenUp) }
    }

    /// Returns the start that began the present run of a resource, for reports about this run.
    #[must_use]
    pub fn run(&self, resource: &str) -> Option<OpId> {
        self.agent.run(&resource.into())
    }

    /// Forgets resources that are no longer declared ([`Agent::forget`]).
    pub fn forget(
        &mut self,
        is_declared: impl Fn(&str) -> bool,
        is_group_declared: impl Fn(&str) -> bool,
    ) {
        self.agent.forget(|resource| is_declared(resource), |group| is_group_declared(group));
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout) next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Local> {
        match self.stage {
            Stage::Leased { until } => Some(until),
            Stage::Stopping { since } => Some(since.after(self.timing.stop)),
            Stage::Unleased | Stage::Off => None,
        }
    }

    /// Ends the lease if its time is over, and returns what the machine has to do now. It returns the
    /// same until [`handle_off`](Self::handle_off).
    pub fn handle_timeout(&mut self, now: Local) -> Option<Demand> {
        self.expire(now);
        match self.stage {
            Stage::Stopping { since } if since.after(self.timing.stop) <= now => {
                Some(Demand::ResetMachine)
            }
            Stage::Stopping { .. } => Some(Demand::StopEverything),
            Stage::Unleased | Stage::Leased { .. } | Stage::Off => None,
        }
    }

    /// Takes in that everything of a life is off, from the keeper of the node. If the life was not
    /// over it is over now.
    pub fn handle_off(&mut self, life: &NodeLife) {
        if *life == self.node_life {
            self.agent.stop_itself();
            self.stage = Stage::Off;
        }
    }

    /// Begins another life with this number, which was stored before.
    ///
    /// # Errors
    ///
    /// Something of the present life may still run, or the number is not above the present one.
    /// Nothing has changed then.
    pub fn begin(&mut self, incarnation: Incarnation) -> Result<(), NotOff> {
        if self.stage != Stage::Off || incarnation <= self.node_life.incarnation {
            return Err(NotOff);
        }
        *self = Self::new(NodeLife { incarnation, ..self.node_life.clone() }, self.timing);
        Ok(())
    }

    /// Returns the end of the lease, for the keeper; `None` without a lease.
    #[must_use]
    pub const fn lease_ends(&self) -> Option<Local> {
        match self.stage {
            Stage::Leased { until } => Some(until),
            Stage::Unleased | Stage::Stopping { .. } | Stage::Off => None,
        }
    }

    /// Returns the part of the lease that is left.
    #[must_use]
    pub fn lease_left(&self, now: Local) -> Duration {
        self.lease_ends().map_or(Duration::ZERO, |until| until.since(now))
    }

    /// Tells whether the life is over.
    #[must_use]
    pub fn is_over(&self, now: Local) -> bool {
        match self.stage {
            Stage::Unleased => false,
            Stage::Leased { until } => until <= now,
            Stage::Stopping { .. } | Stage::Off => true,
        }
    }
}

/// A life cannot begin: something of the present one may still run, or its number is not higher.
/// Nothing has changed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the life before is not off, or its number is not lower")]
pub struct NotOff;
