//! Deeds of operators and of the outside in a scene.

use std::fmt;
use std::time::Duration;

use quorate::cluster::{Command, Life, ResumeFailback};
use quorate::machine::NodeState;
use quorate::quorum::WitnessState;
use quorate::spec::ClusterDeclaration;
use quorate::{Cluster, GroupId, Incarnation, Input, NodeId, ResourceId, WallClock};

use super::declare::{GROUP_NAMES, NODE_NAMES, RESOURCE_NAMES};
use super::machine::Place;
use super::state::{State, group_id, node_id};

/// Something that happens although nothing is wrong. Groups and nodes are given by index.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Deed {
    /// A group is brought online.
    Online(u8),
    /// A group is taken offline.
    Offline(u8),
    /// A node is paused: nothing more may start there.
    Pause(u8),
    /// A node is resumed: groups may start there again.
    Resume(u8),
    /// A node is paused, and its groups leave.
    Drain(u8),
    /// A group is locked to its present node.
    Lock(u8),
    /// A group is unlocked and may move again.
    Unlock(u8),
    /// A node is taken out of the configuration.
    Evict(u8),
    /// The configuration is changed.
    Edit(Edit),
    /// The witness is gained or lost.
    Witness(WitnessState),
    /// The wall clock is read.
    Clock {
        /// Full hours of UTC.
        hour: u8,
        /// Minutes to add for local time.
        offset: i16,
    },
    /// A node that is off is reported to have joined in its last life: the report is late.
    OldJoin(u8),
    /// A node is reported to have been fenced in its previous life: the report is late.
    OldFence(u8),
    /// An operator confirms that a node is off, which is true.
    Vouch(u8),
    /// An input has a time before the present.
    Early,
    /// Seconds pass.
    Pass(u32),
    /// The agents of a node are restarted and report what it runs.
    Recount(u8),
    /// A resource begins to run on a node before it is declared.
    Begin(u8, u8),
    /// Seconds pass in which the core does not run, and then it resumes.
    Down(u32),
}

/// A change of the configuration. Only last entries are removed, so ids do not change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Edit {
    /// The last group is removed.
    DropGroup,
    /// The last group is declared again, as it was in the beginning.
    AddGroup,
    /// The last resource is removed.
    DropResource,
    /// The last node is removed.
    DropNode,
    /// A provider needs its dependent.
    Circle,
    /// The last resource no longer needs its provider.
    Free,
    /// The last resource needs its provider again.
    Bind,
    /// The first group may run on the last nodes only.
    Strike,
}

impl Edit {
    pub(crate) fn apply(self, declared: &mut ClusterDeclaration) {
        match self {
            Self::DropGroup => {
                declared.groups.truncate(1);
            }
            Self::AddGroup => {
                let whole = super::declare::declaration(&super::Configuration::SMALL);
                let groups = declared.groups.len();
                declared.groups.extend(whole.groups.into_iter().skip(groups));
            }
            Self::DropResource => {
                for group in declared.groups.iter_mut().skip(1) {
                    group.resources.truncate(1);
                }
            }
            Self::DropNode => drop_last_node(declared),
            Self::Free | Self::Bind => {
                let last = declared.groups.iter_mut().last();
                if let Some([provider, dependent]) = last.map(|group| &mut group.resources[..]) {
                    dependent.depends_on =
                        (self == Self::Bind).then(|| format!("[{}]", provider.name).into());
                }
            }
            Self::Strike => {
                let owners = NODE_NAMES[1..].iter().map(|name| (*name).to_owned()).collect();
                if let Some(group) = declared.groups.first_mut() {
                    group.resources[0].possible_owners = Some(owners);
                }
            }
            Self::Circle => {
                let last = declared.groups.iter_mut().last();
                if let Some([provider, dependent]) = last.map(|group| &mut group.resources[..]) {
                    provider.depends_on = Some(format!("[{}]", dependent.name).into());
                }
            }
        }
    }
}

/// Removes the last node, also from preferred and possible owners.
pub(crate) fn drop_last_node(declared: &mut ClusterDeclaration) {
    let Some(node) = declared.nodes.pop() else { return };
    for group in &mut declared.groups {
        group.preferred_owners.retain(|name| *name != node.name);
        for resource in &mut group.resources {
            if let Some(owners) = &mut resource.possible_owners {
                owners.retain(|name| *name != node.name);
            }
        }
    }
}

impl Deed {
    /// Tells whether the deed can happen here. The cluster itself refuses what makes no sense to
    /// it.
    pub(crate) fn is_possible(self, state: &State) -> bool {
        match self {
            Self::OldJoin(node) => {
                let node = usize::from(node);
                let is_off = state.core.node_state(node) == NodeState::Down;
                let machine = &state.world.machines[node];
                is_off && !machine.is_powered && machine.life() > 0
            }
            Self::OldFence(node) => life(&state.core.cluster, node_id(node)) > Incarnation::new(1),
            Self::Vouch(node) => {
                let node = usize::from(node);
                !state.core.node_state(node).is_member() && !state.world.machines[node].is_powered
            }
            Self::Down(_) => true,
            Self::Recount(node) => {
                let node = usize::from(node);
                state.world.machines[node].is_reachable() && state.core.node_state(node).is_member()
            }
            Self::Begin(node, resource) => {
                let machine = &state.world.machines[usize::from(node)];
                let spec = state.core.cluster.spec();
                let id = ResourceId::new(resource.into());
                machine.is_powered
                    && spec.resource(id).is_none()
                    && machine.places[usize::from(resource)] == Place::Off
            }
            Self::Pass(seconds) => state.can_pass(Duration::from_secs(seconds.into())),
            Self::Online(_)
            | Self::Offline(_)
            | Self::Pause(_)
            | Self::Resume(_)
            | Self::Drain(_)
            | Self::Lock(_)
            | Self::Unlock(_)
            | Self::Evict(_)
            | Self::Edit(_)
            | Self::Witness(_)
            | Self::Clock { .. }
            | Self::Early => true,
        }
    }

    /// Returns the input of the cluster for the deed.
    pub(crate) fn input(self, cluster: &Cluster) -> Option<Input> {
        let group = |index: u8| -> GroupId { group_id(usize::from(index)) };
        let command = match self {
            Self::Online(index) => Command::bring_group_online(group(index)).into(),
            Self::Offline(index) => Command::take_group_offline(group(index)).into(),
            Self::Pause(node) => Command::pause_node(node_id(node)),
            Self::Resume(node) => {
                Command::resume_node(node_id(node)).failback(ResumeFailback::ByPolicy).into()
            }
            Self::Drain(node) => {
                let (mode, lock) = Default::default();
                Command::drain_node(node_id(node)).mode(mode).lock(lock).into()
            }
            Self::Lock(index) => Command::lock_group(group(index)),
            Self::Unlock(index) => Command::unlock_group(group(index)),
            Self::Evict(node) => Command::evict_node(node_id(node)),
            Self::Edit(edit) => {
                let mut declaration = ClusterDeclaration::from(cluster.spec());
                edit.apply(&mut declaration);
                Command::configure(declaration).into()
            }
            Self::Witness(witness) => return Some(Input::witness_changed(witness)),
            Self::Clock { hour, offset } => {
                let utc_millis_of_day = u32::from(hour) * 3_600_000;
                let reading = WallClock { utc_millis_of_day, utc_offset_minutes: offset };
                return Some(Input::wall_clock_read(reading));
            }
            Self::OldJoin(node) => return Some(old_join(cluster, node_id(node))),
            Self::OldFence(node) => {
                let node = node_id(node);
                let last = life(cluster, node).value().saturating_sub(1);
                let incarnation = Incarnation::new(last);
                return Some(Input::node_fenced(node, incarnation));
            }
            Self::Vouch(node) => {
                let (node, incarnation) = (node_id(node), Life::Known);
                return Some(Input::node_confirmed_down(node, incarnation));
            }
            Self::Early => return Some(Input::witness_changed(WitnessState::Up)),
            Self::Pass(_) => return None,
            Self::Down(_) => return Some(Input::CoreResumed),
            // Only the world is concerned by these.
            Self::Recount(_) | Self::Begin(..) => return None,
        };
        Some(Input::Command(command))
    }

    /// Returns the line of a scenario for the deed.
    pub(crate) fn line(self, cluster: &Cluster) -> String {
        let node = |index: u8| NODE_NAMES[usize::from(index)];
        let group = |index: u8| GROUP_NAMES[usize::from(index)];
        match self {
            Self::Online(index) => format!("online {}", group(index)),
            Self::Offline(index) => format!("offline {}", group(index)),
            Self::Pause(index) => format!("pause {}", node(index)),
            Self::Resume(index) => format!("resume {} policy", node(index)),
            Self::Drain(index) => format!("drain {}", node(index)),
            Self::Lock(index) => format!("lock {}", group(index)),
            Self::Unlock(index) => format!("unlock {}", group(index)),
            Self::Evict(index) => format!("evict {}", node(index)),
            Self::Edit(Edit::DropGroup) => format!("edit remove group {}", GROUP_NAMES[1]),
            Self::Edit(Edit::AddGroup) => format!("# group {} is declared", GROUP_NAMES[1]),
            Self::Edit(Edit::DropResource) => format!("edit remove resource {}", RESOURCE_NAMES[3]),
            Self::Edit(Edit::DropNode) => format!("edit remove node {}", NODE_NAMES[2]),
            Self::Edit(Edit::Free) => format!("edit unset resource {} needs", RESOURCE_NAMES[3]),
            Self::Edit(Edit::Bind) => {
                let [.., provider, dependent] = RESOURCE_NAMES;
                format!("edit set resource {dependent} needs=[{provider}]")
            }
            Self::Edit(Edit::Strike) => {
                let owners = NODE_NAMES[1..].join(",");
                format!("edit set resource {} possible={owners}", RESOURCE_NAMES[0])
            }
            Self::Edit(Edit::Circle) => {
                let [.., provider, dependent] = RESOURCE_NAMES;
                format!("edit set resource {provider} needs=[{dependent}]")
            }
            Self::Witness(WitnessState::Up) => "witness up".into(),
            Self::Witness(WitnessState::Down) => "witness down".into(),
            Self::Clock { hour, offset } => format!("clock {hour:02}:00 {offset}"),
            Self::OldJoin(index) => {
                let life = life(cluster, node_id(index)).value();
                format!("join {} inc={life}", node(index))
            }
            Self::OldFence(index) => {
                let life = life(cluster, node_id(index)).value();
                format!("fenced {} inc={}", node(index), life.saturating_sub(1))
            }
            Self::Vouch(index) => format!("confirm-down {}", node(index)),
            // In a scenario the clock only goes forward.
            Self::Early => "# not to be told in a scenario".into(),
            Self::Pass(seconds) => format!("advance {seconds}s"),
            Self::Recount(index) => format!("inventory {}", node(index)),
            Self::Begin(index, resource) => {
                format!("run {} on={}", RESOURCE_NAMES[usize::from(resource)], node(index))
            }
            Self::Down(seconds) => format!("skip {seconds}s\nresume-core"),
        }
    }
}

fn old_join(cluster: &Cluster, node: NodeId) -> Input {
    Input::node_joined(node, life(cluster, node), Vec::new())
}

/// Returns the last life of a node that the cluster knows.
fn life(cluster: &Cluster, node: NodeId) -> Incarnation {
    cluster.state().node(node).map_or(Incarnation::new(0), |record| record.incarnation())
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = |index: &u8| NODE_NAMES[usize::from(*index)];
        let group = |index: &u8| GROUP_NAMES[usize::from(*index)];
        match self {
            Self::Online(index) => write!(f, "an operator wants {} online", group(index)),
            Self::Offline(index) => write!(f, "an operator wants {} offline", group(index)),
            Self::Pause(index) => write!(f, "an operator pauses {}", node(index)),
            Self::Resume(index) => write!(f, "an operator resumes {}", node(index)),
            Self::Drain(index) => write!(f, "an operator drains {}", node(index)),
            Self::Lock(index) => write!(f, "an operator locks {}", group(index)),
            Self::Unlock(index) => write!(f, "an operator unlocks {}", group(index)),
            Self::Evict(index) => write!(f, "an operator evicts {}", node(index)),
            Self::Edit(Edit::DropGroup) => f.write_str("the last group is taken out"),
            Self::Edit(Edit::AddGroup) => f.write_str("the last group is declared"),
            Self::Edit(Edit::DropResource) => f.write_str("the last resource is taken out"),
            Self::Edit(Edit::DropNode) => f.write_str("the last node is taken out"),
            Self::Edit(Edit::Free) => f.write_str("the last resource needs no provider any more"),
            Self::Edit(Edit::Bind) => f.write_str("the last resource needs its provider again"),
            Self::Edit(Edit::Strike) => f.write_str("the first node may not own the first group"),
            Self::Edit(Edit::Circle) => f.write_str("a provider is to need its dependent"),
            Self::Witness(WitnessState::Up) => f.write_str("the witness is gained"),
            Self::Witness(WitnessState::Down) => f.write_str("the witness is lost"),
            Self::Clock { hour, offset } => {
                write!(f, "the clock on the wall is read: {hour}:00 UTC, offset {offset} min")
            }
            Self::OldJoin(index) => {
                write!(f, "the word that {} joined in its last life comes late", node(index))
            }
            Self::OldFence(index) => {
                write!(f, "the word that {} was fenced in its life before comes late", node(index))
            }
            Self::Vouch(index) => write!(f, "an operator says that {} is off", node(index)),
            Self::Early => f.write_str("something is told at a time that is over"),
            Self::Pass(seconds) => write!(f, "{seconds} s pass"),
            Self::Recount(index) => {
                write!(f, "the agents of {} are restarted and say what it runs", node(index))
            }
            Self::Begin(index, resource) => {
                let resource = RESOURCE_NAMES[usize::from(*resource)];
                write!(f, "{resource} begins to run on {} unasked", node(index))
            }
            Self::Down(seconds) => write!(f, "the core is down for {seconds} s, and goes on"),
        }
    }
}
