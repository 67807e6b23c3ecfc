//! Machines with their agents.
//!
//! Agents are honest. They carry out what the contract in [`quorate::agent`] admits: nothing older
//! than what they know, and one operation of a resource at a time. They report something to be off
//! only if it is, and list what is still starting or stopping among what runs; their operations
//! under way end after they are back.

use quorate::agent::{Admission, AgentLife, Desk, Meanwhile};
use quorate::cluster::Outcome;
use quorate::id::Epoch;
use quorate::state::OperationKind;
use quorate::{Incarnation, OpId};

use super::declare::{GROUPS, RESOURCES, group_of};
use super::world::{Manner, Order};

/// A machine with its agents.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Machine {
    pub(crate) is_powered: bool,
    /// True if messages to and from the machine arrive.
    pub(crate) is_connected: bool,
    pub(crate) places: [Place; RESOURCES],
    life: AgentLife,
    /// The latest epoch of each group that its agents know.
    epochs: [Epoch; GROUPS],
    /// The records of its agents under the contract, one for each resource. Only operations that
    /// hang are under way there.
    desks: [Desk; RESOURCES],
}

/// The real condition of a resource on a machine.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) enum Place {
    #[default]
    Off,
    /// A start hangs, which may end.
    Starting,
    /// A stop or terminate hangs, which may end even after the machine was lost and is back.
    Stopping,
    /// The resource runs as the cluster asked for it.
    Running,
    /// The resource was started from elsewhere when the machine booted.
    Rogue,
    /// The resource was started from elsewhere, and a stop or terminate of it hangs.
    RogueStopping,
}

impl Place {
    /// Tells whether an operation hangs that may end.
    pub(crate) const fn hangs(self) -> bool {
        matches!(self, Self::Starting | Self::Stopping | Self::RogueStopping)
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::in_life(0)
    }
}

impl Machine {
    /// Returns a machine that is off and has only a life.
    fn in_life(life: u16) -> Self {
        Self {
            is_powered: false,
            is_connected: false,
            places: Default::default(),
            life: AgentLife::new(Incarnation::new(life.into())),
            epochs: Default::default(),
            desks: Default::default(),
        }
    }

    /// Returns a machine that has just booted into a life.
    pub(crate) fn booted(life: u16) -> Self {
        Self { is_powered: true, is_connected: true, ..Self::in_life(life) }
    }

    pub(crate) fn life(&self) -> u16 {
        u16::try_from(self.life.incarnation().value()).expect("few lives")
    }

    pub(crate) const fn is_reachable(&self) -> bool {
        self.is_powered && self.is_connected
    }

    /// Returns the resources that run or are starting.
    pub(crate) fn inventory(&self) -> impl Iterator<Item = usize> + '_ {
        (0..RESOURCES).filter(|resource| self.places[*resource] != Place::Off)
    }

    /// Ends an operation that hung.
    pub(crate) fn ripen(&mut self, resource: usize) {
        let place = &mut self.places[resource];
        *place = match *place {
            Place::Starting => Place::Running,
            Place::Stopping | Place::RogueStopping => Place::Off,
            place @ (Place::Off | Place::Running | Place::Rogue) => place,
        };
        self.end(resource, Outcome::Succeeded);
    }

    /// Cancels an operation that hangs; it has no effect any more.
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

    /// Ends the operation that is under way for a resource.
    fn end(&mut self, resource: usize, outcome: Outcome) {
        let desk = &mut self.desks[resource];
        if let Some(task) = desk.under_way() {
            desk.end(task.operation, outcome);
        }
    }

    /// Restarts the agents without their memory: their operations under way end with them.
    pub(crate) fn restart_agents(&mut self) {
        (0..RESOURCES).for_each(|resource| self.break_off(resource));
        self.life = AgentLife::without_memory(self.life.incarnation());
        self.epochs = Default::default();
        self.desks = Default::default();
    }

    /// Tells the agents up to which operation they remember nothing.
    pub(crate) fn set_floor(&mut self, floor: OpId) {
        self.life.set_floor(floor);
    }

    /// Returns the start that began the run of a resource, as its agent knows it; 0 if unknown.
    pub(crate) fn run(&self, resource: usize) -> u32 {
        let run = self.desks[resource].run().unwrap_or_default();
        u32::try_from(run.value()).expect("few operations")
    }

    pub(crate) fn is_starting_something(&self) -> bool {
        self.places.contains(&Place::Starting)
    }

    /// Tells whether its agents refuse an order.
    pub(crate) fn refuses(&self, order: &Order) -> bool {
        if order.is_question() {
            let (operation, life) = (OpId::new(order.id.into()), order.life.into());
            return self.life.check_inventory(operation, Incarnation::new(life)).is_err();
        }
        self.admission(order).is_none()
    }

    /// Tells whether an order has to wait for one that hangs.
    pub(crate) fn holds_up(&self, order: &Order) -> bool {
        let admission = self.admission(order).map(|(_, admission)| admission);
        matches!(admission, Some(Admission::Wait { meanwhile: Meanwhile::LetItEnd, .. }))
    }

    /// Returns the admission of an order by the contract, and the record of its resource after it;
    /// `None` if it is refused.
    fn admission(&self, order: &Order) -> Option<(Desk, Admission)> {
        let resource = usize::from(order.resource);
        let (task, mut desk) = (order.task(), self.desks[resource]);
        self.life.check(task, self.epochs[group_of(resource)], Some(desk)).ok()?;
        let admission = desk.admit(task).ok()?;
        Some((desk, admission))
    }

    pub(crate) fn carry_out(&mut self, order: &Order, manner: Manner) -> Option<Outcome> {
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

    /// Carries out an order. Returns the outcome, if the agent reports one.
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
