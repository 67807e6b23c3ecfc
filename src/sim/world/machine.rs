//! A machine with its agents.
//!
//! Agents are honest unless told to lie: they refuse what is older than what they know (an earlier
//! life of their machine, an earlier epoch of the group, an operation older than the last one for
//! the same resource), say that something is off only if it is, and list what is still starting
//! among what runs.

use std::vec::Vec;

use crate::cluster::Outcome;
use crate::state::OperationKind;

use super::bits::Bits;
use super::book::Key;
use super::op::{Manner, Op};

/// Which messages get through between a machine and the rest.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Link {
    /// All of them.
    #[default]
    Whole,
    /// Only what it sends.
    Deaf,
    /// Only what is sent to it.
    Mute,
    /// None.
    Cut,
}

/// A machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    pub(crate) is_powered: bool,
    pub(crate) is_frozen: bool,
    pub(crate) link: Link,
    /// The life that it is in.
    pub(crate) incarnation: u64,
    /// Counts the times that it was taken in or given up. What was sent before does not arrive
    /// after: a connection does not outlive membership.
    pub(crate) session: u32,
    /// Counts the times that everything on it stopped.
    pub(crate) shift: u32,
    /// When it stops everything by itself, because it lost contact.
    pub(crate) stops_at: Option<u64>,
    /// Somebody said that it is off while it ran: what it still starts is nobody's promise.
    pub(crate) is_disowned: bool,
    /// What runs because the cluster asked for it.
    asked: Bits,
    /// What runs for any other reason.
    rogue: Bits,
    starting: Vec<Starting>,
    /// By group.
    epochs: Vec<u64>,
    /// By resource: the last operation and what came of it.
    last: Vec<Last>,
}

/// A start under way.
#[derive(Clone, Copy, Debug)]
struct Starting {
    resource: Key,
    operation: u64,
    is_rogue: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Last {
    operation: u64,
    outcome: Option<Outcome>,
}

/// What an agent does with an order that arrives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Taken {
    /// It sets to work.
    Begun,
    /// It had done the work before, or refuses it, and says so at once.
    Answered(Outcome),
    /// It does not answer.
    Ignored,
}

impl Machine {
    /// Whether it hears what is sent to it.
    pub(crate) fn hears(&self) -> bool {
        self.is_powered && !self.is_frozen && matches!(self.link, Link::Whole | Link::Mute)
    }

    /// Whether what it says is heard.
    pub(crate) fn is_heard(&self) -> bool {
        self.is_powered && !self.is_frozen && matches!(self.link, Link::Whole | Link::Deaf)
    }

    /// It loses power.
    pub(crate) fn crash(&mut self) {
        self.halt();
        self.is_powered = false;
        self.is_frozen = false;
        self.stops_at = None;
    }

    /// It starts in a new life, if it is off.
    pub(crate) fn boot(&mut self, known: u64) {
        if !self.is_powered {
            self.is_powered = true;
            self.incarnation = self.incarnation.max(known).saturating_add(1);
            self.epochs.clear();
            self.last.clear();
        }
    }

    /// Everything on it stops, and what its agents were doing as well.
    pub(crate) fn halt(&mut self) {
        self.asked.clear();
        self.rogue.clear();
        self.starting.clear();
        self.shift = self.shift.saturating_add(1);
        self.is_disowned = false;
    }

    /// What its agents know of groups that are declared no more.
    pub(crate) fn forget(&mut self, is_declared: impl Fn(Key) -> bool) {
        for (index, epoch) in self.epochs.iter_mut().enumerate() {
            if !is_declared(Key::at(index)) {
                *epoch = 0;
            }
        }
    }

    /// What runs because the cluster asked for it.
    pub(crate) fn asked(&self) -> Bits {
        self.asked
    }

    /// What runs or is starting.
    pub(crate) fn inventory(&self) -> Bits {
        let mut all = self.asked.either(self.rogue);
        self.starting.iter().for_each(|start| all.add(start.resource));
        all
    }

    pub(crate) fn runs(&self, resource: Key) -> bool {
        self.asked.has(resource) || self.rogue.has(resource)
    }

    pub(crate) fn is_starting(&self, resource: Key) -> bool {
        self.starting.iter().any(|start| start.resource == resource)
    }

    /// A resource dies, or somebody kills it.
    pub(crate) fn kill(&mut self, resource: Key) {
        self.asked.remove(resource);
        self.rogue.remove(resource);
        self.starting.retain(|start| start.resource != resource);
    }

    pub(crate) fn go_rogue(&mut self, resource: Key) {
        self.rogue.add(resource);
    }

    /// Something untrue was said of a copy: nobody promises anything about it any more.
    pub(crate) fn disown(&mut self, resource: Key) {
        if self.asked.has(resource) {
            self.asked.remove(resource);
            self.rogue.add(resource);
        }
        for start in self.starting.iter_mut().filter(|start| start.resource == resource) {
            start.is_rogue = true;
        }
    }

    /// A copy is judged again, whatever was said of it.
    pub(crate) fn own(&mut self, resource: Key) {
        self.rogue.remove(resource);
        self.asked.add(resource);
    }

    /// The same for everything on it, and for what it still starts in this life.
    pub(crate) fn disown_all(&mut self) {
        self.rogue = self.rogue.either(self.asked);
        self.asked.clear();
        self.starting.iter_mut().for_each(|start| start.is_rogue = true);
        self.is_disowned = true;
    }

    /// An order arrives.
    pub(crate) fn take(&mut self, op: &Op, resource: Key, group: Option<Key>) -> Taken {
        let known = group.and_then(|group| self.epochs.get(group.index())).copied().unwrap_or(0);
        let last = self.last_of(resource);
        let is_stale =
            op.incarnation != self.incarnation || op.epoch < known || op.id < last.operation;
        if is_stale {
            return match op.action {
                OperationKind::Probe => Taken::Ignored,
                OperationKind::Start
                | OperationKind::Stop
                | OperationKind::Terminate
                | OperationKind::CheckLooksAlive
                | OperationKind::CheckIsAlive
                | OperationKind::Fence => Taken::Answered(Outcome::Failed),
            };
        }
        // What was dropped when the node stopped everything by itself is begun anew.
        let is_dropped =
            last.outcome.is_none() && op.taken_in.is_some_and(|shift| shift != self.shift);
        if last.operation == op.id && !is_dropped {
            return last.outcome.map_or(Taken::Ignored, Taken::Answered);
        }
        if let Some(group) = group {
            set(&mut self.epochs, group.index(), op.epoch);
        }
        set(&mut self.last, resource.index(), Last { operation: op.id, outcome: None });
        if op.action == OperationKind::Start {
            self.starting.retain(|start| start.resource != resource);
            let is_rogue = self.is_disowned || op.is_disowned;
            self.starting.push(Starting { resource, operation: op.id, is_rogue });
        }
        Taken::Begun
    }

    fn last_of(&self, resource: Key) -> Last {
        self.last.get(resource.index()).copied().unwrap_or_default()
    }

    /// Whether an agent still has this operation in hands.
    pub(crate) fn has_in_hands(&self, op: &Op, resource: Key) -> bool {
        let last = self.last_of(resource);
        self.is_powered
            && !self.is_frozen
            && op.taken_in == Some(self.shift)
            && last.operation == op.id
            && last.outcome.is_none()
    }

    /// An agent ends what it has in hands, and says what came of it.
    pub(crate) fn finish(&mut self, op: &Op, resource: Key, manner: Manner) -> Outcome {
        let outcome = self.carry_out(op, resource, manner);
        set(&mut self.last, resource.index(), Last { operation: op.id, outcome: Some(outcome) });
        outcome
    }

    fn carry_out(&mut self, op: &Op, resource: Key, manner: Manner) -> Outcome {
        let is_done = match manner {
            Manner::Well | Manner::Dirty => true,
            Manner::Badly | Manner::Lying => false,
        };
        let told = match manner {
            Manner::Well | Manner::Lying => Outcome::Succeeded,
            Manner::Badly | Manner::Dirty => Outcome::Failed,
        };
        match op.action {
            OperationKind::Start => {
                self.end_start(op.id, resource, is_done);
                told
            }
            OperationKind::Stop | OperationKind::Terminate => {
                if is_done {
                    self.kill(resource);
                } else if manner == Manner::Lying {
                    self.disown(resource);
                }
                told
            }
            OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive => {
                match is_done && self.runs(resource) {
                    true => Outcome::Succeeded,
                    false => Outcome::Failed,
                }
            }
            OperationKind::Probe => {
                match (is_done, self.runs(resource) || self.is_starting(resource)) {
                    (false, _) => Outcome::Failed,
                    (true, true) => Outcome::Running,
                    (true, false) => Outcome::NotRunning,
                }
            }
            OperationKind::Fence => Outcome::Failed,
        }
    }

    fn end_start(&mut self, operation: u64, resource: Key, is_done: bool) {
        let at = self
            .starting
            .iter()
            .position(|start| start.resource == resource && start.operation == operation);
        let Some(start) = at.map(|at| self.starting.swap_remove(at)) else { return };
        match (is_done, start.is_rogue) {
            (true, false) => self.asked.add(resource),
            (true, true) => self.rogue.add(resource),
            (false, _) => {}
        }
    }
}

/// Puts a value into its place, which may not exist yet.
fn set<T: Clone + Default>(list: &mut Vec<T>, index: usize, value: T) {
    if list.len() <= index {
        list.resize(index.saturating_add(1), T::default());
    }
    if let Some(slot) = list.get_mut(index) {
        *slot = value;
    }
}
