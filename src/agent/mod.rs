//! The contract of agents, as code: it tells which effects an agent carries out and which it
//! refuses.
//!
//! An agent starts and stops resources on one node. The core asks for one operation per resource at
//! a time and waits until it is answered, superseded or given up. But networks deliver effects
//! late, twice or after a newer one, also to an agent that was restarted in between. Then two
//! copies of a database could run, although the core never asked for two. So an agent keeps one
//! [`Agent`] and asks it about every effect. It needs no clock, no threads and no storage, and is
//! small: of each resource it keeps one operation and its outcome.
//!
//! 1. Ask [`Agent::admit`] about every effect for the node, except fences, which are for a device,
//!    and inventories, which are about the whole node ([`Effect::order`](crate::Effect::order)
//!    returns `None` for both). An agent does not know the name of its node: drop an effect whose
//!    [`node`](crate::Effect::node) is another one before you ask.
//!    - [`Admission::Begin`]: carry it out, and call [`Agent::end`] when it has ended.
//!    - [`Admission::Wait`]: an older operation of the same resource is still being carried out.
//!      Cancel that one, or let it end, as [`Meanwhile`] says. [`Agent::end`] hands out the newer
//!      one when the older one has ended.
//!    - [`Admission::UnderWay`]: this operation is already under way; do nothing.
//!    - [`Admission::Done`]: this operation has already ended. Report this outcome again.
//!    - A [`Refusal`] is to be logged. It is no outcome: report nothing. The core does not wait for
//!      this operation any more, or its deadline will tell the core that it failed.
//!
//!    An operation that has outlived its time span ([`Effect::timeout`](crate::Effect::timeout))
//!    may be cancelled as well: the core has given it up.
//! 2. [`Agent::end`] tells whether to report the outcome, and what to begin next.
//! 3. These operations are refused:
//!
//!    | | start | stop, terminate | check, probe |
//!    | --- | --- | --- | --- |
//!    | behind a newer operation of the same resource | refused | refused | refused |
//!    | for another life of the node | refused | refused | refused |
//!    | under an earlier ownership epoch of the group | refused | admitted | admitted |
//!
//!    An epoch never blocks a stop, because a stop under an old epoch is safe. Checks and probes
//!    change nothing, and the core ignores their answers if they are late.
//! 4. A node may have to stop everything by itself: its lease ran out, it was cut off, or it
//!    leaves. It calls [`Agent::stop_itself`] before it stops the first resource. From then on
//!    nothing is admitted: effects for this life may still be on their way, and the groups may run
//!    elsewhere by now. The node begins a new life with [`Agent::new`] and joins with this
//!    incarnation.
//! 5. An agent that lost its memory (its process was restarted, its node was not) may not guess
//!    what it knew. Either the node begins a new life, or the agent begins with
//!    [`Agent::without_memory`]. Then it sends a list of what it runs, and admits nothing until the
//!    answer has brought a floor of operations, and after that nothing at or below this floor. A
//!    floor answers one list: it has to come over a connection that ends with the process of the
//!    agent, or the floor of an earlier list could reach an agent that was restarted once more.
//!    Operations that its predecessor had under way must have ended before, or be listed as
//!    running.
//! 6. If the core is restored from a snapshot that is older than its last outputs, tell every node
//!    ([`Agent::core_went_back`]), and each begins a new life: the core is going to use numbers of
//!    operations a second time. No report from before may reach the core after that. An agent
//!    cannot detect this by itself, but it refuses an operation whose number it knows for another
//!    one ([`Refusal::AnotherHistory`]). A core that stores its snapshot before it hands out the
//!    outputs of an input never goes back.
//! 7. A report that a resource failed, or is alive, names its run ([`Agent::run`]): the start that
//!    was carried out last. So the core can distinguish a late or repeated report from one about
//!    the run that followed. An agent that lost its memory names no run until it starts the
//!    resource anew.
//! 8. An inventory asks what the node runs, because newly declared resources may run already. Ask
//!    [`Agent::answers`], and list every resource that runs, is being started or is being stopped.
//!    The list goes by the declaration that was in force when the inventory was asked for, which
//!    the agent has to know by then. An inventory does not affect operations under way and brings
//!    no floor. The answer names the operation; a list that names none means that the agent lost
//!    its memory, as under 5.
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
pub use life::AgentLife;
pub use order::{Order, Task};
pub use refusal::{LifeOver, Refusal};

/// The knowledge of the agents of one node; see the [module](self).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Agent<N: Naming = Ids> {
    life: AgentLife,
    desks: BTreeMap<N::Resource, Desk>,
    epochs: BTreeMap<N::Group, Epoch>,
}

impl<N: Naming> Agent<N> {
    /// Begins a life of a node, in which nothing has been asked for yet.
    #[must_use]
    pub const fn new(incarnation: Incarnation) -> Self {
        Self::with(AgentLife::new(incarnation))
    }

    /// Begins after an agent was restarted within the life of its node and remembers nothing.
    /// Nothing is admitted until [`set_floor`](Self::set_floor).
    #[must_use]
    pub fn without_memory(incarnation: Incarnation) -> Self {
        Self::with(AgentLife::without_memory(incarnation))
    }

    const fn with(life: AgentLife) -> Self {
        Self { life, desks: BTreeMap::new(), epochs: BTreeMap::new() }
    }

    /// The life of the node, which tells whether anything is admitted in it.
    #[must_use]
    pub const fn life(&self) -> AgentLife {
        self.life
    }

    /// Returns why the node has to begin a new life, if it has to.
    #[must_use]
    pub const fn is_over(&self) -> Option<LifeOver> {
        self.life.is_over()
    }

    /// Decides whether an effect is carried out. An error changes nothing.
    ///
    /// # Errors
    ///
    /// The effect is not to be carried out, and nothing is to be reported.
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

    /// Checks that an inventory is to be answered. This changes nothing: operations under way go
    /// on, and later effects are admitted as before. The answer
    /// ([`Input::NodeInventory`](crate::Input::NodeInventory) with this operation) lists everything
    /// that runs on the node at this moment, also resources that others started, and those that are
    /// being started or stopped. If the question arrives twice it is answered twice, each time with
    /// the present list.
    ///
    /// # Errors
    ///
    /// It is for another life, or the agent does not remember enough. Nothing is to be reported:
    /// the core asks again, or the node joins anew.
    pub fn answers(&self, operation: OpId, incarnation: Incarnation) -> Result<(), Refusal> {
        self.life.check_inventory(operation, incarnation)
    }

    /// Notes that an operation has ended, well or not. Returns whether to report it, and what
    /// begins.
    pub fn end(&mut self, resource: &N::Resource, operation: OpId, outcome: Outcome) -> Ending {
        match self.desks.get_mut(resource) {
            Some(desk) if self.life.is_over().is_none() => desk.end(operation, outcome),
            Some(_) | None => Ending::Unknown,
        }
    }

    /// Notes that an operation whose turn came ([`Ending::Begin`]) was not begun after all, because
    /// something else forbids it now. It begins when it is admitted again.
    pub fn put_off(&mut self, resource: &N::Resource, operation: OpId) {
        if let Some(desk) = self.desks.get_mut(resource) {
            desk.put_off(operation);
        }
    }

    /// Takes in that the group has another owner, with this epoch. An agent learns this from
    /// effects as well. If every agent hears of each `OwnerChanged`, it refuses a late start
    /// sooner.
    pub fn learn_epoch(&mut self, group: &N::Group, epoch: Epoch) {
        match self.epochs.get_mut(group) {
            Some(known) => *known = (*known).max(epoch),
            None => {
                self.epochs.insert(group.clone(), epoch);
            }
        }
    }

    /// Returns the start that began the present run of a resource, for reports about this run.
    #[must_use]
    pub fn run(&self, resource: &N::Resource) -> Option<OpId> {
        self.desks.get(resource).and_then(Desk::run)
    }

    /// Returns the record of a resource, if there is one.
    #[must_use]
    pub fn desk(&self, resource: &N::Resource) -> Option<Desk> {
        self.desks.get(resource).copied()
    }

    /// Returns the operations under way, by resource.
    pub fn under_way(&self) -> impl Iterator<Item = (&N::Resource, Task)> {
        self.desks.iter().filter_map(|(resource, desk)| Some((resource, desk.under_way()?)))
    }

    /// Takes in that the node stops everything by itself, or leaves: nothing more is admitted in
    /// this life.
    pub fn stop_itself(&mut self) {
        self.life.end(LifeOver::StoppedItself);
    }

    /// Takes in that the core was restored from a snapshot that is older than its last outputs:
    /// nothing more is admitted in this life.
    pub fn core_went_back(&mut self) {
        self.life.end(LifeOver::CoreWentBack);
    }

    /// Takes in the floor: every operation at or below it was asked for before the agent listed
    /// what it runs. In a life that is over this changes nothing.
    pub fn set_floor(&mut self, floor: OpId) {
        self.life.set_floor(floor);
    }

    /// Forgets resources that are no longer declared, so that memory stays bounded. From then on,
    /// operations as old as the forgotten ones are refused for every resource without a record: a
    /// resource may be declared again under its old name while its old start is still on its way.
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
