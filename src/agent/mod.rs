//! What an agent may carry out, and what it has to refuse: the contract of agents, as code.
//!
//! The core asks for one operation per resource at a time and waits until it is answered, proved
//! not to matter any more, or given up. Networks do not know that. An effect arrives late, twice,
//! after a newer one, or at an agent that was restarted in between; and two copies of a database
//! run, although the core never asked for two. So an agent, which is whatever starts and stops
//! resources on one node, keeps one [`Agent`] and asks it about every effect. It needs no clock,
//! no threads and no storage, and is small: of each resource it keeps one operation and what came
//! of it.
//!
//! 1. Ask [`Agent::admit`] about every effect for the node, but for fences, which are for a
//!    device, and inventories, which are about the whole node
//!    ([`Effect::order`](crate::Effect::order) gives `None` for these).
//!    - [`Admission::Begin`]: carry it out, and call [`Agent::end`] when it has ended.
//!    - [`Admission::Wait`]: an older operation of the same resource is still being carried out.
//!      Cancel that one, or let it end, as [`Meanwhile`] says; the newer one is handed out by
//!      [`Agent::end`] when the older one has ended.
//!    - [`Admission::UnderWay`]: the same operation again; nothing is to be done.
//!    - [`Admission::Done`]: the same operation again, which has ended. Report this outcome again.
//!    - A [`Refusal`] is to be logged. It is no outcome: nothing is reported, since the core does
//!      not wait for that operation any more, or will learn from its deadline that it failed.
//!
//!    What has outlived its time span ([`Effect::timeout`](crate::Effect::timeout)) without an end
//!    may be cancelled as well: the core has given it up.
//! 2. [`Agent::end`] says whether the outcome is to be reported, and what is to begin next.
//! 3. What is refused depends on the operation:
//!
//!    | | start | stop, terminate | check, probe |
//!    | --- | --- | --- | --- |
//!    | behind a newer operation of the same resource | refused | refused | refused |
//!    | for another life of the node | refused | refused | refused |
//!    | under an earlier ownership epoch of the group | refused | admitted | admitted |
//!
//!    An epoch never blocks a stop: to stop what is asked for under an old epoch is safe. Checks
//!    and probes change nothing, and the core does not count their answers if they are late.
//! 4. A node that stopped everything by itself, because its lease ran out, because it was cut off
//!    or because it leaves, says so with [`Agent::stop_itself`] before it stops the first resource.
//!    From then on nothing is admitted: what the core asked of this life may still be on its way,
//!    and the groups may run elsewhere by now. The node begins a new life with
//!    [`Agent::new`] and joins with that incarnation.
//! 5. An agent that lost its memory (its process was restarted, its node was not) may not guess
//!    what it knew. Either the node begins a new life, or the agent begins with
//!    [`Agent::without_memory`]: it admits nothing until a floor of operations has arrived with an
//!    answer to what it runs, and then nothing at or below it. What its predecessor had under way
//!    has to have ended before, or is listed as running.
//! 6. Whoever restores the core from a snapshot that is older than what it handed out last says so
//!    to every node ([`Agent::core_went_back`]), and each of them begins a new life: the core is
//!    going to use numbers of operations a second time. No report from before may reach the core
//!    after that. An agent cannot see it by itself, but it refuses what gives it away
//!    ([`Refusal::AnotherHistory`]). A core that stores its snapshot before it hands out what came
//!    of an input never goes back.
//! 7. A report that a resource failed, or is alive, names its run ([`Agent::run`]): the start that was
//!    carried out last. So the core can tell one that comes late, or twice, from one about the run
//!    that followed. An agent that lost its memory names none until it starts the resource anew.
//! 8. An inventory asks what the node runs, for resources were declared of which nobody knows whether
//!    they run already. Ask [`Agent::answers`], and list all that runs, with what is being started
//!    and stopped: by the declaration in force when it was asked, which the agent has to know by then.
//!    It does not touch what is under way, and no floor comes of it. The answer names the
//!    operation; a list that names none says that the agent lost its memory, as under 5.
//!
//! ```
//! use quorate::agent::{Admission, Agent, Ending, Order, Refusal, Task};
//! use quorate::id::{Epoch, Incarnation, Names, OpId};
//! use quorate::state::{OperationKind, Outcome};
//!
//! let order = |number, action| Order::<Names> {
//!     task: Task {
//!         operation: OpId::new(number),
//!         action,
//!         epoch: Epoch::new(1),
//!         incarnation: Incarnation::new(1),
//!     },
//!     resource: "db".into(),
//!     group: "sql".into(),
//! };
//! let mut agent = Agent::new(Incarnation::new(1));
//!
//! // The terminate overtakes the start that it follows.
//! let terminate = order(2, OperationKind::Terminate);
//! assert_eq!(agent.admit(&terminate), Ok(Admission::Begin));
//! let ending = agent.end(&terminate.resource, OpId::new(2), Outcome::Succeeded);
//! assert_eq!(ending, Ending::Report);
//! let start = order(1, OperationKind::Start);
//! assert_eq!(agent.admit(&start), Err(Refusal::Superseded { by: OpId::new(2) }));
//!
//! // A duplicate is answered, and not carried out again.
//! assert_eq!(agent.admit(&terminate), Ok(Admission::Done(Outcome::Succeeded)));
//! ```

use alloc::collections::BTreeMap;

use crate::id::{Epoch, Ids, Incarnation, Naming, OpId};
use crate::state::Outcome;

mod desk;
mod life;
mod order;
mod refusal;
#[cfg(test)]
mod tests;

pub use desk::{Admission, Desk, Ending, Meanwhile};
pub use life::Life;
pub use order::{Order, Task};
pub use refusal::{LifeOver, Refusal};

/// What the agents of one node know together; see the [module](self).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Agent<N: Naming = Ids> {
    life: Life,
    desks: BTreeMap<N::Resource, Desk>,
    epochs: BTreeMap<N::Group, Epoch>,
}

impl<N: Naming> Agent<N> {
    /// A node begins a life, which nothing has been asked of yet.
    #[must_use]
    pub const fn new(incarnation: Incarnation) -> Self {
        Self::with(Life::new(incarnation))
    }

    /// The agent was restarted in the same life of its node and remembers nothing: nothing is
    /// admitted until [`set_floor`](Self::set_floor).
    #[must_use]
    pub fn without_memory(incarnation: Incarnation) -> Self {
        Self::with(Life::without_memory(incarnation))
    }

    const fn with(life: Life) -> Self {
        Self { life, desks: BTreeMap::new(), epochs: BTreeMap::new() }
    }

    /// The life of the node, and whether anything is admitted in it.
    #[must_use]
    pub const fn life(&self) -> Life {
        self.life
    }

    /// Why the node has to begin a new life, if it has to.
    #[must_use]
    pub const fn is_over(&self) -> Option<LifeOver> {
        self.life.is_over()
    }

    /// Whether an effect is carried out. An error changes nothing.
    ///
    /// # Errors
    ///
    /// It is not to be carried out, and nothing is to be reported.
    pub fn admit(&mut self, order: &Order<N>) -> Result<Admission, Refusal> {
        let Order { task, resource, group } = order;
        let epoch = self.epochs.get(group).copied().unwrap_or_default();
        let desk = self.desks.get(resource).copied();
        self.life.check(*task, epoch, desk)?;
        let mut desk = desk.unwrap_or_default();
        let admission = desk.admit(*task)?;
        match self.desks.get_mut(resource) {
            Some(place) => *place = desk,
            None => {
                self.desks.insert(resource.clone(), desk);
            }
        }
        self.learn_epoch(group, task.epoch);
        Ok(admission)
    }

    /// Whether an inventory is answered, and nothing changes by that: what is under way goes on, and
    /// later effects are admitted as before. The answer lists all that runs on the node at this
    /// moment, also what was started by others, what is being started and what is being stopped
    /// ([`Input::NodeInventory`](crate::Input::NodeInventory) with this operation). Asked twice, it is
    /// answered twice, each time with what runs by then.
    ///
    /// # Errors
    ///
    /// It is for another life, or the agent does not remember enough. Nothing is to be reported: the
    /// core asks again, or hears from the node that joins.
    pub fn answers(&self, operation: OpId, incarnation: Incarnation) -> Result<(), Refusal> {
        self.life.check_inventory(operation, incarnation)
    }

    /// What was carried out has ended, well or not: whether that is reported, and what begins.
    pub fn end(&mut self, resource: &N::Resource, operation: OpId, outcome: Outcome) -> Ending {
        match self.desks.get_mut(resource) {
            Some(desk) if self.life.is_over().is_none() => desk.end(operation, outcome),
            Some(_) | None => Ending::Unknown,
        }
    }

    /// The group has another owner, and this is its epoch. An agent learns that from effects as
    /// well; to tell every agent what `OwnerChanged` says refuses a start that is late the sooner.
    pub fn learn_epoch(&mut self, group: &N::Group, epoch: Epoch) {
        match self.epochs.get_mut(group) {
            Some(known) => *known = (*known).max(epoch),
            None => {
                self.epochs.insert(group.clone(), epoch);
            }
        }
    }

    /// The start that the present run of a resource goes back to, for reports about that run.
    #[must_use]
    pub fn run(&self, resource: &N::Resource) -> Option<OpId> {
        self.desks.get(resource).and_then(Desk::run)
    }

    /// What is kept of a resource, if anything.
    #[must_use]
    pub fn desk(&self, resource: &N::Resource) -> Option<Desk> {
        self.desks.get(resource).copied()
    }

    /// What is being carried out, for each resource for which anything is.
    pub fn under_way(&self) -> impl Iterator<Item = (&N::Resource, Task)> {
        self.desks.iter().filter_map(|(resource, desk)| Some((resource, desk.under_way()?)))
    }

    /// The node stops everything by itself, or leaves: nothing more is admitted in this life.
    pub fn stop_itself(&mut self) {
        self.life.end(LifeOver::StoppedItself);
    }

    /// The core was restored from a snapshot that is older than what it handed out last: nothing
    /// more is admitted in this life.
    pub fn core_went_back(&mut self) {
        self.life.end(LifeOver::CoreWentBack);
    }

    /// The floor has arrived: every operation at or below it was asked for before the agent said
    /// what it runs. In a life that is over it changes nothing.
    pub fn set_floor(&mut self, floor: OpId) {
        self.life.set_floor(floor);
    }

    /// Forgets what is declared no more, so that memory stays bounded. Operations as old as what
    /// is forgotten are refused from then on for everything that is not remembered: a resource
    /// may be declared again under the same name, and its old start still be on its way.
    pub fn forget(
        &mut self,
        is_declared: impl Fn(&N::Resource) -> bool,
        is_group_declared: impl Fn(&N::Group) -> bool,
    ) {
        let life = &mut self.life;
        self.desks.retain(|resource, desk| {
            let is_kept = is_declared(resource) || desk.under_way().is_some();
            if !is_kept {
                life.forget(*desk);
            }
            is_kept
        });
        self.epochs.retain(|group, _| is_group_declared(group));
    }
}
