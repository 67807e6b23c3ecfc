//! Actions: what they do to the world, and their cost in faults.

use quorate::ResourceId;
use quorate::machine::NodeState;

use super::deed::Deed;
use super::machine::Place;
use super::state::{Core, Stimulus};
use super::world::{Letter, Manner, World, narrow};

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
            Self::Do(deed) => done(deed, world, core),
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

/// Carries a deed out in the world. Returns what the cluster is told of it.
fn done(deed: Deed, world: &mut World, core: &Core) -> Option<Stimulus> {
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

fn joined(world: &World, core: &Core, node: u8, lists_starts: bool) -> Stimulus {
    let machine = &world.machines[usize::from(node)];
    let is_listed = |resource: &usize| lists_starts || machine.places[*resource] != Place::Starting;
    let running = declared(core, machine.inventory().filter(is_listed));
    Stimulus::Joined { node, life: machine.life(), running }
}

/// Returns how many answers still on their way would be too late if the next timer went off; `None`
/// if there is no timer.
pub(super) fn late_answers(world: &World, core: &Core) -> Option<u8> {
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
