//! Small clusters for one sort of event each, with few deeds and faults, so that they close within
//! seconds.
//!
//! Each is the plain cluster of [`declare`](super::declare) with the differences given here. Its
//! steps are judged by [`Audit`](quorate_testkit::audit::Audit), which knows nothing of this model.

mod drains;

use std::time::Duration;

use quorate::kind::ResourceOverrides;
use quorate::quorum::WitnessState;
use quorate::settings::{
    Admission, Failback, FailbackWindow, Fencing, Interval, Priority, QuorumRule, RestartAction,
    UnconfirmedStop,
};
use quorate::spec::ClusterDeclaration;

use super::Configuration;
use super::configuration::{Fault, Start};
use super::deed::{Deed, Edit};
use drains::{LOCKS, OWNERS, TIERS};

/// The differences from the plain cluster.
#[derive(Debug)]
pub(crate) struct Scene {
    /// The subject of the scene, for people.
    pub(crate) about: &'static str,
    /// Changes the declaration.
    pub(crate) declare: fn(&mut ClusterDeclaration),
    /// The deeds before the first node joins.
    pub(crate) first: &'static [Deed],
    /// The deeds that can happen without a fault, up to their number in one history.
    pub(crate) deeds: &'static [Deed],
    pub(crate) pace: Pace,
    /// The span after which nothing counts as due; longer than any history.
    pub(crate) horizon: Duration,
    /// The length of a history, if the wall clock matters and every time is different.
    pub(crate) lasts: Option<Duration>,
}

/// The pace of orders and answers between the cluster and the machines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pace {
    /// Anything may happen while they are under way.
    Free,
    /// Nothing else happens while one is under way that can arrive. The model chooses the first of
    /// several.
    Brisk,
}

const HOUR: Duration = Duration::from_secs(3_600);

/// A wait beyond the horizon: how long it has lasted makes no state another one.
const NEVER_OVER: Duration = Duration::from_secs(2 * 3_600);

const SCENE: Scene = Scene {
    about: "",
    declare: |_| (),
    first: &[],
    deeds: &[],
    pace: Pace::Brisk,
    horizon: HOUR,
    lasts: None,
};

const BASE: Configuration =
    Configuration { fences: None, probe_one_in: 16, ..Configuration::SMALL };

/// Every scene.
pub(crate) static ALL: &[Configuration] = &[
    LIMITS, WITNESS, FENCES, LEASE, OWNERS, ROOM, APART, FAILBACK, EDITS, VOTES, LOCKS, FORMING,
    AGENTS, RUNNING, DECLARED, TIERS,
];

/// Budgets of restarts and failovers, and time that leaves their windows.
const LIMITS: Configuration = Configuration {
    name: "limits",
    faults: 3,
    kinds: &[Fault::Die],
    moves: 2,
    scene: Some(&Scene {
        about: "restarts, failovers and retries within windows that end",
        declare: |declared| {
            const PERIOD: Duration = Duration::from_secs(10);
            if let [high, low] = &mut declared.groups[..] {
                high.priority = Some(Priority::HIGH);
                high.failover_period = Some(PERIOD);
                // One of its resources is tried again after a while, the other one never.
                let retries = [Interval::Every(Duration::from_secs(30)), Interval::Never];
                for (of, retry) in overrides(high).zip(retries) {
                    of.restart_threshold = Some(0);
                    of.retry_period = Some(retry);
                }
                for of in overrides(low) {
                    of.restart_threshold = Some(2);
                    of.restart_action = Some(RestartAction::RestartNoNotify);
                    of.restart_period = Some(PERIOD);
                }
            }
        },
        deeds: &[Deed::Pass(10), Deed::Pass(11), Deed::Offline(1), Deed::Online(1)],
        ..SCENE
    }),
    ..BASE
};

/// Votes that can be halved, and a witness that comes and goes.
const WITNESS: Configuration = Configuration {
    name: "witness",
    faults: 2,
    kinds: &[Fault::Crash, Fault::Cut],
    moves: 2,
    scene: Some(&Scene {
        about: "an even number of votes, and a witness that comes and goes",
        declare: |declared| {
            declared.quorum = Some(QuorumRule::MajorityWithWitness);
            declared.witness_weight = Some(2);
            if let Some(first) = declared.nodes.first_mut() {
                first.vote_weight = Some(2);
            }
        },
        first: &[Deed::Witness(WitnessState::Up)],
        deeds: &[Deed::Witness(WitnessState::Down), Deed::Witness(WitnessState::Up)],
        ..SCENE
    }),
    ..BASE
};

/// Fences that fail, and no second one.
const FENCES: Configuration = Configuration {
    name: "fences",
    fences: Some(1),
    faults: 2,
    kinds: &[Fault::Crash, Fault::Cut, Fault::Fail],
    moves: 2,
    scene: Some(&Scene {
        about: "one fence for each node, and a group that must not wait for another one's",
        declare: |declared| {
            declared.groups[0].priority = Some(Priority::HIGH);
            declared.priority_wait = Some(NEVER_OVER);
            for group in &mut declared.groups {
                for of in overrides(group) {
                    of.unconfirmed_stop = Some(UnconfirmedStop::BlockGroup);
                }
            }
        },
        deeds: &[
            Deed::Offline(1),
            Deed::Online(1),
            Deed::OldJoin(0),
            Deed::OldJoin(1),
            Deed::OldFence(0),
        ],
        ..SCENE
    }),
    ..BASE
};

/// Leases in place of fences, and nodes that join with resources that do not belong there.
const LEASE: Configuration = Configuration {
    name: "lease",
    faults: 2,
    kinds: &[Fault::Crash, Fault::Rogue],
    moves: 1,
    scene: Some(&Scene {
        about: "leases that end, with a margin; nodes that join with what is not theirs",
        declare: |declared| {
            let (duration, margin) = (Duration::from_secs(10), Duration::from_secs(5));
            declared.fencing = Some(Fencing::Lease { duration, margin });
        },
        deeds: &[Deed::Pass(3), Deed::OldJoin(0), Deed::Early, Deed::Down(200)],
        ..SCENE
    }),
    ..BASE
};

/// Room for one group on each node.
const ROOM: Configuration = Configuration {
    name: "room",
    starts: &[Start::Cold, Start::Formed],
    faults: 3,
    kinds: &[Fault::Crash],
    moves: 1,
    scene: Some(&Scene {
        about: "room for one group on each node, priorities, and a cluster that forms",
        declare: |declared| {
            for (node, room) in declared.nodes.iter_mut().zip([1, 1, 1]) {
                node.capacity.insert("memory".into(), room);
            }
            // These are two spellings of one dimension.
            for (group, memory) in declared.groups.iter_mut().zip(["memory", "Memory"]) {
                group.demands.insert(memory.into(), 1);
            }
            // One of the nodes is a majority, so all others can be off.
            declared.nodes[2].vote_weight = Some(3);
            // The group is declared last and placed first.
            declared.groups[1].priority = Some(Priority::HIGH);
            declared.priority_wait = Some(NEVER_OVER);
        },
        deeds: &[Deed::Drain(0), Deed::Resume(0)],
        ..SCENE
    }),
    ..BASE
};

/// Groups that keep away from each other.
const APART: Configuration = Configuration {
    name: "apart",
    faults: 2,
    kinds: &[Fault::Crash, Fault::Die],
    moves: 2,
    scene: Some(&Scene {
        about: "two groups of one anti-affinity class; a node admits only one of them",
        declare: |declared| {
            declared.admission = Some(Admission::SameClassOnline);
            // These are two spellings of one class.
            for (group, class) in declared.groups.iter_mut().zip(["apart", "Apart"]) {
                group.anti_affinity_classes.push(class.into());
            }
        },
        deeds: &[Deed::Pause(2), Deed::Resume(2), Deed::Drain(0)],
        ..SCENE
    }),
    ..BASE
};

/// Groups that return home, by day and at night.
const FAILBACK: Configuration = Configuration {
    name: "failback",
    faults: 2,
    kinds: &[Fault::Crash],
    moves: 1,
    scene: Some(&Scene {
        about: "failback after a hold-down, and in a window across midnight",
        declare: |declared| {
            // This is longer than any history, although histories last for days here.
            let forever = 100 * 24 * HOUR;
            declared.probe_interval = Some(Interval::Every(forever));
            for group in &mut declared.groups {
                group.failover_period = Some(40 * 24 * HOUR);
                group.failback = Some(Failback::Allow);
                for of in overrides(group) {
                    of.is_alive_interval = Some(Interval::Every(forever));
                    of.restart_period = Some(forever);
                }
            }
            declared.groups[0].failback_hold_down = Some(Duration::from_secs(10));
            declared.groups[1].failback_window =
                Some(FailbackWindow { start_hour: 22, end_hour: 2 });
        },
        first: &[Deed::Clock { hour: 12, offset: 0 }],
        deeds: &[
            Deed::Clock { hour: 23, offset: 0 },
            Deed::Clock { hour: 21, offset: 60 },
            Deed::Clock { hour: 12, offset: 0 },
        ],
        horizon: Duration::from_secs(72 * 3_600),
        // The history includes the nights of two days.
        lasts: Some(Duration::from_secs(40 * 3_600)),
        ..SCENE
    }),
    ..BASE
};

/// Changes of the configuration while things are under way.
const EDITS: Configuration = Configuration {
    name: "edits",
    faults: 1,
    kinds: &[Fault::Crash, Fault::Die, Fault::Fail],
    moves: 2,
    scene: Some(&Scene {
        about: "changes of the configuration while things are under way",
        deeds: &[
            Deed::Edit(Edit::DropGroup),
            Deed::Edit(Edit::DropResource),
            Deed::Edit(Edit::DropNode),
            Deed::Edit(Edit::Circle),
            Deed::Evict(2),
            Deed::Offline(1),
        ],
        pace: Pace::Free,
        ..SCENE
    }),
    ..BASE
};

/// A node that takes half of the votes away, and operators who evict it without quorum.
const VOTES: Configuration = Configuration {
    name: "votes",
    faults: 1,
    kinds: &[Fault::Crash],
    moves: 3,
    scene: Some(&Scene {
        about: "a node that takes half of the votes with it, and is taken out without quorum",
        declare: |declared| {
            declared.fencing = Some(Fencing::Trusted);
            if let Some(last) = declared.nodes.last_mut() {
                last.vote_weight = Some(2);
            }
        },
        deeds: &[Deed::Vouch(2), Deed::Evict(2), Deed::Edit(Edit::DropGroup)],
        ..SCENE
    }),
    ..BASE
};

/// Changes of the configuration that concern what runs.
const RUNNING: Configuration = Configuration {
    name: "running",
    faults: 1,
    kinds: &[Fault::Die],
    moves: 1,
    scene: Some(&Scene {
        about: "dependencies and possible owners that change under what runs",
        deeds: &[Deed::Edit(Edit::Free), Deed::Edit(Edit::Bind), Deed::Edit(Edit::Strike)],
        ..SCENE
    }),
    ..BASE
};

/// A group that is declared while the cluster runs, and may run already.
const DECLARED: Configuration = Configuration {
    name: "declared",
    faults: 1,
    kinds: &[Fault::Crash, Fault::Cut, Fault::Lose],
    moves: 3,
    scene: Some(&Scene {
        about: "a group that is declared while the cluster runs, and may run already",
        first: &[Deed::Edit(Edit::DropGroup)],
        deeds: &[
            Deed::Begin(0, 2),
            Deed::Begin(1, 2),
            Deed::Begin(1, 3),
            Deed::Edit(Edit::AddGroup),
        ],
        pace: Pace::Free,
        ..SCENE
    }),
    ..BASE
};

/// Groups that wait for their preferred owners when the cluster forms.
const FORMING: Configuration = Configuration {
    name: "forming",
    starts: &[Start::Cold],
    faults: 2,
    kinds: &[Fault::Crash],
    moves: 0,
    scene: Some(&Scene {
        about: "groups that wait for their preferred owners when the cluster forms",
        declare: |declared| declared.group_wait_delay = Some(Duration::from_secs(120)),
        ..SCENE
    }),
    ..BASE
};

/// Agents that are restarted while their node is a member.
const AGENTS: Configuration = Configuration {
    name: "agents",
    faults: 1,
    kinds: &[Fault::Hang, Fault::Cut, Fault::Lose],
    moves: 2,
    scene: Some(&Scene {
        about: "agents that are restarted and say what their node runs",
        deeds: &[Deed::Recount(0), Deed::Recount(1), Deed::Offline(1), Deed::Online(1)],
        pace: Pace::Free,
        ..SCENE
    }),
    ..BASE
};

/// Returns the settings of the resources of a group.
fn overrides(
    group: &mut quorate::spec::GroupDeclaration,
) -> impl Iterator<Item = &mut ResourceOverrides> {
    group.resources.iter_mut().filter_map(|resource| resource.settings.as_deref_mut())
}
