//! A cluster to be simulated: its declaration and the rates of its nodes.

use std::time::Duration;

use thiserror::Error;

use super::closed_form::Parameters;
use super::rates::{Rates, RatesError};
use quorate::id::name::is_same;
use quorate::kind::{KindDeclaration, SpareNode, standard};
use quorate::settings::{
    Admission, AntiAffinityPlacement, DesiredState, Failback, Fencing, Priority, QuorumRule,
};
use quorate::spec::{ClusterDeclaration, ClusterSpec, GroupSpec, SpecErrors};
use quorate::time::Interval;
use quorate::{GroupId, NodeId};

/// A design to simulate: a declared cluster with rates.
///
/// The declaration is used as it is, except where the simulation replaces a part of it. Agents
/// report failures by themselves, so there are no checks. Operations last as long as the rates say,
/// so none times out. A lease is part of the length of a failover, and the wait before a restart is
/// part of the length of the restart.
#[derive(Clone, Debug)]
pub struct Design {
    declaration: ClusterDeclaration,
    rates: Rates,
    spare_rule: SpareRule,
    /// The failback to simulate, in place of the declared one.
    failback: Option<Failback>,
}

/// The rule for kinds that ask for a spare node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum SpareRule {
    Kept,
    Waived,
}

/// An error in a design.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum DesignError {
    /// The declaration is not valid.
    #[error(transparent)]
    Declaration(#[from] SpecErrors),
    /// The rates are not possible.
    #[error(transparent)]
    Rates(#[from] RatesError),
    /// A node to leave out is not declared.
    #[error("no node is called {name:?}")]
    UnknownNode {
        /// The name of the node.
        name: String,
    },
    /// No group is measured.
    #[error("no group is wanted online")]
    NothingToMeasure,
}

/// The reason why formula and chain do not apply to a cluster.
#[derive(Clone, Copy, Debug, Eq, Error, Hash, PartialEq)]
pub enum NotComparable {
    /// Two groups may run on one node.
    #[error("its groups may share a node")]
    SharedNodes,
    /// Two groups have the same home, or one has none.
    #[error("its groups do not have one home each")]
    SharedHomes,
    /// Some groups return home and others do not, or only at certain hours.
    #[error("its groups do not all return home in the same way")]
    MixedFailback,
    /// Votes differ from node to node.
    #[error("its nodes have different votes")]
    UnequalVotes,
    /// A group cannot run everywhere.
    #[error("its groups cannot run on every node")]
    PossibleOwners,
}

/// A duration longer than any run.
const NEVER: Duration = Duration::from_millis(1 << 53);

impl Design {
    /// Returns the design of a declared cluster with these rates.
    #[must_use]
    pub const fn new(declaration: ClusterDeclaration, rates: Rates) -> Self {
        Self { declaration, rates, spare_rule: SpareRule::Kept, failback: None }
    }

    /// Returns the design without some of its nodes.
    ///
    /// # Errors
    ///
    /// [`DesignError::UnknownNode`].
    pub fn without_nodes<'a>(
        mut self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, DesignError> {
        for name in names {
            let count = self.declaration.nodes.len();
            self.declaration.nodes.retain(|node| !is_same(&node.name, name));
            if self.declaration.nodes.len() == count {
                return Err(DesignError::UnknownNode { name: name.into() });
            }
            for group in &mut self.declaration.groups {
                group.preferred_owners.retain(|owner| !is_same(owner, name));
                let possible =
                    group.resources.iter_mut().filter_map(|of| of.possible_owners.as_mut());
                possible.for_each(|owners| owners.retain(|of| !is_same(of, name)));
            }
        }
        Ok(self)
    }

    /// Returns the design without the rule that kinds may ask for a spare node. Exchange has this
    /// rule; without it one can still ask what such a cluster would do.
    #[must_use]
    pub const fn without_spare_rule(mut self) -> Self {
        self.spare_rule = SpareRule::Waived;
        self
    }

    /// Returns the design with a failback for all groups, in place of the declared ones.
    #[must_use]
    pub const fn with_failback(mut self, failback: Failback) -> Self {
        self.failback = Some(failback);
        self
    }

    /// Returns the rates of the nodes.
    #[must_use]
    pub const fn rates(&self) -> &Rates {
        &self.rates
    }

    /// Returns the validated cluster, ready for a simulation.
    ///
    /// # Errors
    ///
    /// Fails if the declaration or the rates are wrong.
    pub fn build(&self) -> Result<ClusterSpec, DesignError> {
        self.rates.check()?;
        let mut declared = self.declaration.clone();
        if let Some(Fencing::Lease { .. }) = declared.fencing {
            declared.fencing = Some(Fencing::Trusted);
        }
        if self.spare_rule == SpareRule::Waived {
            waive_spare_nodes(&mut declared);
        }
        for group in &mut declared.groups {
            group.failback = self.failback.or(group.failback).or(self.rates.failback);
            for resource in &mut group.resources {
                let settings = resource.settings.get_or_insert_default();
                settings.looks_alive_interval = Some(Interval::Never);
                settings.is_alive_interval = Some(Interval::Never);
                settings.pending_timeout = Some(NEVER);
                settings.start_pending_timeout = Some(NEVER);
                settings.start_deadline = Some(NEVER);
                settings.stop_deadline = Some(NEVER);
                settings.restart_delay = Some(Duration::ZERO);
            }
        }
        declared.fence_timeout = Some(NEVER);
        Ok(declared.build()?)
    }

    /// Returns the numbers of the design for formula and chain.
    ///
    /// # Errors
    ///
    /// Fails with the reason if formula and chain do not apply to this cluster.
    pub fn parameters(&self, spec: &ClusterSpec) -> Result<Parameters, NotComparable> {
        let groups: Vec<(GroupId, &GroupSpec)> =
            measured(spec).filter_map(|id| Some((id, spec.group(id)?))).collect();
        check_exclusive(spec, &groups)?;
        check_homes(&groups)?;
        let nodes = spec.nodes().len();
        let rates = &self.rates;
        let coverage = match spec.settings().fencing {
            Fencing::Operator => 0.0,
            Fencing::Required | Fencing::Trusted | Fencing::Lease { .. } => rates.coverage,
        };
        Ok(Parameters {
            homes: groups.len(),
            spares: [nodes.saturating_sub(groups.len()), 0],
            quorum: nodes_needed(spec)?,
            failure_rate: per_hour(rates.mtbf),
            repair_rate: per_hour(rates.mttr),
            failover: hours(rates.failover),
            coverage,
            manual: hours(rates.manual),
            planned_move: hours(rates.planned_move),
            maintenance_rate: rates.maintenance_every.map_or(0.0, per_hour),
            maintenance: hours(rates.maintenance),
            eviction: rates.eviction,
            failback: common_failback(&groups)?,
            resource_failure_rate: rates.resource_failure_every.map_or(0.0, per_hour),
            restart: hours(rates.restart),
            site_outage_rate: rates.site_outage_every.map_or(0.0, per_hour),
            site_outage: hours(rates.site_outage),
        })
    }
}

/// Returns the groups whose availability is measured: those that are wanted online and, if any
/// group has an anti-affinity class, have one. This leaves out the small group of the cluster
/// itself beside the virtual servers.
pub(super) fn measured(spec: &ClusterSpec) -> impl Iterator<Item = GroupId> + '_ {
    let has_class = |group: &GroupSpec| !group.anti_affinity_classes().is_empty();
    let any_class = spec.groups().any(|(_, group)| has_class(group));
    spec.groups()
        .filter(move |(_, group)| {
            let settings = group.settings();
            settings.desired == DesiredState::Online
                && settings.priority != Priority::NO_AUTO_START
                && group.resource_count() > 0
                && (!any_class || has_class(group))
        })
        .map(|(id, _)| id)
}

fn waive_spare_nodes(declared: &mut ClusterDeclaration) {
    let is_known =
        |kinds: &[KindDeclaration], name: &str| kinds.iter().any(|kind| is_same(&kind.name, name));
    let missing: Vec<KindDeclaration> = standard::standard()
        .into_iter()
        .filter(|kind| {
            kind.spare_node != SpareNode::NotNeeded && !is_known(&declared.kinds, &kind.name)
        })
        .collect();
    declared.kinds.extend(missing);
    declared.kinds.iter_mut().for_each(|kind| kind.spare_node = SpareNode::NotNeeded);
}

fn check_exclusive(
    spec: &ClusterSpec,
    groups: &[(GroupId, &GroupSpec)],
) -> Result<(), NotComparable> {
    let settings = spec.settings();
    let is_enforced = settings.admission == Admission::SameClassOnline
        || settings.anti_affinity == AntiAffinityPlacement::Hard;
    let classes = groups.first().map_or(&[][..], |(_, group)| group.anti_affinity_classes());
    let share_one = classes
        .iter()
        .any(|class| groups.iter().all(|(_, group)| group.anti_affinity_classes().contains(class)));
    if groups.len() > 1 && !(is_enforced && share_one) {
        return Err(NotComparable::SharedNodes);
    }
    let has_room = groups.iter().all(|(_, group)| group.possible_owners().is_none());
    if has_room { Ok(()) } else { Err(NotComparable::PossibleOwners) }
}

fn check_homes(groups: &[(GroupId, &GroupSpec)]) -> Result<(), NotComparable> {
    let mut homes: Vec<NodeId> =
        groups.iter().filter_map(|(_, group)| group.preferred_owners().first().copied()).collect();
    homes.sort_unstable();
    homes.dedup();
    if homes.len() == groups.len() { Ok(()) } else { Err(NotComparable::SharedHomes) }
}

fn common_failback(groups: &[(GroupId, &GroupSpec)]) -> Result<Failback, NotComparable> {
    let first = groups.first().map_or(Failback::Prevent, |(_, group)| group.settings().failback);
    let is_common = groups.iter().all(|(_, group)| {
        let settings = group.settings();
        settings.failback == first
            && (first == Failback::Prevent
                || settings.failback_window.is_none() && settings.failback_hold_down.is_zero())
    });
    if is_common { Ok(first) } else { Err(NotComparable::MixedFailback) }
}

/// Returns the number of nodes that must be up for quorum, with the witness always up; 0 if one
/// node is enough.
fn nodes_needed(spec: &ClusterSpec) -> Result<usize, NotComparable> {
    let votes = spec.nodes().next().map_or(1, |(_, node)| u64::from(node.vote_weight()));
    if spec.nodes().any(|(_, node)| u64::from(node.vote_weight()) != votes) {
        return Err(NotComparable::UnequalVotes);
    }
    let settings = spec.settings();
    let witness = match settings.quorum {
        QuorumRule::DiskOnly | QuorumRule::Agreed => return Ok(0),
        QuorumRule::NodeMajority => 0,
        QuorumRule::MajorityWithWitness => u64::from(settings.witness_weight),
    };
    let of = |nodes: usize| {
        let nodes = u64::try_from(nodes).unwrap_or(u64::MAX);
        votes.saturating_mul(nodes).saturating_add(witness)
    };
    let nodes = spec.nodes().len();
    let needed = (1..=nodes).find(|up| of(*up).saturating_mul(2) > of(nodes));
    Ok(needed.unwrap_or(nodes.saturating_add(1)))
}

#[allow(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    reason = "formulas take hours as fractions"
)]
fn hours(span: Duration) -> f64 {
    span.as_millis() as f64 / 3_600_000.0
}

#[allow(clippy::float_arithmetic, reason = "rates are fractions")]
fn per_hour(every: Duration) -> f64 {
    1.0 / hours(every)
}
