//! Constructors of inputs that report what happened.

use alloc::string::String;
use alloc::vec::Vec;

use crate::cluster::words::naming::{Translate, Translator};
use crate::cluster::words::{Command, Input, Life, Run, Running};
use crate::id::{Ids, Incarnation, Naming, OpId};
use crate::state::{Outcome, WitnessState};
use crate::time::WallClock;

impl<N: Naming> Input<N> {
    /// Returns the report that membership took a node in, with all resources that the node runs.
    #[must_use]
    pub fn node_joined(
        node: impl Into<N::Node>,
        incarnation: Incarnation,
        running: impl IntoIterator<Item = Running<N>>,
    ) -> Self {
        let running = running.into_iter().collect();
        Self::NodeJoined { node: node.into(), incarnation, running }
    }

    /// Returns the report of agents that were restarted in the life of their node, with all
    /// resources that the node runs. [`Inventory::answering`] makes it the answer to a question.
    pub fn node_inventory(
        node: impl Into<N::Node>,
        incarnation: Incarnation,
        running: impl IntoIterator<Item = Running<N>>,
    ) -> Inventory<N> {
        let running = running.into_iter().collect();
        Inventory { node: node.into(), incarnation, running, operation: None }
    }

    /// Returns the report that a node stopped everything and left.
    #[must_use]
    pub fn node_left(node: impl Into<N::Node>, life: impl Into<Life>) -> Self {
        Self::NodeLeft { node: node.into(), incarnation: life.into() }
    }

    /// Returns the report that a node is no longer heard from.
    #[must_use]
    pub fn node_lost(node: impl Into<N::Node>, life: impl Into<Life>) -> Self {
        Self::NodeLost { node: node.into(), incarnation: life.into() }
    }

    /// Returns the report that a node was fenced.
    #[must_use]
    pub fn node_fenced(node: impl Into<N::Node>, life: impl Into<Life>) -> Self {
        Self::NodeFenced { node: node.into(), incarnation: life.into() }
    }

    /// Returns the word of an operator that a node is off. [`Life::Known`] is for people, who look
    /// at the cluster while they type.
    #[must_use]
    pub fn node_confirmed_down(node: impl Into<N::Node>, life: impl Into<Life>) -> Self {
        Self::NodeConfirmedDown { node: node.into(), incarnation: life.into() }
    }

    /// Returns the report of the present value of an attribute of a node.
    #[must_use]
    pub fn node_attribute_changed(
        node: impl Into<N::Node>,
        name: impl Into<String>,
        value: i64,
    ) -> Self {
        Self::NodeAttributeChanged { node: node.into(), name: name.into(), value }
    }

    /// Returns the report that an operation ended.
    #[must_use]
    pub const fn operation_finished(operation: OpId, outcome: Outcome) -> Self {
        Self::OperationFinished { operation, outcome }
    }

    /// Returns the report that an operation goes on.
    #[must_use]
    pub const fn operation_progressed(operation: OpId) -> Self {
        Self::OperationProgressed { operation }
    }

    /// Returns the report that a resource failed, in its present run unless
    /// [`of_run`](ResourceReport::of_run) names another one.
    pub fn resource_failed(
        resource: impl Into<N::Resource>,
        node: impl Into<N::Node>,
        incarnation: Incarnation,
    ) -> ResourceReport<N> {
        ResourceReport::new(Health::Failed, resource.into(), node.into(), incarnation)
    }

    /// Returns the report that a resource is alive, in its present run unless
    /// [`of_run`](ResourceReport::of_run) names another one.
    pub fn resource_alive(
        resource: impl Into<N::Resource>,
        node: impl Into<N::Node>,
        incarnation: Incarnation,
    ) -> ResourceReport<N> {
        ResourceReport::new(Health::Alive, resource.into(), node.into(), incarnation)
    }

    /// Returns the report that the witness was gained or lost.
    #[must_use]
    pub const fn witness_changed(witness: WitnessState) -> Self {
        Self::WitnessChanged { witness }
    }

    /// Returns a reading of the wall clock.
    #[must_use]
    pub const fn wall_clock_read(reading: WallClock) -> Self {
        Self::WallClockRead { reading }
    }
}

impl<N: Naming> From<Command<N>> for Input<N> {
    fn from(command: Command<N>) -> Self {
        Self::Command(command)
    }
}

/// A report of [`Input::node_inventory`], which becomes an [`Input`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "a report does nothing before it is handed in"]
pub struct Inventory<N: Naming = Ids> {
    node: N::Node,
    incarnation: Incarnation,
    running: Vec<Running<N>>,
    operation: Option<OpId>,
}

impl<N: Naming> Inventory<N> {
    /// Makes the report the answer to the inventory that this operation asked for; `None` if there
    /// was no question.
    pub fn answering(self, operation: impl Into<Option<OpId>>) -> Self {
        Self { operation: operation.into(), ..self }
    }
}

impl<N: Naming> From<Inventory<N>> for Input<N> {
    fn from(report: Inventory<N>) -> Self {
        let Inventory { node, incarnation, running, operation } = report;
        Self::NodeInventory { node, incarnation, running, operation }
    }
}

/// A report of [`Input::resource_failed`] or [`Input::resource_alive`], which becomes an
/// [`Input`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "a report does nothing before it is handed in"]
pub struct ResourceReport<N: Naming = Ids> {
    health: Health,
    resource: N::Resource,
    node: N::Node,
    incarnation: Incarnation,
    run: Run,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Health {
    Failed,
    Alive,
}

impl<N: Naming> ResourceReport<N> {
    const fn new(
        health: Health,
        resource: N::Resource,
        node: N::Node,
        incarnation: Incarnation,
    ) -> Self {
        Self { health, resource, node, incarnation, run: Run::Present }
    }

    /// Names the run that the report is about: the one that began with this start.
    pub fn of_run(self, run: impl Into<Run>) -> Self {
        Self { run: run.into(), ..self }
    }
}

impl<N: Naming> From<ResourceReport<N>> for Input<N> {
    fn from(report: ResourceReport<N>) -> Self {
        let ResourceReport { health, resource, node, incarnation, run } = report;
        match health {
            Health::Failed => Self::ResourceFailed { resource, node, incarnation, run },
            Health::Alive => Self::ResourceAlive { resource, node, incarnation, run },
        }
    }
}

/// A report by names can be resolved before it becomes an input.
macro_rules! translated_as_input {
    ($($report:ident),+) => {
        $(impl<A: Naming> Translate<A> for $report<A> {
            type To<B: Naming> = Input<B>;

            fn translate<B: Naming, T: Translator<A, B>>(
                self,
                by: &T,
            ) -> Result<Input<B>, T::Unknown> {
                Input::from(self).translate(by)
            }
        })+
    };
}

translated_as_input! { Inventory, ResourceReport }
