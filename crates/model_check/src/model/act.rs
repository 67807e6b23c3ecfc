//! The actions that are possible, and their cost in faults.

use quorate::ResourceId;
use quorate::machine::NodeState;
use quorate::quorum::WitnessState;
use quorate::settings::QuorumRule;
use quorate::state::{OperationKind, Pause};

use super::declare::{GROUPS, NODES, RESOURCES};
use super::deed::Deed;
use super::key;
use super::scenes::Pace;
use super::state::{Core, State, Stimulus};
use super::world::{Letter, Manner, Place, World, narrow};
use super::{Configuration, Fault};

/// One thing that happens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    /// An agent or fencing device deals with an order.
    Work { order: u8, manner: Manner },
    /// A letter arrives.
    Deliver { letter: u8 },
    /// A letter is lost.
    Lose { letter: u8 },
    /// A letter is doubled on its way.
    Double { letter: u8 },
    /// A start or stop that hung comes to its end.
    Ripen { node: u8, resource: u8 },
    /// A machine loses power, and this is not reported yet.
    Crash { node: u8 },
    /// A machine is cut off and runs on.
    Cut { node: u8 },
    /// The membership layer notices that a machine is gone.
    Notice { node: u8 },
    /// A machine that is off boots into a new life and joins, perhaps with a resource that the
    /// cluster did not ask for.
    Boot { node: u8, rogue: Option<u8> },
    /// A machine that was cut off is heard again in its old life. It lists what is still starting
    /// among what runs, or does not.
    Heal { node: u8, lists_starts: bool },
    /// A resource fails by itself, and its agent reports it.
    Fail { node: u8, resource: u8 },
    /// An operator asks for a move.
    Move { group: u8, to: u8 },
    /// A deed of a scene.
    Do(Deed),
    /// The next timer goes off.
    Timer,
}

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
}

impl State {
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

impl Core {
    /// Tells whether a letter has an effect: its operation is outstanding, or it is about the
    /// present life of its node and, if it names a run, the present run.
    pub(crate) fn counts(&self, letter: &Letter) -> bool {
        match letter {
            Letter::Answer { order, .. } | Letter::Listed { order, .. } => self.is_live(order.id),
            Letter::Failed { node, resource, life, run } => {
                let node = super::state::node_id(*node);
                let is_present = self
                    .cluster
                    .state()
                    .node(node)
                    .is_some_and(|record| record.incarnation().value() == u64::from(*life));
                is_present && (*run == 0 || self.run(usize::from(*resource)) == Some(*run))
            }
        }
    }
}

impl Core {
    /// Returns the start that began the present run of a resource, as the cluster knows it.
    pub(crate) fn run(&self, resource: usize) -> Option<u32> {
        let run = self.cluster.state().resource(ResourceId::from_index(resource))?.run()?;
        u32::try_from(run.value()).ok()
    }
}

impl Action {
    /// Carries the action out in the world. Returns what the cluster is told of it.
    pub(crate) fn carry_out(self, world: &mut World, core: &Core) -> Option<Stimulus> {
        world.faults -= self.cost(world, core);
        match self {
            Self::Work { order, manner } => {
                world.work(usize::from(order), manner);
                None
            }
            Self::Deliver { letter } => {
                let letter = world.letters.remove(usize::from(letter));
                world.diary.remember(letter);
                Some(Stimulus::of(&letter))
            }
            Self::Lose { letter } => {
                world.letters.remove(usize::from(letter));
                None
            }
            Self::Double { letter } => {
                let letter = world.letters.as_slice()[usize::from(letter)];
                world.letters.push(letter);
                None
            }
            Self::Ripen { node, resource } => {
                world.machines[usize::from(node)].ripen(usize::from(resource));
                None
            }
            Self::Crash { node } => {
                world.crash(usize::from(node));
                None
            }
            Self::Cut { node } => {
                world.cut(usize::from(node));
                None
            }
            Self::Notice { node } => Some(Stimulus::Lost { node }),
            Self::Boot { node, rogue } => {
                world.boot(usize::from(node), rogue.map(usize::from));
                Some(joined(world, core, node, true))
            }
            Self::Heal { node, lists_starts } => {
                world.machines[usize::from(node)].is_connected = true;
                // A machine that was not missed has nothing to report.
                let was_missed = core.node_state(usize::from(node)) == NodeState::Unclean;
                was_missed.then(|| joined(world, core, node, lists_starts))
            }
            Self::Fail { node, resource } => {
                world.fail(usize::from(node), usize::from(resource));
                None
            }
            Self::Move { group, to } => {
                world.moves -= 1;
                Some(Stimulus::Move { group, to })
            }
            Self::Do(deed) => {
                world.moves = world.moves.saturating_sub(1);
                if let Deed::Pass(seconds) = deed {
                    world.idle += 1_000 * u64::from(seconds);
                    return None;
                }
                if let Deed::Recount(node) = deed {
                    let machine = &mut world.machines[usize::from(node)];
                    machine.restart_agents();
                    let life = machine.life();
                    let running = declared(core, machine.inventory());
                    return Some(Stimulus::Counted { node, life, running });
                }
                if let Deed::Begin(node, resource) = deed {
                    world.begin(usize::from(node), usize::from(resource));
                    return None;
                }
                if let Deed::Down(seconds) = deed {
                    world.idle += 1_000 * u64::from(seconds);
                }
                Some(Stimulus::Deed(deed))
            }
            Self::Timer => Some(Stimulus::Timer),
        }
    }

    /// Returns how many faults the action counts as.
    fn cost(self, world: &World, core: &Core) -> u8 {
        match self {
            Self::Work { order, manner } => {
                let order = &world.orders.as_slice()[usize::from(order)];
                let is_late = order.is_fence() && !core.is_live(order.id);
                let is_fault = manner != Manner::Succeed && world.can_arrive(order);
                u8::from(is_late || is_fault)
            }
            Self::Lose { .. }
            | Self::Double { .. }
            | Self::Crash { .. }
            | Self::Cut { .. }
            | Self::Fail { .. }
            | Self::Boot { rogue: Some(_), .. } => 1,
            Self::Timer => late_answers(world, core).unwrap_or(0).min(world.faults),
            Self::Deliver { .. }
            | Self::Ripen { .. }
            | Self::Notice { .. }
            | Self::Boot { rogue: None, .. }
            | Self::Heal { .. }
            | Self::Move { .. }
            | Self::Do(_) => 0,
        }
    }
}

/// Returns the declared ones of these resources, as bits: nothing else is listed.
fn declared(core: &Core, resources: impl Iterator<Item = usize>) -> u8 {
    let spec = core.cluster.spec();
    resources
        .filter(|id| spec.resource(ResourceId::from_index(*id)).is_some())
        .fold(0, |bits, id| bits | 1 << id)
}

fn joined(world: &World, core: &Core, node: u8, lists_starts: bool) -> Stimulus {
    let machine = &world.machines[usize::from(node)];
    let is_listed = |resource: &usize| lists_starts || machine.places[*resource] != Place::Starting;
    let running = declared(core, machine.inventory().filter(is_listed));
    Stimulus::Joined { node, life: machine.life(), running }
}

/// Returns how many answers still on their way would be too late if the next timer went off; `None`
/// if there is no timer.
fn late_answers(world: &World, core: &Core) -> Option<u8> {
    let at = core.next_timer()?;
    let is_on_its_way = |id: u32| {
        world.orders.as_slice().iter().any(|order| order.id == id && world.can_arrive(order))
            || world.letters.as_slice().iter().any(|letter| match letter {
                Letter::Answer { order, .. } | Letter::Listed { order, .. } => order.id == id,
                Letter::Failed { .. } => false,
            })
    };
    let due = core.live.as_slice().iter().filter(|live| live.deadline <= at);
    Some(narrow(due.filter(|live| is_on_its_way(live.order.id)).count()))
}
