//! The actions that are possible in a state.

use quorate::quorum::WitnessState;
use quorate::settings::QuorumRule;
use quorate::state::{OperationKind, Pause};

use super::act::{Action, late_answers};
use super::declare::{GROUPS, NODES, RESOURCES};
use super::deed::Deed;
use super::key;
use super::machine::Place;
use super::scenes::Pace;
use super::state::State;
use super::world::{Letter, Manner, narrow};
use super::{Configuration, Fault};

impl State {
    /// Collects the actions that are possible here.
    pub(crate) fn actions(&self, configuration: &Configuration, into: &mut Vec<Action>) {
        if self.broken.is_some() {
            return;
        }
        let can = |fault| self.world.faults > 0 && configuration.has(fault);
        if configuration.scene.is_some_and(|scene| scene.pace == Pace::Brisk)
            && self.first_actions(&can, into)
        {
            return;
        }
        self.order_actions(&can, into);
        self.letter_actions(&can, into);
        for node in 0..NODES {
            self.machine_actions(node, &can, into);
        }
        self.deeds(configuration, into);
        let is_late = configuration.has(Fault::Late);
        if let Some(late) = late_answers(&self.world, &self.core)
            && (late == 0 || is_late && late <= self.world.faults)
        {
            into.push(Action::Timer);
        }
    }

    fn deeds(&self, configuration: &Configuration, into: &mut Vec<Action>) {
        if self.world.moves == 0 {
            return;
        }
        if let Some(scene) = configuration.scene {
            let possible = scene.deeds.iter().filter(|deed| deed.is_possible(self));
            into.extend(possible.map(|deed| Action::Do(*deed)));
            return;
        }
        for group in 0..GROUPS {
            for to in 0..NODES {
                into.push(Action::Move { group: narrow(group), to: narrow(to) });
            }
        }
    }

    /// Collects the actions on one letter, or on one order that can arrive. Tells whether there is
    /// one. The choice depends only on things that are part of the key.
    fn first_actions(&self, can: &impl Fn(Fault) -> bool, into: &mut Vec<Action>) -> bool {
        let letters = self.world.letters.as_slice().iter().enumerate();
        if let Some((first, _)) = letters.min_by_key(|(_, letter)| key::letter_word(letter)) {
            self.letter_actions(can, into);
            into.retain(|action| match action {
                Action::Deliver { letter }
                | Action::Lose { letter }
                | Action::Double { letter } => usize::from(*letter) == first,
                _ => false,
            });
            return true;
        }
        let orders = self.world.orders.as_slice().iter().enumerate().filter(|(_, order)| {
            self.world.can_arrive(order)
                && !self.world.is_held_up(order)
                && (!order.is_fence() || self.core.is_live(order.id))
        });
        let word = |order| key::order_word(&self.core, &self.world, order);
        let Some((first, _)) = orders.min_by_key(|(_, order)| word(order)) else { return false };
        self.order_actions(can, into);
        into.retain(
            |action| matches!(action, Action::Work { order, .. } if usize::from(*order) == first),
        );
        true
    }

    fn order_actions(&self, can: &impl Fn(Fault) -> bool, into: &mut Vec<Action>) {
        for (index, order) in self.world.orders.as_slice().iter().enumerate() {
            let mut push = |manner| into.push(Action::Work { order: narrow(index), manner });
            if order.is_fence() && !self.core.is_live(order.id) {
                // The fence comes too late, and may hit the next life of the machine.
                if can(Fault::Late) {
                    push(Manner::Succeed);
                }
                continue;
            }
            if !self.world.can_arrive(order) {
                push(Manner::Lose);
                continue;
            }
            if self.world.is_held_up(order) {
                // The order waits until the operation before it ends.
                continue;
            }
            push(Manner::Succeed);
            if order.is_question() {
                if can(Fault::Lose) {
                    push(Manner::Lose);
                }
                continue;
            }
            if can(Fault::Fail) {
                push(Manner::Fail);
            }
            if can(Fault::FailDone) && order.kind != OperationKind::Probe {
                push(Manner::FailDone);
            }
            if can(Fault::Lose) {
                push(Manner::Lose);
            }
            let hangs = matches!(
                order.kind,
                OperationKind::Start | OperationKind::Stop | OperationKind::Terminate
            );
            if can(Fault::Hang) && hangs {
                push(Manner::Hang);
            }
            if can(Fault::Lose) && order.is_fence() {
                push(Manner::SucceedMute);
            }
        }
    }

    fn letter_actions(&self, can: &impl Fn(Fault) -> bool, into: &mut Vec<Action>) {
        let letters = self.world.letters.as_slice();
        for (index, letter) in letters.iter().enumerate() {
            let letter_index = narrow(index);
            into.push(Action::Deliver { letter: letter_index });
            // The answer of a fencing device is lost as a manner of its work.
            let is_fence = matches!(letter, Letter::Answer { order, .. } if order.is_fence());
            if can(Fault::Lose) && !is_fence {
                into.push(Action::Lose { letter: letter_index });
            }
            // A repeated answer costs no fault, see `judge::past`.
            if can(Fault::Double) && matches!(letter, Letter::Failed { .. }) {
                into.push(Action::Double { letter: letter_index });
            }
        }
    }

    fn machine_actions(&self, node: usize, can: &impl Fn(Fault) -> bool, into: &mut Vec<Action>) {
        let machine = &self.world.machines[node];
        let state = self.core.node_state(node);
        let index = narrow(node);
        if !machine.is_reachable() && state.is_member() {
            into.push(Action::Notice { node: index });
        }
        if !machine.is_powered {
            into.push(Action::Boot { node: index, rogue: None });
            if can(Fault::Rogue) {
                for resource in 0..RESOURCES {
                    into.push(Action::Boot { node: index, rogue: Some(narrow(resource)) });
                }
            }
            return;
        }
        if !machine.is_connected {
            into.push(Action::Heal { node: index, lists_starts: true });
            if machine.is_starting_something() {
                into.push(Action::Heal { node: index, lists_starts: false });
            }
        }
        for (resource, place) in machine.places.iter().enumerate() {
            if place.hangs() {
                into.push(Action::Ripen { node: index, resource: narrow(resource) });
            }
            if *place == Place::Running && machine.is_connected && can(Fault::Die) {
                into.push(Action::Fail { node: index, resource: narrow(resource) });
            }
        }
        if can(Fault::Crash) {
            into.push(Action::Crash { node: index });
        }
        if can(Fault::Cut) && machine.is_connected {
            into.push(Action::Cut { node: index });
        }
    }

    /// Returns the next action if no more faults happen: losses are noticed, machines come back and
    /// do as they are asked, letters arrive, and only then time passes.
    pub(crate) fn kind_action(&self) -> Option<Action> {
        for (node, machine) in self.world.machines.iter().enumerate() {
            let index = narrow(node);
            if !machine.is_powered {
                return Some(Action::Boot { node: index, rogue: None });
            }
            if !machine.is_connected {
                return Some(Action::Heal { node: index, lists_starts: true });
            }
        }
        if let Some(deed) = self.kind_deed() {
            return Some(Action::Do(deed));
        }
        if !self.world.letters.as_slice().is_empty() {
            return Some(Action::Deliver { letter: 0 });
        }
        if let Some(order) = self.world.orders.as_slice().first() {
            let (node, resource) = (order.node, order.resource);
            return Some(match self.world.is_held_up(order) {
                true => Action::Ripen { node, resource },
                false => Action::Work { order: 0, manner: Manner::Succeed },
            });
        }
        self.core.next_timer().map(|_| Action::Timer)
    }

    /// Returns the next deed in a scene if no more faults happen: nodes are resumed, and the
    /// witness comes back.
    fn kind_deed(&self) -> Option<Deed> {
        self.core.audit.as_ref()?;
        let cluster = &self.core.cluster;
        let has_witness = cluster.spec().settings().quorum != QuorumRule::NodeMajority;
        if has_witness && cluster.state().witness() == WitnessState::Down {
            return Some(Deed::Witness(WitnessState::Up));
        }
        let is_paused = |node: &u8| {
            let record = cluster.state().node(super::state::node_id(*node));
            record.is_some_and(|record| record.pause() == Pause::Requested)
        };
        (0..narrow(NODES)).find(is_paused).map(Deed::Resume)
    }
}
