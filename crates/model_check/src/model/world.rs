//! What the cluster does not see: machines, what really runs on them, and what is under way.
//!
//! Agents are honest. They carry out what the contract in [`quorate::agent`] admits: nothing that is
//! older than what they know, and one operation of a resource at a time. They say that something is
//! off only if it is, and list what is still starting or stopping among what runs; what they have in
//! hands ends after they are back. Starts on a machine that is cut off wait until it is heard again,
//! or are lost; other orders to it are lost. Its answers on their way arrive all the same.

use quorate::agent::{Admission, Desk, Life, Meanwhile, Task};
use quorate::cluster::Outcome;
use quorate::id::Epoch;
use quorate::state::OperationKind;
use quorate::{Effect, Incarnation, OpId};

use super::declare::{FAILOVERS, GROUPS, NODES, RESOURCES, group_of, members};
use super::list::List;
use super::state::Core;

/// Stands for "no resource" in an order to fence a node.
pub(crate) const NO_RESOURCE: u8 = u8::MAX;

/// Everything that the cluster does not see, and what is left to happen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct World {
    pub(crate) machines: [Machine; NODES],
    /// On their way to agents and fencing devices, oldest first.
    pub(crate) orders: List<Order, 12>,
    /// On their way to the cluster, and new to it.
    pub(crate) letters: List<Letter, 12>,
    /// Faults that may still happen.
    pub(crate) faults: u8,
    /// Moves that an operator may still ask for; in a scene, deeds.
    pub(crate) moves: u8,
    /// Milliseconds since the cluster was last told something.
    pub(crate) idle: u64,
    pub(crate) diary: Diary,
}

/// What the checks remember; it follows from the state of the cluster as long as that is right, so
/// it is no part of what tells states apart.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Diary {
    pub(crate) last_operation: u32,
    pub(crate) restarts: [u8; RESOURCES],
    pub(crate) failovers: [u8; GROUPS],
    pub(crate) fences: [u8; NODES],
    /// What the machines were found to run when they booted, until it is gone; bits as in
    /// `Seen::orphans`.
    pub(crate) rogues: u16,
    /// The last letters that came too late or came before; they go on coming.
    pub(crate) past: [Option<Letter>; 6],
    /// How many there were.
    pub(crate) remembered: u32,
}

impl Diary {
    /// Remembers a letter, and forgets the oldest.
    pub(crate) fn remember(&mut self, letter: Letter) {
        self.past.rotate_right(1);
        self.past[0] = Some(letter);
        self.remembered += 1;
    }
}

/// A machine with its agents.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Machine {
    pub(crate) is_powered: bool,
    /// Whether it hears and is heard.
    pub(crate) is_connected: bool,
    pub(crate) places: [Place; RESOURCES],
    life: Life,
    /// The latest epoch of each group that its agents know.
    epochs: [Epoch; GROUPS],
    /// The contract of its agents, for each resource. Only an operation that hangs is under way there.
    desks: [Desk; RESOURCES],
}

/// What a resource really does on a machine.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) enum Place {
    #[default]
    Off,
    /// A start that hangs; it may come to its end.
    Starting,
    /// A stop or terminate that hangs; it comes to its end, perhaps after the machine was lost and
    /// is back.
    Stopping,
    /// As it was asked to.
    Running,
    /// Somebody else started it when the machine booted.
    Rogue,
    /// The same, and a stop or terminate of it hangs.
    RogueStopping,
}

impl Place {
    /// Whether an operation on it hangs, which may come to its end.
    pub(crate) const fn hangs(self) -> bool {
        matches!(self, Self::Starting | Self::Stopping | Self::RogueStopping)
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
    /// A node says what it runs, as bits.
    Listed {
        order: Order,
        running: u8,
    },
    /// A resource failed by itself.
    Failed {
        node: u8,
        resource: u8,
        life: u16,
        /// The run that ended; 0 names none.
        run: u32,
    },
}

/// How an order is dealt with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Manner {
    Succeed,
    Fail,
    /// It says that it failed, and has done it all the same.
    FailDone,
    /// A start, stop or terminate that is not answered and may come to its end later.
    Hang,
    /// It is lost on its way.
    Lose,
    /// A fence that is carried out, and the answer is lost. For an agent that is a lost letter.
    SucceedMute,
}

impl Default for Order {
    fn default() -> Self {
        Self { id: 0, kind: OperationKind::Probe, node: 0, resource: 0, epoch: 0, life: 0 }
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::in_life(0)
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

    /// Whether the node is asked what it runs.
    pub(crate) const fn is_question(&self) -> bool {
        matches!(self.kind, OperationKind::Inventory)
    }

    fn task(&self) -> Task {
        Task {
            operation: OpId::new(self.id.into()),
            action: self.kind,
            epoch: Epoch::new(self.epoch.into()),
            incarnation: Incarnation::new(self.life.into()),
        }
    }
}

impl World {
    /// Takes on what the cluster asks for; what is for a machine that is off goes nowhere.
    pub(crate) fn take(&mut self, order: Order) {
        if order.is_fence() || self.machines[usize::from(order.node)].is_powered {
            self.orders.push(order);
        }
    }

    /// Deals with an order.
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

    /// Sorts out what has no effect any more: letters that tell nothing new are remembered, orders
    /// that their agent refuses are gone, and so is what waits for a machine to be heard again, but
    /// for starts: only they can do harm.
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
            // That a fence comes too late is a fault.
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

    /// A machine loses power.
    pub(crate) fn crash(&mut self, node: usize) {
        let machine = &mut self.machines[node];
        machine.is_powered = false;
        machine.places = [Place::Off; RESOURCES];
        machine.is_connected = false;
        self.orders.retain(|order| order.is_fence() || usize::from(order.node) != node);
    }

    /// A machine is cut off and runs on.
    pub(crate) fn cut(&mut self, node: usize) {
        self.machines[node].is_connected = false;
    }

    /// Whether an order can arrive now.
    pub(crate) fn can_arrive(&self, order: &Order) -> bool {
        order.is_fence() || self.machines[usize::from(order.node)].is_reachable()
    }

    /// An order waits at its agent until an older operation, which hangs, has ended.
    pub(crate) fn is_held_up(&self, order: &Order) -> bool {
        let is_of_resource = order.resource != NO_RESOURCE;
        is_of_resource && self.machines[usize::from(order.node)].holds_up(order)
    }

    /// A machine that is off starts in a new life, perhaps with something that nobody asked for.
    pub(crate) fn boot(&mut self, node: usize, rogue: Option<usize>) {
        let life = self.machines[node].life() + 1;
        self.machines[node] =
            Machine { is_powered: true, is_connected: true, ..Machine::in_life(life) };
        self.diary.rogues &= !(((1 << RESOURCES) - 1) << (node * RESOURCES));
        if let Some(resource) = rogue {
            self.diary.rogues |= 1 << (node * RESOURCES + resource);
            self.machines[node].places[resource] = Place::Rogue;
        }
    }

    /// Something begins to run that nobody asked for.
    pub(crate) fn begin(&mut self, node: usize, resource: usize) {
        self.machines[node].places[resource] = Place::Rogue;
    }

    /// Its group takes over what runs there.
    pub(crate) fn take_over(&mut self, node: usize, resource: usize) {
        let place = &mut self.machines[node].places[resource];
        if *place == Place::Rogue {
            *place = Place::Running;
        }
    }

    /// A resource dies, and its agent says so.
    pub(crate) fn fail(&mut self, node: usize, resource: usize) {
        let machine = &mut self.machines[node];
        machine.places[resource] = Place::Off;
        let run = machine.run(resource);
        let (node, resource) = (narrow(node), narrow(resource));
        self.letters.push(Letter::Failed { node, resource, life: machine.life(), run });
    }

    /// The machines on which a resource runs, or is starting, because it was asked to.
    pub(crate) fn copies(&self, resource: usize) -> impl Iterator<Item = usize> + '_ {
        (0..NODES).filter(move |node| {
            matches!(
                self.machines[*node].places[resource],
                Place::Running | Place::Starting | Place::Stopping
            )
        })
    }

    /// The machines on which anything of a group runs as asked, as bits.
    pub(crate) fn spread(&self, group: usize) -> u8 {
        members(group)
            .into_iter()
            .flat_map(|resource| self.copies(resource))
            .fold(0, |bits, node| bits | 1 << node)
    }

    /// Whether a failover of the group would be one too many.
    pub(crate) const fn is_out_of_failovers(&self, group: usize) -> bool {
        self.diary.failovers[group] >= FAILOVERS
    }
}

impl Machine {
    /// A machine that is off, of which only its life is known.
    fn in_life(life: u16) -> Self {
        Self {
            is_powered: false,
            is_connected: false,
            places: Default::default(),
            life: Life::new(Incarnation::new(life.into())),
            epochs: Default::default(),
            desks: Default::default(),
        }
    }

    pub(crate) fn life(&self) -> u16 {
        u16::try_from(self.life.incarnation().value()).expect("few lives")
    }

    pub(crate) const fn is_reachable(&self) -> bool {
        self.is_powered && self.is_connected
    }

    /// What runs, and what is starting.
    pub(crate) fn inventory(&self) -> impl Iterator<Item = usize> + '_ {
        (0..RESOURCES).filter(|resource| self.places[*resource] != Place::Off)
    }

    /// An operation that hung comes to its end.
    pub(crate) fn ripen(&mut self, resource: usize) {
        let place = &mut self.places[resource];
        *place = match *place {
            Place::Starting => Place::Running,
            Place::Stopping | Place::RogueStopping => Place::Off,
            place @ (Place::Off | Place::Running | Place::Rogue) => place,
        };
        self.end(resource, Outcome::Succeeded);
    }

    /// Its agent cancels an operation that hangs; it has no effect any more.
    fn break_off(&mut self, resource: usize) {
        let place = &mut self.places[resource];
        *place = match *place {
            Place::Starting => Place::Off,
            Place::Stopping => Place::Running,
            Place::RogueStopping => Place::Rogue,
            place @ (Place::Off | Place::Running | Place::Rogue) => place,
        };
        self.end(resource, Outcome::Failed);
    }

    /// The operation that is under way for a resource has ended.
    fn end(&mut self, resource: usize, outcome: Outcome) {
        let desk = &mut self.desks[resource];
        if let Some(task) = desk.under_way() {
            desk.end(task.operation, outcome);
        }
    }

    /// Its agents are restarted: what they had in hands ends with them, and they remember nothing.
    pub(crate) fn restart_agents(&mut self) {
        (0..RESOURCES).for_each(|resource| self.break_off(resource));
        self.life = Life::without_memory(self.life.incarnation());
        self.epochs = Default::default();
        self.desks = Default::default();
    }

    /// Its agents learn up to which operation they remember nothing.
    pub(crate) fn set_floor(&mut self, floor: OpId) {
        self.life.set_floor(floor);
    }

    /// The start that the run of a resource goes back to, as its agent knows it; 0 is not known.
    pub(crate) fn run(&self, resource: usize) -> u32 {
        let run = self.desks[resource].run().unwrap_or_default();
        u32::try_from(run.value()).expect("few operations")
    }

    pub(crate) fn is_starting_something(&self) -> bool {
        self.places.contains(&Place::Starting)
    }

    /// Whether its agents refuse an order.
    pub(crate) fn refuses(&self, order: &Order) -> bool {
        if order.is_question() {
            let (operation, life) = (OpId::new(order.id.into()), order.life.into());
            return self.life.check_inventory(operation, Incarnation::new(life)).is_err();
        }
        self.admission(order).is_none()
    }

    /// Whether an order has to wait for one that hangs.
    fn holds_up(&self, order: &Order) -> bool {
        let admission = self.admission(order).map(|(_, admission)| admission);
        matches!(admission, Some(Admission::Wait { meanwhile: Meanwhile::LetItEnd, .. }))
    }

    /// The admission of an order by the contract, and the record of its resource after it; `None` if
    /// it is refused.
    fn admission(&self, order: &Order) -> Option<(Desk, Admission)> {
        let resource = usize::from(order.resource);
        let (task, mut desk) = (order.task(), self.desks[resource]);
        self.life.check(task, self.epochs[group_of(resource)], Some(desk)).ok()?;
        let admission = desk.admit(task).ok()?;
        Some((desk, admission))
    }

    fn carry_out(&mut self, order: &Order, manner: Manner) -> Option<Outcome> {
        if manner == Manner::Lose {
            return None;
        }
        let (mut desk, admission) = self.admission(order)?;
        let resource = usize::from(order.resource);
        if let Admission::Wait { behind, .. } = admission {
            self.break_off(resource);
            desk.end(behind.operation, Outcome::Failed);
        }
        self.desks[resource] = desk;
        let epoch = &mut self.epochs[group_of(resource)];
        *epoch = (*epoch).max(Epoch::new(order.epoch.into()));
        let outcome = self.work(order, manner);
        let hangs = self.places[resource].hangs();
        if !hangs {
            self.end(resource, outcome.unwrap_or(Outcome::Failed));
        }
        outcome
    }

    /// Does what an agent was asked for; the outcome, if it says one.
    fn work(&mut self, order: &Order, manner: Manner) -> Option<Outcome> {
        let place = &mut self.places[usize::from(order.resource)];
        let is_done = matches!(manner, Manner::Succeed | Manner::FailDone | Manner::SucceedMute);
        let is_on = *place != Place::Off;
        match order.kind {
            OperationKind::Start if is_done => *place = Place::Running,
            OperationKind::Start if manner == Manner::Hang => *place = Place::Starting,
            OperationKind::Stop | OperationKind::Terminate if manner == Manner::Hang && is_on => {
                *place = match *place {
                    Place::Rogue | Place::RogueStopping => Place::RogueStopping,
                    Place::Off | Place::Starting | Place::Stopping | Place::Running => {
                        Place::Stopping
                    }
                };
            }
            OperationKind::Stop | OperationKind::Terminate if is_done => *place = Place::Off,
            OperationKind::Probe if manner == Manner::Succeed => {
                return Some(if is_on { Outcome::Running } else { Outcome::NotRunning });
            }
            _ => {}
        }
        match manner {
            Manner::Succeed => Some(Outcome::Succeeded),
            Manner::Fail | Manner::FailDone => Some(Outcome::Failed),
            Manner::Hang | Manner::Lose | Manner::SucceedMute => None,
        }
    }
}

/// The index of one of the few things there are.
pub(crate) fn narrow(index: usize) -> u8 {
    u8::try_from(index).expect("few things")
}
