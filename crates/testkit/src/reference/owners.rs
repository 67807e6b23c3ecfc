//! The nodes that may own a group, and the objections to the others.

use super::picture::{Group, Picture, is_one_name};
use quorate::machine::NodeState;
use quorate::policy::Trigger;
use quorate::settings::{Admission, AntiAffinityPlacement, Ownership};

/// The standing of a node for a group that needs one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Standing {
    /// The node may own the group.
    Fit,
    /// The node may own the group, if there is none better.
    LastResort(Flaw),
    /// The node may not own the group.
    Unfit(Objection),
}

/// The flaw of a last resort, the lesser evil first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Flaw {
    /// A group of its anti-affinity class is there.
    BesideRival,
    /// The node cannot run everything.
    CannotRunAll,
    /// The node is paused.
    Paused,
}

/// An objection to a node.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Objection {
    /// The node is not up.
    NotUp,
    /// The group is to leave the node.
    IsOwner,
    /// This resource can never run there.
    Barred(String),
    /// The node cannot run this resource, the first of the group that it cannot run.
    CannotRun(String),
    /// The node has too little of this dimension.
    NoRoom {
        /// The dimension.
        dimension: String,
        /// The demand of the group.
        needed: u64,
        /// The amount that the other groups leave.
        free: u64,
    },
    /// One of these groups of its anti-affinity class is there.
    BesideRival(Vec<String>),
    /// The policy vetoes the node.
    Vetoed,
}

impl Picture {
    /// Returns the standing of a node for a group that needs a node for this reason. The policy has
    /// no part in this; it may still veto.
    ///
    /// The rules, in order: the node is up; it is not the owner that the group is to leave; no
    /// resource of the group can never run there; it can run all resources that must run; it has
    /// room; no rival is there. After a node failure a group also takes last resorts: a node that
    /// cannot run all of it, if no node that is up can (MS-CMRP 3.1.4.1.24), and a paused node, if
    /// no node is up at all (SDK, `PauseClusterNode`). Where only needed resources count, it takes
    /// the former at a start as well.
    #[must_use]
    pub fn standing(&self, group: &Group, trigger: Trigger, node: &str) -> Standing {
        match self.strict_standing(group, trigger, node) {
            Standing::LastResort(flaw) => self.last_resort(group, trigger, node, flaw),
            Standing::Fit => Standing::Fit,
            Standing::Unfit(objection) => Standing::Unfit(objection),
        }
    }

    /// Returns the standing before it is known whether a last resort is open.
    pub(super) fn strict_standing(&self, group: &Group, trigger: Trigger, node: &str) -> Standing {
        let is_in_need = trigger == Trigger::NodeFailure;
        let mut flaws = Vec::new();
        match self.node_state(node) {
            NodeState::Up => {}
            NodeState::Paused if is_in_need => flaws.push(Flaw::Paused),
            NodeState::Paused | NodeState::Down | NodeState::Joining | NodeState::Unclean => {
                return Standing::Unfit(Objection::NotUp);
            }
        }
        let leaves = match trigger {
            Trigger::Start => false,
            Trigger::ResourceFailure
            | Trigger::NodeFailure
            | Trigger::BestPossible
            | Trigger::Drain => true,
            other => unimplemented!("{other:?}"),
        };
        if leaves && group.owner.as_deref() == Some(node) {
            return Standing::Unfit(Objection::IsOwner);
        }
        if let Some((_, resource)) = group.barred_from.iter().find(|(barred, _)| barred == node) {
            return Standing::Unfit(Objection::Barred(resource.clone()));
        }
        if let Some(name) = self.obstacle(group, node) {
            let is_start = trigger == Trigger::Start
                && self.ownership == Ownership::NeededResources
                && !group.standing_on(node).is_empty();
            if !is_in_need && !is_start {
                return Standing::Unfit(Objection::CannotRun(name));
            }
            flaws.push(Flaw::CannotRunAll);
        }
        // A group that is off and wanted off takes no room, and no other group is in its way.
        if self.is_wanted(group) {
            if let Some(objection) = self.lack_of_room(group, node) {
                return Standing::Unfit(objection);
            }
            match self.rivals(group, trigger, node) {
                Ok(true) => flaws.push(Flaw::BesideRival),
                Ok(false) => {}
                Err(objection) => return Standing::Unfit(objection),
            }
        }
        flaws.into_iter().max().map_or(Standing::Fit, Standing::LastResort)
    }

    /// Returns the standing of a last resort: it is open, or still closed because another node is
    /// up.
    fn last_resort(&self, group: &Group, trigger: Trigger, node: &str, flaw: Flaw) -> Standing {
        let up_elsewhere: Vec<&str> = self
            .nodes
            .iter()
            .filter(|other| other.state == NodeState::Up)
            .map(|other| other.name.as_str())
            .filter(|other| trigger == Trigger::Start || group.owner.as_deref() != Some(*other))
            .collect();
        let can_run_all = |node: &str| self.obstacle(group, node).is_none();
        match flaw {
            Flaw::BesideRival => Standing::LastResort(flaw),
            Flaw::CannotRunAll if up_elsewhere.iter().any(|other| can_run_all(other)) => {
                let name = self.obstacle(group, node).unwrap_or_default();
                Standing::Unfit(Objection::CannotRun(name))
            }
            Flaw::Paused if !up_elsewhere.is_empty() => Standing::Unfit(Objection::NotUp),
            Flaw::CannotRunAll | Flaw::Paused => Standing::LastResort(flaw),
        }
    }

    /// Returns the first dimension in which a group has no room beside the groups that stand on the
    /// node or are moving to it, if the node limits it.
    fn lack_of_room(&self, group: &Group, node: &str) -> Option<Objection> {
        let capacities = &self.node(node)?.capacities;
        for (dimension, needed) in &group.demands {
            let Some((_, capacity)) = capacities.iter().find(|(of, _)| is_one_name(of, dimension))
            else {
                continue;
            };
            let taken: u128 = self.taken(group, node, dimension);
            let free = u128::from(*capacity).saturating_sub(taken);
            if u128::from(*needed) > free {
                let free = u64::try_from(free).expect("no more than the capacity");
                return Some(Objection::NoRoom {
                    dimension: dimension.clone(),
                    needed: *needed,
                    free,
                });
            }
        }
        None
    }

    /// Returns how much the other groups take on a node.
    pub(super) fn taken(&self, group: &Group, node: &str, dimension: &str) -> u128 {
        self.others_on(&group.name, node)
            .flat_map(|other| &other.demands)
            .filter(|(of, _)| is_one_name(of, dimension))
            .map(|(_, amount)| u128::from(*amount))
            .sum()
    }

    /// Tells whether a rival is on a node, or returns the objection if that rules the node out.
    ///
    /// Anti-affinity is soft or hard (SDK, `AntiAffinityClassNames`,
    /// `ClusterEnforcedAntiAffinity`). Where the cluster admits only one running group of a class
    /// on a node (MS-CMRP 3.1.4.1.50), a group that has a place to stay does not go where it would
    /// be refused; one that has none goes there and waits.
    fn rivals(&self, group: &Group, trigger: Trigger, node: &str) -> Result<bool, Objection> {
        let rivals: Vec<&Group> =
            self.others_on(&group.name, node).filter(|other| other.is_rival_of(group)).collect();
        let names = |groups: &[&Group]| groups.iter().map(|other| other.name.clone()).collect();
        let has_place = match trigger {
            Trigger::Start | Trigger::NodeFailure => false,
            Trigger::ResourceFailure | Trigger::BestPossible | Trigger::Drain => true,
            other => unimplemented!("{other:?}"),
        };
        let running = self.running_rivals(group, node);
        if has_place && !running.is_empty() && self.admission == Admission::SameClassOnline {
            return Err(Objection::BesideRival(names(&running)));
        }
        match self.anti_affinity {
            AntiAffinityPlacement::Soft => Ok(!rivals.is_empty()),
            AntiAffinityPlacement::Hard if rivals.is_empty() => Ok(false),
            AntiAffinityPlacement::Hard => Err(Objection::BesideRival(names(&rivals))),
        }
    }

    /// Returns the rivals that a node owns and that may run there.
    pub(super) fn running_rivals(&self, group: &Group, node: &str) -> Vec<&Group> {
        self.groups
            .iter()
            .filter(|other| other.name != group.name && other.is_rival_of(group))
            .filter(|other| other.owner.as_deref() == Some(node) && other.may_run())
            .collect()
    }
}
