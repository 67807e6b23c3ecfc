//! A state of the model: the real cluster, the world around it, and the rule that was broken on the
//! way here, if any.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use quorate::cluster::{Command, Life, Outcome, Output, Running};
use quorate::machine::NodeState;
use quorate::policy::Ring;
use quorate::{Cluster, GroupId, Incarnation, Input, NodeId, OpId, ResourceId, Timestamp};
use quorate_testkit::Breach;
use quorate_testkit::audit::Audit;

use super::act::Action;
use super::audited;
use super::declare::{self, GROUPS, RESOURCES};
use super::deed::Deed;
use super::judge;
use super::key;
use super::list::List;
use super::world::{Letter, Order, World};
use super::{Configuration, Start};

/// A state of the model.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// The cluster, shared by all states that differ in the world only.
    pub(crate) core: Arc<Core>,
    pub(crate) world: World,
    /// The first rule that was broken.
    pub(crate) broken: Option<Arc<Breach>>,
    /// True if the cluster, or what may come again, has changed since the state before.
    pub(crate) is_news: bool,
    key: u64,
}

/// The cluster, with values that every state needs.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) cluster: Cluster,
    /// The operations that are outstanding, oldest first.
    pub(crate) live: List<Live, 12>,
    /// See [`Cluster::hash_likeness`].
    pub(crate) likeness: u64,
    pub(crate) reach: Reach,
    /// The judge of a scene; it follows from the state as a diary does.
    pub(crate) audit: Option<Audit>,
}

/// The limits of time in the model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// The span after which nothing counts as due.
    pub(crate) horizon: Duration,
    /// The time after which nothing counts as due.
    pub(crate) until: Timestamp,
}

/// An operation that is outstanding.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Live {
    pub(crate) order: Order,
    /// The time at which it counts as not answered.
    pub(crate) deadline: Timestamp,
}

/// An input of the cluster.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stimulus {
    Lost {
        node: u8,
    },
    /// A node joined and lists what it runs, as bits.
    Joined {
        node: u8,
        life: u16,
        running: u8,
    },
    /// The agents of a member were restarted and list what it runs, as bits.
    Counted {
        node: u8,
        life: u16,
        running: u8,
    },
    Answered {
        order: u32,
        outcome: Outcome,
    },
    /// A node answers what it runs, as bits.
    Listed {
        order: u32,
        node: u8,
        life: u16,
        running: u8,
    },
    Failed {
        node: u8,
        resource: u8,
        life: u16,
        run: u32,
    },
    Move {
        group: u8,
        to: u8,
    },
    Deed(Deed),
    Timer,
}

/// The time at which a scene begins. It leaves room for a time before it.
pub(crate) const BEGIN: Timestamp = Timestamp::from_millis(1_000);

const BROKEN: u64 = 0x5bd1_e995_7f4a_7c15;

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.key);
    }
}

impl Core {
    pub(crate) fn new(cluster: Cluster, reach: Reach, audit: Option<Audit>) -> Self {
        let mut live = List::default();
        for effect in cluster.outstanding() {
            live.push(Live { order: Order::of(&effect), deadline: effect.deadline });
        }
        let likeness = key::likeness(&cluster, reach.horizon);
        Self { cluster, live, likeness, reach, audit }
    }

    /// Returns the present time: that of the last input, and what has passed since.
    pub(crate) fn now(&self, world: &World) -> Timestamp {
        self.cluster.state().now().after(Duration::from_millis(world.idle))
    }

    pub(crate) fn is_live(&self, operation: u32) -> bool {
        self.live.as_slice().iter().any(|live| live.order.id == operation)
    }

    pub(crate) fn node_state(&self, node: usize) -> NodeState {
        self.cluster.state().node_state(NodeId::from_index(node))
    }

    /// Returns when the next timer goes off, if it is within reach.
    pub(crate) fn next_timer(&self) -> Option<Timestamp> {
        let at = self.cluster.poll_timeout()?.at;
        let is_near = at.since(self.cluster.state().now()) < self.reach.horizon;
        (is_near && at < self.reach.until).then_some(at)
    }
}

impl State {
    /// Returns the states in which the model begins.
    pub(crate) fn initial(configuration: &Configuration) -> Vec<Self> {
        let begin = |start: &Start| match start {
            Start::Cold => Self::cold(configuration),
            Start::Formed => Self::formed(configuration),
        };
        configuration.starts.iter().map(begin).collect()
    }

    /// Returns the state in which every machine is off and the cluster has just been declared.
    fn cold(configuration: &Configuration) -> Self {
        let spec = declare::spec(configuration).expect("a valid declaration");
        let is_audited = configuration.scene.is_some();
        let began = if is_audited { BEGIN } else { Timestamp::ZERO };
        let cluster = Cluster::new(spec, Ring::new(), began);
        let audit = is_audited.then(|| Audit::new(&cluster));
        let core = Core::new(cluster, configuration.reach(), audit);
        let world =
            World { faults: configuration.faults, moves: configuration.moves, ..World::default() };
        let first = configuration.scene.map_or(&[][..], |scene| scene.first);
        let state = Self::of(Arc::new(core), world, None);
        let state = first.iter().fold(state, |state, deed| state.act(Action::Do(*deed)));
        Self::of(state.core, World { moves: configuration.moves, ..state.world }, state.broken)
    }

    /// Returns the state in which every machine is up and both groups are online.
    fn formed(configuration: &Configuration) -> Self {
        let mut state = Self::cold(configuration);
        for node in 0..declare::NODES {
            state = state.act(Action::Boot { node: super::world::narrow(node), rogue: None });
        }
        while let Some(action) = state.kind_action()
            && state.broken.is_none()
        {
            state = state.act(action);
        }
        state
    }

    pub(crate) fn of(core: Arc<Core>, world: World, broken: Option<Arc<Breach>>) -> Self {
        // A broken rule is found even if it leads to a known state.
        let key = key::key(&core, &world) ^ if broken.is_some() { BROKEN } else { 0 };
        Self { core, world, broken, is_news: true, key }
    }

    pub(crate) const fn key(&self) -> u64 {
        self.key
    }

    /// Returns the state after an action that is possible here.
    pub(crate) fn act(&self, action: Action) -> Self {
        let mut world = self.world;
        let stimulus = action.carry_out(&mut world, &self.core);
        let (core, broken) = match stimulus {
            Some(stimulus) => {
                let (core, broken) = tell(&self.core, &mut world, stimulus);
                (core.unwrap_or_else(|| Arc::clone(&self.core)), broken)
            }
            None => (Arc::clone(&self.core), None),
        };
        if matches!(stimulus, Some(Stimulus::Deed(_))) && Arc::ptr_eq(&core, &self.core) {
            // A refused deed does not count.
            world.moves = self.world.moves;
        }
        world.tidy(&core);
        let broken = broken.or_else(|| judge::world(&world));
        let broken = self.broken.clone().or_else(|| broken.map(Arc::new));
        let is_news = !Arc::ptr_eq(&core, &self.core)
            || world.diary.remembered != self.world.diary.remembered;
        Self { is_news, ..Self::of(core, world, broken) }
    }
}

/// Tells the cluster something. Returns the cluster after it, unless it refused.
fn tell(
    before: &Core,
    world: &mut World,
    stimulus: Stimulus,
) -> (Option<Arc<Core>>, Option<Breach>) {
    if let Some(audit) = &before.audit {
        return audited::tell(before, audit, world, stimulus);
    }
    let mut cluster = before.cluster.clone();
    let now = cluster.state().now();
    let answer = match stimulus.input(&cluster) {
        Some(input) => cluster.handle(now, input),
        None => {
            let at = before.next_timer().unwrap_or(now);
            cluster.handle_timeout(at);
            Ok(())
        }
    };
    if let Err(error) = answer {
        let broken = judge::refusal(before, &mut cluster, stimulus, &error);
        return (None, broken.err());
    }
    let mut outputs = Vec::with_capacity(16);
    while let Some(output) = cluster.poll_output() {
        outputs.push(output);
    }
    let after = Core::new(cluster, before.reach, None);
    let verdict = judge::step(before, &after, world, stimulus, &outputs);
    for output in &outputs {
        if let Output::Effect(effect) = output {
            world.take(Order::of(effect));
        }
    }
    (Some(Arc::new(after)), verdict.err())
}

impl Stimulus {
    /// Tells whether the input has a time before the present.
    pub(crate) const fn is_early(self) -> bool {
        matches!(self, Self::Deed(Deed::Early))
    }

    pub(crate) fn input(self, cluster: &Cluster) -> Option<Input> {
        Some(match self {
            Self::Deed(deed) => return deed.input(cluster),
            Self::Lost { node } => Input::node_lost(node_id(node), Life::Known),
            Self::Joined { node, life, running } => {
                Input::node_joined(node_id(node), Incarnation::new(life.into()), listed(running))
            }
            Self::Counted { node, life, running } => {
                Input::node_inventory(node_id(node), Incarnation::new(life.into()), listed(running))
                    .into()
            }
            Self::Listed { order, node, life, running } => Input::node_inventory(
                node_id(node),
                Incarnation::new(life.into()),
                listed(running)
                    .into_iter()
                    .filter(|of| cluster.spec().resource(of.resource).is_some()),
            )
            .answering(OpId::new(order.into()))
            .into(),
            Self::Answered { order, outcome } => {
                Input::operation_finished(OpId::new(order.into()), outcome)
            }
            Self::Failed { node, resource, life, run } => Input::resource_failed(
                ResourceId::new(resource.into()),
                node_id(node),
                Incarnation::new(life.into()),
            )
            .of_run((run != 0).then(|| OpId::new(run.into())))
            .into(),
            Self::Move { group, to } => Input::Command(
                Command::move_group(GroupId::new(group.into())).to(node_id(to)).into(),
            ),
            Self::Timer => return None,
        })
    }

    /// Returns the input that a letter is to the cluster.
    pub(crate) const fn of(letter: &Letter) -> Self {
        match *letter {
            Letter::Answer { order, outcome } => Self::Answered { order: order.id, outcome },
            Letter::Listed { order, running } => {
                let Order { id, node, life, .. } = order;
                Self::Listed { order: id, node, life, running }
            }
            Letter::Failed { node, resource, life, run } => {
                Self::Failed { node, resource, life, run }
            }
        }
    }
}

pub(crate) fn group_id(group: usize) -> GroupId {
    GroupId::from_index(group)
}

/// Returns resources, given as bits, in the form in which a node lists them.
fn listed(running: u8) -> Vec<Running> {
    (0..RESOURCES)
        .filter(|resource| running >> resource & 1 == 1)
        .map(|resource| ResourceId::from_index(resource).into())
        .collect()
}

pub(crate) fn node_id(node: u8) -> NodeId {
    NodeId::new(node.into())
}

/// Returns all groups.
pub(crate) fn groups() -> impl Iterator<Item = (usize, GroupId)> {
    (0..GROUPS).map(|group| (group, GroupId::from_index(group)))
}
