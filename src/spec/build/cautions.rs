//! Finds things that are legal and yet look wrong.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::constraints::groups_needing_spare;
use super::kinds::Kinds;
use super::spread::{self, Shortage};
use crate::id::{ClassId, DimensionId};
use crate::kind::standard;
use crate::settings::{
    Admission, AntiAffinityPlacement, Failback, OnUnfixable, QuorumRule, ResourceSettings,
    UnconfirmedStop,
};
use crate::spec::problem::{Caution, Place, Warning};
use crate::spec::{ClusterSpec, GroupSpec, NodeSet, NodeSpec, Profile};
use crate::time::Interval;

mod short;

/// Returns the warnings of a cluster without errors.
pub(super) fn of(spec: &ClusterSpec, kinds: &Kinds) -> Vec<Warning> {
    let mut cautions = Cautions { spec, kinds, found: Vec::new() };
    cautions.cluster();
    cautions.kinds();
    for group in &spec.groups {
        cautions.owners(group);
        cautions.failover(group);
        cautions.demands(group);
        cautions.resources(group);
        cautions.alternatives(group);
        cautions.priority(group);
    }
    cautions.unlimited_dimensions();
    cautions.found
}

struct Cautions<'a> {
    spec: &'a ClusterSpec,
    kinds: &'a Kinds,
    found: Vec<Warning>,
}

impl Cautions<'_> {
    fn add(&mut self, place: Place<'_>, field: &'static str, caution: Caution) {
        self.found.push(Warning { path: place.field(field), caution });
    }

    fn short(&mut self, place: Place<'_>, spans: impl Iterator<Item = short::Short>) {
        for (field, span) in spans {
            self.add(place, field, Caution::ShortSpan { span });
        }
    }

    fn cluster(&mut self) {
        let settings = &self.spec.settings;
        self.short(Place::Cluster, short::of_cluster(settings));
        let has_witness = match settings.quorum {
            QuorumRule::MajorityWithWitness => true,
            QuorumRule::NodeMajority | QuorumRule::DiskOnly | QuorumRule::Agreed => false,
        };
        if !has_witness && settings.witness_weight != 1 {
            self.add(Place::Cluster, "witness_weight", Caution::WeightWithoutWitness);
        }
        if self.spec.settings.quorum == QuorumRule::NodeMajority && survives_no_failure(self.spec) {
            self.add(Place::Cluster, "quorum", Caution::SurvivesNoFailure);
        }
        let is_apart = self.spec.settings.anti_affinity == AntiAffinityPlacement::Hard
            || self.spec.settings.admission == Admission::SameClassOnline;
        self.lonely_classes();
        if is_apart {
            self.classes();
        }
    }

    /// Warns of classes with one group. The only group of a cluster may be the first of several.
    fn lonely_classes(&mut self) {
        let spec = self.spec;
        if spec.groups.len() < 2 {
            return;
        }
        let mut members: Vec<Vec<&GroupSpec>> = vec![Vec::new(); spec.classes.len()];
        for group in &spec.groups {
            for class in &group.classes {
                if let Some(members) = members.get_mut(ClassId::index(*class)) {
                    members.push(group);
                }
            }
        }
        for (class, members) in spec.classes.iter().zip(members) {
            if let [group] = members.as_slice() {
                let caution = Caution::ClassOfOne { class: class.clone() };
                self.add(Place::Group(group.name()), "anti_affinity_classes", caution);
            }
        }
    }

    /// Warns of a tier with a number among groups whose tiers have names.
    fn priority(&mut self, group: &GroupSpec) {
        let priority = group.settings.priority;
        let is_named = |group: &GroupSpec| group.settings.priority.name().is_some();
        if priority.name().is_none() && self.spec.groups.iter().any(is_named) {
            let caution = Caution::PriorityBesideNames { priority: priority.value() };
            self.add(Place::Group(group.name()), "priority", caution);
        }
    }

    /// Warns of classes whose groups cannot all have a node of their own.
    fn classes(&mut self) {
        let spec = self.spec;
        let in_classes = spec.groups.iter().filter(|group| !group.classes.is_empty());
        let groups: Vec<(&GroupSpec, NodeSet)> =
            in_classes.map(|group| (group, spread::candidates(spec, group))).collect();
        let mut members: Vec<Vec<(&GroupSpec, &NodeSet)>> = vec![Vec::new(); spec.classes.len()];
        for (group, candidates) in &groups {
            for class in &group.classes {
                if let Some(members) = members.get_mut(ClassId::index(*class)) {
                    members.push((group, candidates));
                }
            }
        }
        let nodes = spec.nodes.len();
        for (class, members) in spec.classes.iter().zip(members) {
            let (class, groups) = (class.clone(), members.len());
            if groups > nodes {
                let caution = Caution::ClassOutgrowsNodes { class, groups, nodes };
                self.add(Place::Cluster, "anti_affinity", caution);
            } else if let Some(Shortage { group, groups, nodes }) =
                spread::shortage(&members, nodes)
            {
                let group = group.name.clone();
                let caution = Caution::ClassCannotSpread { class, group, groups, nodes };
                self.add(Place::Cluster, "anti_affinity", caution);
            }
        }
    }

    fn kinds(&mut self) {
        let standard = standard::standard();
        let kinds = self.kinds;
        for (id, entry) in kinds.iter() {
            let kind = &entry.declaration;
            if standard.get(id.index()) != Some(kind) {
                self.settings(Place::Kind(&kind.name), &entry.settings);
            }
        }
        if self.spec.nodes.len() != 2 {
            return;
        }
        for (entry, groups) in groups_needing_spare(self.spec, kinds) {
            if groups > 1 {
                let place = Place::Kind(&entry.declaration.name);
                self.add(place, "spare_node", Caution::NoSpareOfTwo { groups });
            }
        }
    }

    fn owners(&mut self, group: &GroupSpec) {
        let Some(possible) = group.owners() else {
            return;
        };
        let place = Place::Group(group.name());
        if possible.is_empty() {
            self.add(place, "resources", Caution::NoCommonOwner);
            return;
        }
        for node in group.preferred.iter().filter(|node| !possible.contains(**node)) {
            let name = self.spec.node(*node).map_or("", NodeSpec::name);
            let caution = Caution::PreferredNotPossible { node: name.into() };
            self.add(place, "preferred_owners", caution);
        }
    }

    fn failover(&mut self, group: &GroupSpec) {
        let place = Place::Group(group.name());
        let nodes = self.spec.nodes.len();
        match group.settings.failover_threshold {
            None => {}
            Some(0) => self.add(place, "failover_threshold", Caution::NeverFailsOver),
            Some(threshold) if usize::try_from(threshold).is_ok_and(|most| most <= nodes) => {}
            Some(threshold) => {
                let caution = Caution::MoreFailoversThanNodes { threshold, nodes };
                self.add(place, "failover_threshold", caution);
            }
        }
        match group.settings.failback {
            Failback::Allow if group.preferred.is_empty() => {
                self.add(place, "failback", Caution::FailbackWithoutPreferred);
            }
            Failback::Prevent if group.settings.failback_window.is_some() => {
                self.add(place, "failback_window", Caution::WindowWithoutFailback);
            }
            // In the 2003 profile no group remembers where it failed.
            Failback::Allow
                if group.settings.failure_memory.is_zero()
                    && self.spec.profile == Profile::Modern =>
            {
                self.add(place, "failure_memory", Caution::ReturnsToFailed);
            }
            Failback::Allow | Failback::Prevent => {}
        }
        self.short(place, short::of_group(&group.settings));
    }

    fn demands(&mut self, group: &GroupSpec) {
        let nodes = || self.spec.nodes();
        let is_owned = nodes().any(|(id, node)| spread::can_own(id, node, group));
        if is_owned || !nodes().any(|(id, _)| spread::is_possible(group, id)) {
            return;
        }
        let before = self.found.len();
        for &(dimension, demand) in &group.demands {
            // An unlimited node has room for anything.
            let capacities = self
                .spec
                .nodes()
                .filter(|(id, _)| spread::is_possible(group, *id))
                .map(|(_, node)| node.capacity(dimension));
            let largest = capacities.map(|capacity| capacity.unwrap_or(u64::MAX)).max();
            let Some(largest) = largest.filter(|largest| demand > *largest) else {
                continue;
            };
            let Some(name) = self.spec.dimensions.get(dimension.index()) else {
                continue;
            };
            let dimension = name.clone();
            let caution = Caution::DemandTooLarge { dimension, demand, largest };
            self.add(Place::Group(group.name()), "demands", caution);
        }
        if self.found.len() == before {
            self.add(Place::Group(group.name()), "demands", Caution::DemandsFitNoNode);
        }
    }

    /// Warns only of properties that a resource declares itself: inherited ones are the concern of
    /// its kind.
    fn resources(&mut self, group: &GroupSpec) {
        for resource in group.resources().filter_map(|id| self.spec.resource(id)) {
            let Some(kind) = self.kinds.get(resource.kind) else {
                continue;
            };
            if !Arc::ptr_eq(&resource.settings, &kind.settings) {
                let place = Place::Resource { group: group.name(), resource: resource.name() };
                self.settings(place, &resource.settings);
            }
        }
    }

    /// Warns of an OR among providers in the 2003 profile: it came with Windows Server 2008.
    fn alternatives(&mut self, group: &GroupSpec) {
        match self.spec.profile {
            Profile::Modern => return,
            Profile::Mscs2003 => {}
        }
        let graph = group.graph();
        for position in 0..graph.len() {
            let mut clauses = graph.clauses(position);
            let id = group.resource_at(position);
            if clauses.any(|clause| clause.count() > 1)
                && let Some(resource) = self.spec.resource(id)
            {
                let place = Place::Resource { group: group.name(), resource: resource.name() };
                self.add(place, "depends_on", Caution::AlternativesIn2003);
            }
        }
    }

    fn settings(&mut self, place: Place<'_>, settings: &ResourceSettings) {
        self.short(place, short::of_resource(settings));
        let restart_period = settings.restart_period;
        match settings.retry_period {
            Interval::Every(retry_period) if retry_period < restart_period => {
                let caution = Caution::RetryBeforeRestartPeriod { retry_period, restart_period };
                self.add(place, "settings.retry_period", caution);
            }
            Interval::Every(_) | Interval::Never => {}
        }
        if settings.restart_threshold == 0 {
            self.add(place, "settings.restart_threshold", Caution::NeverRestarted);
        }
        match settings.unconfirmed_stop {
            UnconfirmedStop::AssumeOff => {
                self.add(place, "settings.unconfirmed_stop", Caution::AssumesOff);
            }
            UnconfirmedStop::BlockGroup | UnconfirmedStop::FenceNode => {}
        }
        match (settings.on_unfixable, settings.unconfirmed_stop) {
            (OnUnfixable::Recover, _) | (OnUnfixable::Block, UnconfirmedStop::BlockGroup) => {}
            (OnUnfixable::Block, UnconfirmedStop::AssumeOff | UnconfirmedStop::FenceNode) => {
                self.add(place, "settings.on_unfixable", Caution::LeftUnlessUnconfirmed);
            }
        }
    }

    /// Warns of dimensions that nothing limits. A kind may limit a dimension instead of nodes.
    fn unlimited_dimensions(&mut self) {
        let spec = self.spec;
        let by_kind: BTreeSet<DimensionId> = self
            .kinds
            .iter()
            .flat_map(|(_, entry)| entry.declaration.at_most_per_node.keys())
            .filter_map(|name| spec.dimension_id(name))
            .collect();
        // The first group that demands each dimension.
        let mut demanding: BTreeMap<DimensionId, &GroupSpec> = BTreeMap::new();
        for group in &spec.groups {
            for (dimension, _) in &group.demands {
                demanding.entry(*dimension).or_insert(group);
            }
        }
        for (dimension, group) in demanding {
            let Some(name) = spec.dimensions.get(dimension.index()) else {
                continue;
            };
            let by_node = || spec.nodes.iter().any(|node| node.capacity(dimension).is_some());
            if !by_kind.contains(&dimension) && !by_node() {
                let caution = Caution::DimensionWithoutLimit { dimension: name.clone() };
                self.add(Place::Group(group.name()), "demands", caution);
            }
        }
    }
}

/// Tells whether the remaining votes are never more than half, whichever node is lost.
fn survives_no_failure(spec: &ClusterSpec) -> bool {
    let votes = || spec.nodes.iter().map(|node| u64::from(node.vote_weight));
    let total = votes().fold(0_u64, u64::saturating_add);
    let is_fatal = |lost: u64| lost.saturating_mul(2) >= total;
    spec.nodes.len() > 1 && votes().all(is_fatal)
}
