//! The part of a state that the cluster does not see: machines, what really runs on them, and what
//! is under way.
//!
//! Starts on a machine that is cut off wait until it is heard again, or are lost; other orders to it
//! are lost. Its answers on their way still arrive.

use quorate::agent::Task;
use quorate::cluster::Outcome;
use quorate::id::Epoch;
use quorate::state::OperationKind;
use quorate::{Effect, Incarnation, OpId};

use super::declare::{FAILOVERS, GROUPS, NODES, RESOURCES, members};
use super::list::List;
use super::machine::{Machine, Place};
use super::state::Core;

/// The value of `resource` in an order to fence a node.
pub(crate) const NO_RESOURCE: u8 = u8::MAX;

/// Everything that the cluster does not see, and what may still happen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct World {
    pub(crate) machines: [Machine; NODES],
    /// Orders on their way to agents and fencing devices, oldest first.
    pub(crate) orders: List<Order, 12>,
    /// Letters on their way to the cluster, with something new to it.
    pub(crate) letters: List<Letter, 12>,
    /// Number of faults that may still happen.
    pub(crate) faults: u8,
    /// Number of moves that an operator may still ask for, or of deeds in a scene.
    pub(crate) moves: u8,
    /// Milliseconds since the cluster was last told something.
    pub(crate) idle: u64,
    pub(crate) diary: Diary,
}

/// The memory of the checks. It follows from the state of the cluster as long as that is right, so
/// it is no part of the key.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Diary {
    pub(crate) last_operation: u32,
    pub(crate) restarts: [u8; RESOURCES],
    pub(crate) failovers: [u8; GROUPS],
    pub(crate) fences: [u8; NODES],
    /// The unasked resources that machines ran when they booted, until they are gone; bits as in
    /// `Seen::orphans`.
    pub(crate) rogues: u16,
    /// The last letters that came too late or repeatedly; they may come again.
    pub(crate) past: [Option<Letter>; 6],
    /// Number of letters that were ever remembered.
    pub(crate) remembered: u32,
}

impl Diary {
    /// Remembers a letter, and forgets the oldest one.
    pub(crate) fn remember(&mut self, letter: Letter) {
        self.past.rotate_right(1);
        self.past[0] = Some(letter);
        self.remembered += 1;
    }
}

/// An operation on its way.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Order {
    pub(crate) id: u32,
    pub(crate) kind: OperationKind,
    pub(crate) node: u8,
    pub(crate) resource: u8,
    pub(crate) epoch: u16,
    pub(crate) life: u16,
}

/// Something on its way to the cluster.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) enum Letter {
    Answer {
        order: Order,
        outcome: Outcome,
    },
    /// A node reports what it runs, as bits.
    Listed {
        order: Order,
        running: u8,
    },
    /// A resource failed by itself.
    Failed {
        node: u8,
        resource: u8,
        life: u16,
        /// The run that ended; 0 if the report names none.
        run: u32,
    },
}

/// The way in which an order is handled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Manner {
    Succeed,
    Fail,
    /// The agent reports a failure although the work is done.
    FailDone,
    /// A start, stop or terminate is not answered and may end later.
    Hang,
    /// The order is lost on its way.
    Lose,
    /// A fence is carried out, and the answer is lost. For an agent that would be a lost letter.
    SucceedMute,
}

impl Default for Order {
    fn default() -> Self {
        Self { id: 0, kind: OperationKind::Probe, node: 0, resource: 0, epoch: 0, life: 0 }
    }
}

impl Default for Letter {
    fn default() -> Self {
        Self::Failed { node: 0, resource: 0, life: 0, run: 0 }
    }
}

impl Order {
    pub(crate) fn of(effect: &Effect) -> Self {
        Self {
            id: u32::try_from(effect.operation.value()).expect("few operations"),
            kind: effect.action,
            node: u8::try_from(effect.node.index()).expect("few nodes"),
            resource: effect
                .resource
                .map_or(NO_RESOURCE, |id| u8::try_from(id.index()).expect("few resources")),
            epoch: u16::try_from(effect.epoch.value()).expect("few epochs"),
            life: u16::try_from(effect.incarnation.value()).expect("few lives"),
        }
    }

    pub(crate) const fn is_fence(&self) -> bool {
        matches!(self.kind, OperationKind::Fence)
    }

    /// Tells whether the order asks a node what it runs.
    pub(crate) const fn is_question(&self) -> bool {
        matches!(self.kind, OperationKind::Inventory)
    }

    pub(crate) fn task(&self) -> Task {
        Task {
            operation: OpId::new(self.id.into()),
            action: self.kind,
            epoch: Epoch::new(self.epoch.into()),
            incarnation: Incarnation::new(self.life.into()),
        }
    }
}

impl World {
    /// Takes in an order of the cluster. An order to a machine that is off is dropped.
    pub(crate) fn take(&mut self, order: Order) {
        if order.is_fence() || self.machines[usize::from(order.node)].is_powered {
            self.orders.push(order);
        }
    }

    /// Carries out an order in a manner.
    pub(crate) fn work(&mut self, index: usize, manner: Manner) {
        let order = self.orders.remove(index);
        if order.is_question() {
            if manner == Manner::Succeed {
                let all = self.machines[usize::from(order.node)].inventory();
                let running = all.fold(0, |bits, id| bits | 1 << id);
                self.letters.push(Letter::Listed { order, running });
            }
            return;
        }
        let outcome = if order.is_fence() {
            self.fence(&order, manner)
        } else {
            self.machines[usize::from(order.node)].carry_out(&order, manner)
        };
        if let Some(outcome) = outcome {
            self.letters.push(Letter::Answer { order, outcome });
        }
    }

    /// Removes everything without effect: letters without news go to the diary, and orders that
    /// their agents refuse are dropped. Orders that wait for a machine to be heard again are
    /// dropped too, except for starts, because only they can do harm.
    pub(crate) fn tidy(&mut self, core: &Core) {
        let counts = |letter: &Letter| core.counts(letter);
        let stale = self.letters;
        for letter in stale.as_slice().iter().filter(|letter| !counts(letter)) {
            self.diary.remember(*letter);
        }
        self.letters.retain(counts);
        let machines = self.machines;
        self.orders.retain(|order| {
            let machine = &machines[usize::from(order.node)];
            let can_wait = machine.is_connected || order.kind == OperationKind::Start;
            order.is_fence() || can_wait && !machine.refuses(order)
        });
        if self.faults == 0 {
            // A fence that comes too late is a fault.
            self.orders.retain(|order| !order.is_fence() || core.is_live(order.id));
        }
    }

    fn fence(&mut self, order: &Order, manner: Manner) -> Option<Outcome> {
        let node = usize::from(order.node);
        match manner {
            Manner::Succeed => {
                self.crash(node);
                Some(Outcome::Succeeded)
            }
            Manner::SucceedMute => {
                self.crash(node);
                None
            }
            Manner::FailDone => {
                self.crash(node);
                Some(Outcome::Failed)
            }
            Manner::Fail => Some(Outcome::Failed),
            Manner::Hang | Manner::Lose => None,
        }
    }

    /// Cuts the power of a machine.
    pub(crate) fn crash(&mut self, node: usize) {
        let machine = &mut self.machines[node];
        machine.is_powered = false;
        machine.places = [Place::Off; RESOURCES];
        machine.is_connected = false;
        self.orders.retain(|order| order.is_fence() || usize::from(order.node) != node);
    }

    /// Cuts a machine off; it runs on.
    pub(crate) fn cut(&mut self, node: usize) {
        self.machines[node].is_connected = false;
    }

    /// Tells whether an order can arrive now.
    pub(crate) fn can_arrive(&self, order: &Order) -> bool {
        order.is_fence() || self.machines[usize::from(order.node)].is_reachable()
    }

    /// Tells whether an order waits at its agent until an older operation, which hangs, has ended.
    pub(crate) fn is_held_up(&self, order: &Order) -> bool {
        let is_of_resource = order.resource != NO_RESOURCE;
        is_of_resource && self.machines[usize::from(order.node)].holds_up(order)
    }

    /// Boots a machine that is off into a new life, perhaps with a resource that the cluster did
    /// not ask for.
    pub(crate) fn boot(&mut self, node: usize, rogue: Option<usize>) {
        let life = self.machines[node].life() + 1;
        self.machines[node] = Machine::booted(life);
        self.diary.rogues &= !(((1 << RESOURCES) - 1) << (node * RESOURCES));
        if let Some(resource) = rogue {
            self.diary.rogues |= 1 << (node * RESOURCES + resource);
            self.machines[node].places[resource] = Place::Rogue;
        }
    }

    /// Lets a resource run that the cluster did not ask for.
    pub(crate) fn begin(&mut self, node: usize, resource: usize) {
        self.machines[node].places[resource] = Place::Rogue;
    }

    /// Marks what runs there as taken over by its group.
    pub(crate) fn take_over(&mut self, node: usize, resource: usize) {
        let place = &mut self.machines[node].places[resource];
        if *place == Place::Rogue {
            *place = Place::Running;
        }
    }

    /// Lets a resource die, which its agent reports.
    pub(crate) fn fail(&mut self, node: usize, resource: usize) {
        let machine = &mut self.machines[node];
        machine.places[resource] = Place::Off;
        let run = machine.run(resource);
        let (node, resource) = (narrow(node), narrow(resource));
        self.letters.push(Letter::Failed { node, resource, life: machine.life(), run });
    }

    /// Returns the machines on which a resource runs, or is starting, because the cluster asked for
    /// it.
    pub(crate) fn copies(&self, resource: usize) -> impl Iterator<Item = usize> + '_ {
        (0..NODES).filter(move |node| {
            matches!(
                self.machines[*node].places[resource],
                Place::Running | Place::Starting | Place::Stopping
            )
        })
    }

    /// Returns the machines on which anything of a group runs as asked, as bits.
    pub(crate) fn spread(&self, group: usize) -> u8 {
        members(group)
            .into_iter()
            .flat_map(|resource| self.copies(resource))
            .fold(0, |bits, node| bits | 1 << node)
    }

    /// Tells whether the group has no failover left.
    pub(crate) const fn is_out_of_failovers(&self, group: usize) -> bool {
        self.diary.failovers[group] >= FAILOVERS
    }
}

/// Converts an index, which is always small.
pub(crate) fn narrow(index: usize) -> u8 {
    u8::try_from(index).expect("few things")
}
