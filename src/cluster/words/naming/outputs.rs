//! Outputs, effects and events.

use super::{Translate, Translator};
use crate::cluster::words::{Effect, Event, Output};
use crate::id::Naming;

impl<A: Naming> Translate<A> for Output<A> {
    type To<B: Naming> = Output<B>;

    fn translate<B: Naming, T: Translator<A, B>>(self, by: &T) -> Result<Output<B>, T::Unknown> {
        Ok(translate_variants! { self, by, Output: Effect(thing), Event(thing) })
    }
}

impl<A: Naming> Translate<A> for Effect<A> {
    type To<B: Naming> = Effect<B>;

    fn translate<B: Naming, T: Translator<A, B>>(self, by: &T) -> Result<Effect<B>, T::Unknown> {
        let Self {
            operation,
            action,
            node,
            resource,
            group,
            epoch,
            incarnation,
            deadline,
            timeout,
        } = self;
        Ok(Effect {
            operation,
            action,
            node: by.node(node)?,
            resource: by.optional_resource(resource)?,
            group: by.optional_group(group)?,
            epoch,
            incarnation,
            deadline,
            timeout,
        })
    }
}

impl<A: Naming> Translate<A> for Event<A> {
    type To<B: Naming> = Event<B>;

    fn translate<B: Naming, T: Translator<A, B>>(self, by: &T) -> Result<Event<B>, T::Unknown> {
        Ok(translate_variants! { self, by, Event:
            NodeChanged { node: node, from, to },
            NodeAttributeChanged { node: node, name, value },
            QuorumChanged { verdict },
            ResourceChanged { resource: resource, from, to },
            GroupChanged { group: group, from, to },
            OwnerChanged {
                group: group, from: optional_node, to: optional_node, cause, epoch, proof
            },
            MoveStarted { group: group, from: node, to: optional_node, cause },
            MoveAbandoned { group: group, to: optional_node },
            RestartScheduled { resource: resource, at, remaining },
            RestartsExhausted { resource: resource, cause, retry_at },
            NodeBarred { group: group, node: node, resource: resource },
            AdmissionRefused { group: group, node: node, because_of: group },
            PlacementFailed { group: group },
            PlacementCutShort { gap },
            OperationTimedOut {
                operation, action, node: node, resource: optional_resource, group: optional_group
            },
            OperationSuperseded {
                operation, action, node: node, resource: optional_resource, group: optional_group
            },
            InventoryTaken { node: node, floor },
            OrphanFound { resource: resource, node: node },
            TakenOver { resource: resource, node: node },
            OrphanGone { resource: resource, node: node },
            FenceFailed { node: node, retry_at },
            DrainChanged { node: node, status },
            DrainBlocked { node: node, group: group, because: thing },
            DrainStopped { node: node, group: group },
            ConfigurationChanged { configuration },
            AcceptedWithoutQuorum { configuration },
            PolicyChanged { from, to },
        })
    }
}
