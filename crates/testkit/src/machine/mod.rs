//! A machine with its agents, on which resources really run. The cluster knows of it only what is
//! reported.
//!
//! Histories call everything by name, because ids change with the configuration; the simulator
//! calls it by small numbers that stand for names.
//!
//! Agents are honest unless told to lie: they carry out what [`Agent`] admits, report something to
//! be off only if it is, and list what is still starting or stopping among what runs.

pub(crate) mod doubles;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use quorate::Timestamp;
use quorate::agent::{Agent, Task};
use quorate::cluster::RunningState;
use quorate::id::{Incarnation, Naming, OpId};
use quorate::settings::Fencing;
use quorate::state::OperationKind;

pub(crate) use work::{Finished, Manner, Taken};

/// The messages that get through between a machine and the rest.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Link {
    /// All messages get through.
    #[default]
    Whole,
    /// Only messages from the machine get through.
    Deaf,
    /// Only messages to the machine get through.
    Mute,
    /// No messages get through.
    Cut,
}

/// The reason why a resource runs or is starting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Right {
    /// The cluster asked for it.
    Asked,
    /// Something else started it, or something untrue was reported of it: no promise covers it.
    Rogue,
}

/// A start under way.
#[derive(Clone, Copy, Debug)]
struct Start {
    operation: OpId,
    right: Right,
}

/// A machine.
#[derive(Clone, Debug)]
pub(crate) struct Machine<N: Naming> {
    pub(crate) is_powered: bool,
    pub(crate) is_frozen: bool,
    pub(crate) link: Link,
    /// The time at which it stops everything by itself, because it lost contact.
    pub(crate) stops_at: Option<u64>,
    /// True if the machine was reported to be off while it ran. No promise covers what it still
    /// starts.
    is_disowned: bool,
    running: BTreeMap<N::Resource, Right>,
    starting: BTreeMap<N::Resource, Start>,
    /// The agents' knowledge of the operations that were asked of them.
    agent: Agent<N>,
}

impl<N: Naming> Default for Machine<N> {
    fn default() -> Self {
        Self {
            is_powered: false,
            is_frozen: false,
            link: Link::default(),
            stops_at: None,
            is_disowned: false,
            running: BTreeMap::new(),
            starting: BTreeMap::new(),
            agent: Agent::new(Incarnation::default()),
        }
    }
}

impl<N: Naming> Machine<N> {
    /// Tells whether messages to the machine arrive.
    pub(crate) fn hears(&self) -> bool {
        self.is_powered && !self.is_frozen && matches!(self.link, Link::Whole | Link::Mute)
    }

    /// Tells whether messages from the machine arrive.
    pub(crate) fn is_heard(&self) -> bool {
        self.is_powered && !self.is_frozen && matches!(self.link, Link::Whole | Link::Deaf)
    }

    /// Tells whether messages arrive in both directions.
    pub(crate) fn is_in_contact(&self) -> bool {
        self.hears() && self.is_heard()
    }

    /// Cuts the power of the machine.
    pub(crate) fn crash(&mut self) {
        self.halt();
        self.is_powered = false;
        self.is_frozen = false;
        self.stops_at = None;
    }

    /// Boots the machine, if it is off. If necessary it begins a new life, later than the known
    /// one.
    pub(crate) fn boot(&mut self, known: u64) {
        if !self.is_powered || self.must_begin_a_life() {
            self.is_powered = true;
            let life = self.incarnation().max(known).saturating_add(1);
            self.agent = Agent::new(Incarnation::new(life));
        }
    }

    /// Notes that the cluster has taken in the machine, and what it runs.
    pub(crate) fn note_joined(&mut self) {
        self.stops_at = None;
        self.is_disowned = false;
    }

    /// Returns the present life of the machine.
    pub(crate) const fn incarnation(&self) -> u64 {
        self.agent.life().incarnation().value()
    }

    /// Tells whether its agents admit nothing more in this life. They do not wait for a floor.
    pub(crate) const fn must_begin_a_life(&self) -> bool {
        self.agent.is_over().is_some() || self.agent.life().awaits_floor()
    }

    /// Notes that contact is lost: under a lease, the time of the machine begins to run.
    pub(crate) fn lose_contact(&mut self, now: u64, fencing: Fencing) {
        if let Fencing::Lease { duration, .. } = fencing {
            let end = Timestamp::from_millis(now).after(duration).as_millis();
            self.stops_at.get_or_insert(end);
        }
    }

    /// Tells whether it has to stop everything by itself now, because it lost contact.
    pub(crate) fn is_out_of_time(&self, now: u64) -> bool {
        self.stops_at.is_some_and(|at| at <= now)
    }

    /// Stops everything on the machine by its own decision, including the work of its agents.
    pub(crate) fn halt(&mut self) {
        self.agent.stop_itself();
        self.running.clear();
        self.starting.clear();
        self.is_disowned = false;
    }

    /// Restarts the agents without their memory; their operations under way end with them.
    pub(crate) fn lose_memory(&mut self) {
        if self.is_powered && self.agent.is_over().is_none() {
            self.starting.clear();
            self.agent = Agent::without_memory(self.agent.life().incarnation());
        }
    }

    /// Tells the agents up to which operation they remember nothing.
    pub(crate) fn set_floor(&mut self, floor: OpId) {
        self.agent.set_floor(floor);
    }

    /// Removes the agents' knowledge of groups and resources that are no longer declared.
    pub(crate) fn forget(
        &mut self,
        is_resource: impl Fn(&N::Resource) -> bool,
        is_group: impl Fn(&N::Group) -> bool,
    ) {
        self.agent.forget(is_resource, is_group);
    }

    /// Returns the resources that run because the cluster asked for it, in order.
    pub(crate) fn asked(&self) -> impl Iterator<Item = &N::Resource> {
        let asked = self.running.iter().filter(|(_, right)| **right == Right::Asked);
        asked.map(|(resource, _)| resource)
    }

    pub(crate) fn runs(&self, resource: &N::Resource) -> bool {
        self.running.contains_key(resource)
    }

    /// Tells whether a resource runs because the cluster asked for it.
    pub(crate) fn runs_as_asked(&self, resource: &N::Resource) -> bool {
        self.running.get(resource) == Some(&Right::Asked)
    }

    /// Returns the state of a resource that runs or is starting, as its agent knows it.
    pub(crate) fn state_of(&self, resource: &N::Resource) -> Option<RunningState> {
        if self.starting.contains_key(resource) {
            return Some(RunningState::Starting);
        }
        let is_stop = |task: Task| is_stop(task.action);
        self.runs(resource).then(|| match self.in_hands(resource).is_some_and(is_stop) {
            true => RunningState::Stopping,
            false => RunningState::Online,
        })
    }

    /// Returns everything that runs or is starting, in order.
    pub(crate) fn inventory(&self) -> Vec<(N::Resource, RunningState)> {
        let all: BTreeSet<&N::Resource> = self.running.keys().chain(self.starting.keys()).collect();
        all.into_iter().filter_map(|of| Some((of.clone(), self.state_of(of)?))).collect()
    }

    /// Returns the start that began the present run of a resource, as its agent knows it.
    pub(crate) fn run(&self, resource: &N::Resource) -> Option<OpId> {
        self.agent.run(resource)
    }

    /// Lets a resource die.
    pub(crate) fn kill(&mut self, resource: &N::Resource) {
        self.running.remove(resource);
        self.starting.remove(resource);
    }

    /// Lets a resource run for which the cluster did not ask.
    pub(crate) fn go_rogue(&mut self, resource: N::Resource) {
        self.running.entry(resource).or_insert(Right::Rogue);
    }

    /// Takes a copy that runs as asked for by the cluster from now on.
    pub(crate) fn own(&mut self, resource: &N::Resource) {
        if let Some(right) = self.running.get_mut(resource) {
            *right = Right::Asked;
        }
    }

    /// Disowns a copy, because something untrue was reported about it: no promise covers it any
    /// more.
    pub(crate) fn disown(&mut self, resource: &N::Resource) {
        if let Some(right) = self.running.get_mut(resource) {
            *right = Right::Rogue;
        }
        if let Some(start) = self.starting.get_mut(resource) {
            start.right = Right::Rogue;
        }
    }

    /// Disowns every copy on the machine, and those that it still starts in this life.
    pub(crate) fn disown_all(&mut self) {
        self.running.values_mut().for_each(|right| *right = Right::Rogue);
        self.starting.values_mut().for_each(|start| start.right = Right::Rogue);
        self.is_disowned = true;
    }
}

/// Tells whether an operation is to end a resource.
const fn is_stop(action: OperationKind) -> bool {
    matches!(action, OperationKind::Stop | OperationKind::Terminate)
}
