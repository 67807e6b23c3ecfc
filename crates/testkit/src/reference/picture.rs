//! Facts that are known of a cluster, by name.

use quorate::machine::{NodeState, ResourceState};
use quorate::settings::{
    Admission, AntiAffinityPlacement, DesiredState, FailoverLimit, NoQuorum, Ownership,
    RestartAction,
};
use quorate::state::{
    Drain, Lock, LockHandling, MovementCause, NoRestartCause, OperationKind, QueuedMove, Recovery,
    Turn,
};
use quorate::{OpId, Timestamp};

mod learn;

/// A cluster at one moment: its declaration and its known state, by name and in the order of the
/// declaration.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The latest time that the cluster was told.
    pub now: Timestamp,
    /// True if the cluster has quorum.
    pub is_quorate: bool,
    /// The time at which it formed, and how long a group then waits for its home.
    pub forming: Option<(Timestamp, core::time::Duration)>,
    /// The time since which it has quorum.
    pub quorate_since: Option<Timestamp>,
    /// The time that a group waits for groups of higher priority that come up with it.
    pub priority_wait: core::time::Duration,
    /// The strength of anti-affinity.
    pub anti_affinity: AntiAffinityPlacement,
    /// The rule for a group that starts beside another one of its class.
    pub admission: Admission,
    /// The action for a group at its failover limit.
    pub failover_limit: FailoverLimit,
    /// The action without quorum.
    pub no_quorum: NoQuorum,
    /// The resources that a node has to be able to run.
    pub ownership: Ownership,
    /// The steps of the search for a joint placement; 0 is none.
    pub placement_steps: u32,
    /// The dimensions of demands and capacities.
    pub dimensions: Vec<String>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The groups.
    pub groups: Vec<Group>,
    /// Orphans: node and resource.
    pub orphans: Vec<(String, String)>,
}

/// A node.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its known state.
    pub state: NodeState,
    /// Its limits, by dimension; a dimension that is not listed has no limit.
    pub capacities: Vec<(String, u64)>,
    /// The last drain.
    pub drain: Drain,
    /// The destination of the drain.
    pub drain_target: Option<String>,
    /// The time since which it has its state.
    pub since: Timestamp,
    /// Number of the input in which it last came up; unlike the time it always grows.
    pub up_in_input: u64,
    /// True if groups may return to it; false if it was resumed without failback.
    pub is_attractive: bool,
    /// The last configuration whose new resources it has reported.
    pub listed_in: u64,
}

/// A group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its start tier.
    pub priority: u32,
    /// The node that owns it or owned it last.
    pub owner: Option<String>,
    /// True if it takes room on its owner, as settled when it was placed or started.
    pub takes_room: bool,
    /// Its destination, if it is moving; the inner `None` is no destination.
    pub going: Option<(Option<String>, MovementCause)>,
    /// The node that a drain took it from, until it fails back.
    pub drained_from: Option<String>,
    /// A move that waits until it is possible.
    pub queued: Option<QueuedMove>,
    /// Its ownership epoch.
    pub epoch: u64,
    /// The nodes on which it failed in their present lives, with the times.
    pub failed_on: Vec<(String, Timestamp)>,
    /// The nodes on which one of its resources can never run in their present lives.
    pub barred_from: Vec<(String, String)>,
    /// The time for which a node on which it failed comes after the others.
    pub failure_memory: core::time::Duration,
    /// Its preferred owners, best first.
    pub preferred: Vec<String>,
    /// Its anti-affinity classes.
    pub classes: Vec<String>,
    /// Its demands on a node, by dimension.
    pub demands: Vec<(String, u64)>,
    /// True if an operator asked for it since it came to its owner.
    pub is_ordered: bool,
    /// The time at which it came to its owner.
    pub placed_at: Timestamp,
    /// Number of the input in which it came to its owner.
    pub placed_in_input: u64,
    /// Its turn among the groups that come up with it.
    pub turn: Turn,
    /// Its lock.
    pub lock: Lock,
    /// True if it was given a node, started or found running since the cluster formed.
    pub is_settled: bool,
    /// The time for which a better owner has to be up before it fails back, if it fails back at any
    /// hour.
    pub returns_after: Option<core::time::Duration>,
    /// The time that it waits on a node before it starts.
    pub start_delay: core::time::Duration,
    /// Node of the last activation or explicit move.
    pub default_owner: Option<String>,
    /// Its resources.
    pub resources: Vec<Resource>,
}

/// A resource.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its name.
    pub name: String,
    /// Its known state.
    pub state: ResourceState,
    /// Its desired state: its own, or else that of its group.
    pub desired: DesiredState,
    /// True if an operator wants it offline, for any desired state of its group.
    pub is_kept_off: bool,
    /// The nodes that can run it; `None` is every node.
    pub possible: Option<Vec<String>>,
    /// Its dependencies: an AND of ORs of names.
    pub needs: Vec<Vec<String>>,
    /// The planned recovery from its failure.
    pub recovery: Recovery,
    /// True if it failed and is left as it is for an operator.
    pub is_left: bool,
    /// Its operation that was issued and not answered.
    pub operation: Option<(OpId, OperationKind)>,
    /// The action when it fails.
    pub restart_action: RestartAction,
    /// The configuration that declared it while the cluster ran, else 0.
    pub declared_in: u64,
    /// True if an operator confirms that it does not run on nodes that have not reported it.
    pub is_vouched: bool,
}

impl Picture {
    /// Returns a node by its name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// Returns a group by its name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// Returns the state of a node; a node that is not declared is down.
    #[must_use]
    pub fn node_state(&self, name: &str) -> NodeState {
        self.node(name).map_or(NodeState::Down, |node| node.state)
    }

    /// Returns the groups other than this one that take room on a node, or will when they have
    /// arrived.
    pub fn others_on<'a>(
        &'a self,
        group: &'a str,
        node: &'a str,
    ) -> impl Iterator<Item = &'a Group> + 'a {
        self.groups
            .iter()
            .filter(move |other| other.name != group && self.takes_room_on(other, node))
    }

    /// Tells whether a group takes room on a node: on its owner if it runs or was given room to
    /// run, at its destination if it is to run there.
    #[must_use]
    pub fn takes_room_on(&self, group: &Group, node: &str) -> bool {
        let is_here = group.owner.as_deref() == Some(node) && (group.takes_room || group.may_run());
        let is_going = group.going.as_ref().is_some_and(|(to, _)| to.as_deref() == Some(node));
        is_here || is_going && self.is_wanted(group)
    }

    /// Tells whether it is unknown if a resource runs already: it was declared while the cluster
    /// ran, and a node that is not off has not reported what it runs since then.
    #[must_use]
    pub fn may_run_unheard(&self, resource: &Resource) -> bool {
        !resource.is_vouched
            && self
                .nodes
                .iter()
                .any(|node| node.state != NodeState::Down && node.listed_in < resource.declared_in)
    }

    /// Tells whether two pictures are equal in everything that placement depends on.
    #[must_use]
    pub fn is_same_for_placement(&self, other: &Self) -> bool {
        let pictured = other;
        let (rules, others) =
            ((self.anti_affinity, self.admission), (other.anti_affinity, other.admission));
        rules == others
            && self.nodes.len() == other.nodes.len()
            && self.nodes.iter().zip(&other.nodes).all(|(node, other)| {
                (&node.name, node.state, &node.capacities)
                    == (&other.name, other.state, &other.capacities)
            })
            && self.groups.len() == other.groups.len()
            && self.groups.iter().zip(&other.groups).all(|(group, other)| {
                let is_as_failed = self.nodes.iter().all(|node| {
                    let own = self.failed_at(group, &node.name);
                    own == pictured.failed_at(other, &node.name)
                });
                group.is_same_for_placement(other) && is_as_failed
            })
    }
}

impl Group {
    /// Tells whether it stands on a node or is moving to it.
    #[must_use]
    pub fn takes_place_on(&self, node: &str) -> bool {
        let is_going_there = self.going.as_ref().is_some_and(|(to, _)| to.as_deref() == Some(node));
        self.owner.as_deref() == Some(node) || is_going_there
    }

    fn is_same_for_placement(&self, other: &Self) -> bool {
        let same = |one: &Resource, other: &Resource| {
            (&one.name, &one.possible, one.desired, one.is_kept_off)
                == (&other.name, &other.possible, other.desired, other.is_kept_off)
        };
        self.name == other.name
            && self.owner == other.owner
            && self.going == other.going
            && self.epoch == other.epoch
            && self.failed_on == other.failed_on
            && self.takes_room == other.takes_room
            && self.is_ordered == other.is_ordered
            && self.barred_from == other.barred_from
            && self.preferred == other.preferred
            && self.classes == other.classes
            && self.demands == other.demands
            && self.may_run() == other.may_run()
            && self.resources.len() == other.resources.len()
            && self.resources.iter().zip(&other.resources).all(|(one, other)| same(one, other))
    }

    /// Tells whether the two have an anti-affinity class in common.
    #[must_use]
    pub fn is_rival_of(&self, other: &Self) -> bool {
        self.classes.iter().any(|class| other.classes.iter().any(|of| is_one_name(class, of)))
    }

    /// Tells whether it stays on its owner because it is locked and nothing overrides the lock.
    #[must_use]
    pub fn is_held(&self, by: LockHandling) -> bool {
        self.lock == Lock::Locked && by == LockHandling::Respect
    }

    /// Tells whether any of its resources may be running on its owner.
    #[must_use]
    pub fn may_run(&self) -> bool {
        self.resources.iter().any(Resource::may_run)
    }

    /// Returns a resource by its name.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.name == name)
    }
}

impl Resource {
    /// Tells whether it affects its group, failed, and could neither be restarted nor move its
    /// group.
    fn was_given_up(&self) -> bool {
        let is_lost = match self.recovery {
            Recovery::None | Recovery::RestartAt(_) | Recovery::Failover => false,
            // It is not given up if its node was off meanwhile.
            Recovery::RetryAt { cause: NoRestartCause::Left, .. } => self.is_left,
            Recovery::RetryAt { cause, .. } => matches!(
                cause,
                NoRestartCause::Failovers
                    | NoRestartCause::NoCandidate
                    | NoRestartCause::Retries
                    | NoRestartCause::ForGood
            ),
        };
        is_lost && self.restart_action == RestartAction::RestartNotify
    }

    /// Tells whether it is off and the time of its next attempt has come. On a paused node that
    /// attempt can only be to leave.
    fn is_tried_again(&self, now: Timestamp, is_held: bool) -> bool {
        match self.recovery {
            Recovery::RetryAt { at: Some(at), cause } => {
                at <= now && !self.may_run() && (!is_held || cause == NoRestartCause::Failovers)
            }
            Recovery::RetryAt { at: None, .. }
            | Recovery::None
            | Recovery::RestartAt(_)
            | Recovery::Failover => false,
        }
    }

    /// Tells whether it may be running, as far as is known.
    #[must_use]
    pub fn may_run(&self) -> bool {
        match self.state {
            ResourceState::Initializing | ResourceState::Offline | ResourceState::Failed => false,
            ResourceState::OnlinePending
            | ResourceState::Online
            | ResourceState::OfflinePending
            | ResourceState::Terminating
            | ResourceState::InDoubt => true,
        }
    }

    /// Tells whether a node can run it.
    #[must_use]
    pub fn can_run_on(&self, node: &str) -> bool {
        self.possible.as_ref().is_none_or(|nodes| nodes.iter().any(|name| name == node))
    }
}

/// Tells whether two spellings of a class or a dimension are one name: case does not matter.
pub(super) fn is_one_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
