//! The cases, and the cluster in which each is so.

use quorate::machine::NodeState;
use quorate::policy::FailoverPolicy;
use quorate::settings::{Admission, AntiAffinityPlacement, DesiredState, Fencing, Priority};
use quorate::spec::{ClusterDeclaration, GroupDeclaration, NodeDeclaration, ResourceDeclaration};
use quorate::{Cluster, GroupId, NodeId, ResourceId, Snapshot, Timestamp};
use serde_json::{Value, json};

/// The node in question.
pub(super) const THERE: NodeId = NodeId::new(0);
/// Where the group is if it is elsewhere, and where groups come from that are on their way.
pub(super) const HOME: NodeId = NodeId::new(2);
/// The one that has the vote.
pub(super) const KEEPER: NodeId = NodeId::new(3);
pub(super) const GROUP: GroupId = GroupId::new(0);
pub(super) const RESOURCES: [ResourceId; 2] = [ResourceId::new(0), ResourceId::new(1)];
pub(super) const NEIGHBOUR: GroupId = GroupId::new(1);

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_000);

/// The demand of the group, and the capacity of the node.
pub(super) const DEMAND: u64 = 4;
const CAPACITY: u64 = 10;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Standing {
    Is(NodeState),
    /// Paused, and being emptied.
    Drained,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Owner {
    Nobody,
    /// The node in question.
    There,
    Elsewhere,
}

/// The resources that the node can run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ability {
    Everything,
    AllButTheSecond,
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Room {
    NoLimit,
    JustEnough,
    OneShort,
    /// A group that is on its way takes it.
    OneShortByArrival,
}

/// A group of the same anti-affinity class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Neighbour {
    None,
    /// It is there, off, and wanted off: it takes no place.
    Off,
    /// It is there, and off; it is to start.
    Idle,
    Running,
    /// It is on its way.
    Arriving,
}

/// The only other node that may be up, apart from the owner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Other {
    Able,
    /// Able, and without room.
    Full,
    /// Up, and no possible owner of the second resource.
    Unable,
    Down,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) standing: Standing,
    pub(super) owner: Owner,
    pub(super) ability: Ability,
    pub(super) room: Room,
    pub(super) neighbour: Neighbour,
    /// The desired state of the group.
    pub(super) desired: DesiredState,
    pub(super) other: Other,
    pub(super) anti_affinity: AntiAffinityPlacement,
    pub(super) admission: Admission,
}

impl Case {
    /// Every combination that can come about, with its cluster: what is down runs nothing.
    pub(super) fn for_each(
        policy: impl FailoverPolicy + Copy + 'static,
        mut tell: impl FnMut(&Self, &Cluster),
    ) {
        for (ability, room) in ABILITIES.into_iter().flat_map(|of| ROOMS.map(|room| (of, room))) {
            for (other, (anti_affinity, admission)) in
                OTHERS.into_iter().flat_map(|of| ADMISSIONS.map(|admission| (of, admission)))
            {
                let first = Self {
                    standing: Standing::Drained,
                    owner: OWNERS[0],
                    ability,
                    room,
                    neighbour: NEIGHBOURS[0],
                    desired: DesiredState::Online,
                    other,
                    anti_affinity,
                    admission,
                };
                let fresh = first.fresh(policy);
                for (standing, owner) in standings().flat_map(|of| OWNERS.map(|owner| (of, owner)))
                {
                    for (neighbour, desired) in NEIGHBOURS
                        .into_iter()
                        .flat_map(|of| [(of, DesiredState::Online), (of, DesiredState::Offline)])
                    {
                        let case = Self { standing, owner, neighbour, desired, ..first };
                        if case.is_possible() {
                            tell(&case, &case.cluster(fresh.clone(), policy));
                        }
                    }
                }
            }
        }
    }

    fn is_possible(&self) -> bool {
        self.state() != NodeState::Down || self.neighbour != Neighbour::Running
    }

    pub(super) fn state(&self) -> NodeState {
        match self.standing {
            Standing::Is(state) => state,
            Standing::Drained => NodeState::Paused,
        }
    }

    fn declaration(&self) -> ClusterDeclaration {
        let node = |name: &str, votes: u32| {
            let mut node = NodeDeclaration::new(name);
            node.vote_weight = Some(votes);
            node
        };
        let limited = |name: &str, room: u64| node(name, 0).capacity("room", room);
        let there = match self.room {
            Room::NoLimit => node("there", 0),
            Room::JustEnough | Room::OneShort | Room::OneShortByArrival => {
                limited("there", CAPACITY)
            }
        };
        let other = match self.other {
            Other::Full => limited("other", DEMAND - 1),
            Other::Able | Other::Unable | Other::Down => node("other", 0),
        };
        let runs = |may: bool, name: &'static str| may.then_some(name);
        let everywhere = ["home", "keeper"].into_iter();
        let first = everywhere
            .clone()
            .chain(["other"])
            .chain(runs(self.ability != Ability::Nothing, "there"));
        let second = everywhere
            .chain(runs(self.other != Other::Unable, "other"))
            .chain(runs(self.ability == Ability::Everything, "there"));
        let filling = match self.room {
            Room::JustEnough => CAPACITY - DEMAND,
            Room::NoLimit | Room::OneShort | Room::OneShortByArrival => CAPACITY - DEMAND + 1,
        };
        let mut group = GroupDeclaration::new("group")
            .demand("room", DEMAND)
            .anti_affinity_classes(["apart"])
            .resource(ResourceDeclaration::new("first", "Generic Service").possible_owners(first))
            .resource(
                ResourceDeclaration::new("second", "Generic Service").possible_owners(second),
            );
        group.priority = Some(Priority::HIGH);
        let alone = |name: &str| {
            let resource = ResourceDeclaration::new(format!("{name}0"), "Generic Service");
            GroupDeclaration::new(name).resource(resource)
        };
        let mut declared = ClusterDeclaration::new("c")
            .node(there)
            .node(other)
            .node(node("home", 0))
            .node(node("keeper", 1))
            .fencing(Fencing::Trusted)
            .group(group)
            .group(alone("neighbour").anti_affinity_classes(["apart"]))
            .group(alone("filler").demand("room", filling).anti_affinity_classes(["another"]))
            .group(alone("stray"));
        declared.anti_affinity = Some(self.anti_affinity);
        declared.admission = Some(self.admission);
        declared
    }

    /// The snapshot of the cluster when it has just been declared.
    fn fresh(&self, policy: impl FailoverPolicy + 'static) -> Value {
        let spec = self.declaration().build().expect("a valid declaration");
        let cluster = Cluster::new(spec, policy, NOW);
        serde_json::to_value(cluster.snapshot()).expect("it is written")
    }

    /// The cluster in which it is so. The keeper has the only vote and is paused: there is quorum,
    /// and no other node is up because of it.
    fn cluster(&self, fresh: Value, policy: impl FailoverPolicy + 'static) -> Cluster {
        let mut value = fresh;
        let snapshot = &mut value["v1"];
        let home = if self.owner == Owner::Elsewhere { NodeState::Up } else { NodeState::Down };
        let other = match self.other {
            Other::Able | Other::Full | Other::Unable => NodeState::Up,
            Other::Down => NodeState::Down,
        };
        let states = [self.state(), other, home, NodeState::Paused];
        for (node, state) in states.into_iter().enumerate() {
            stand(&mut snapshot["nodes"][node], state);
        }
        if self.standing == Standing::Drained {
            snapshot["nodes"][0]["drain"] = json!({ "status": "in_progress" });
        }
        if self.state() == NodeState::Joining {
            // The resource that is stopped there before the node is up.
            let stray = json!({ "node": "there", "resource": "stray0", "state": "running" });
            snapshot["orphans"] = json!([stray]);
        }
        snapshot["formed_at"] = json!(NOW);
        snapshot["quorate_since"] = json!(NOW);
        let owned = |owner: &str| json!({ "owner": owner, "epoch": 1 });
        let arriving = json!({
            "owner": "home", "epoch": 1, "movement": { "to": "there", "cause": "operator" }
        });
        let group = match self.owner {
            Owner::Nobody => json!({}),
            Owner::There => owned("there"),
            Owner::Elsewhere => owned("home"),
        };
        let neighbour = match self.neighbour {
            Neighbour::None => json!({}),
            Neighbour::Off | Neighbour::Idle | Neighbour::Running => owned("there"),
            Neighbour::Arriving => arriving.clone(),
        };
        let filler = match self.room {
            Room::NoLimit | Room::JustEnough | Room::OneShort => owned("there"),
            Room::OneShortByArrival => arriving,
        };
        for (index, fields) in [group, neighbour, filler].into_iter().enumerate() {
            let record = &mut snapshot["groups"][index];
            record["desired"] = json!(match (index, self.neighbour) {
                (0, _) => self.desired,
                (1, Neighbour::Off) => DesiredState::Offline,
                _ => DesiredState::Online,
            });
            set(record, &fields);
            let is_owned = fields.get("owner").is_some();
            let resources: &[usize] = [&[0, 1][..], &[2], &[3]][index];
            for resource in resources.iter().filter(|_| is_owned) {
                snapshot["resources"][*resource]["state"] = json!("offline");
            }
        }
        if self.neighbour == Neighbour::Running {
            let is_lost = self.state() == NodeState::Unclean;
            let state = if is_lost { "in_doubt" } else { "online" };
            snapshot["groups"][1]["desired"] = json!("online");
            snapshot["resources"][2]["state"] = json!(state);
        }
        let snapshot: Snapshot = serde_json::from_value(value).expect("it is a snapshot");
        Cluster::restore(snapshot, policy).unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }
}

fn standings() -> impl Iterator<Item = Standing> {
    NodeState::ALL.map(Standing::Is).into_iter().chain([Standing::Drained])
}

const OWNERS: [Owner; 3] = [Owner::Nobody, Owner::There, Owner::Elsewhere];
const ABILITIES: [Ability; 3] = [Ability::Everything, Ability::AllButTheSecond, Ability::Nothing];
const ROOMS: [Room; 4] = [Room::NoLimit, Room::JustEnough, Room::OneShort, Room::OneShortByArrival];
const NEIGHBOURS: [Neighbour; 5] =
    [Neighbour::None, Neighbour::Off, Neighbour::Idle, Neighbour::Running, Neighbour::Arriving];
const OTHERS: [Other; 4] = [Other::Able, Other::Full, Other::Unable, Other::Down];
const ADMISSIONS: [(AntiAffinityPlacement, Admission); 4] = [
    (AntiAffinityPlacement::Soft, Admission::Open),
    (AntiAffinityPlacement::Soft, Admission::SameClassOnline),
    (AntiAffinityPlacement::Hard, Admission::Open),
    (AntiAffinityPlacement::Hard, Admission::SameClassOnline),
];

fn set(record: &mut Value, fields: &Value) {
    for (key, value) in fields.as_object().expect("fields") {
        record[key] = value.clone();
    }
}

fn stand(record: &mut Value, state: NodeState) {
    record["state"] = json!(state);
    record["incarnation"] = json!(1);
    match state {
        NodeState::Down => record["proof"] = json!("trusted"),
        NodeState::Paused => record["pause"] = json!("requested"),
        NodeState::Up | NodeState::Joining | NodeState::Unclean => {}
    }
}
