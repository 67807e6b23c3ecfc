//! Operators who edit the configuration while things are under way.

use std::time::Duration;

use crate::history::edits;
use quorate::settings::Interval;
use quorate::spec::ClusterDeclaration;

use super::outside::Struck;
use super::{Director, Event};
use crate::sim::act::Act;
use crate::sim::fault::FaultKind as Fault;
use crate::sim::stage::Done;

/// Edits of the cluster and of groups, each with its number and its region.
const NODES: [(u8, u64); 7] = [(0, 0), (1, 2), (1, 2), (5, 3), (6, 3), (7, 3), (8, 3)];
const GROUPS: [(u8, u64); 3] = [(2, 0), (3, 1), (4, 2)];
const RESOURCES: [(u8, u64); 5] = [(0, 0), (1, 1), (10, 2), (11, 2), (12, 2)];
const DEPENDENCIES: [(u8, u64); 2] = [(2, 0), (3, 1)];
const OWNERS: [(u8, u64); 4] = [(4, 0), (5, 0), (6, 1), (13, 2)];
const PLACEMENTS: [(u8, u64); 3] = [(7, 0), (8, 1), (9, 2)];

impl Director {
    /// Changes the configuration. A refused change counts as well.
    pub(super) fn edit(&mut self, kind: Fault) -> Struck {
        let (is_of_group, choices): (bool, &[(u8, u64)]) = match kind {
            Fault::EditNode => (false, &NODES),
            Fault::EditGroup => (false, &GROUPS),
            Fault::EditResource => (true, &RESOURCES),
            Fault::EditDependency => (true, &DEPENDENCIES),
            Fault::EditOwners => (true, &OWNERS),
            Fault::EditPlacement => (true, &PLACEMENTS),
            _ => return self.edit_limits(),
        };
        let (number, region) = self.dice.pick(choices);
        let edit = number.saturating_mul(2).saturating_add(u8::from(is_of_group));
        let (one, other) = (self.word(), self.word());
        let is_owner = self.owns_something(usize::from(one));
        let declaration = edits::edit(self.stage.cluster().spec(), edit, one, other);
        let is_valid = declaration.build().is_ok();
        self.restore_original_later();
        let done = self.act(Act::Edit { kind: edit, one, other })?;
        let region = match (kind, number) {
            (Fault::EditNode, 1) if is_owner => 1,
            (Fault::EditResource, 1) if !is_valid => 3,
            (Fault::EditDependency, 3) if !is_valid => 2,
            _ => region,
        };
        self.of_size(kind, region, done)
    }

    /// Tells whether a group is on the node with this number, modulo the number of nodes.
    fn owns_something(&self, number: usize) -> bool {
        let cluster = self.stage.cluster();
        let id = number.checked_rem(cluster.spec().nodes().len()).map(quorate::NodeId::from_index);
        let mut groups = cluster.spec().groups();
        groups.any(|(group, _)| id.is_some() && cluster.state().owner(group) == id)
    }

    /// Sets a threshold and a period to 0, 1 or nearly the largest value.
    fn edit_limits(&mut self) -> Struck {
        let mut declaration = ClusterDeclaration::from(self.stage.cluster().spec());
        let (which, what) = (self.dice.below(3), self.dice.below(3));
        let of = |index: u64, choices: [u64; 3]| {
            usize::try_from(index).ok().and_then(|index| choices.get(index).copied()).unwrap_or(0)
        };
        let threshold = u32::try_from(of(which, [0, 1, u64::from(u32::MAX)])).unwrap_or(u32::MAX);
        let period = Duration::from_millis(of(what, [0, 1, 4_294_800_000]));
        for group in &mut declaration.groups {
            group.failover_threshold = Some(threshold);
            group.failover_period = Some(period);
            for resource in &mut group.resources {
                let settings = resource.settings.get_or_insert_default();
                settings.restart_threshold = Some(threshold.min(10));
                settings.restart_period = Some(period.min(Duration::from_secs(86_400)));
                settings.retry_period = Some(Interval::Never);
            }
        }
        self.restore_original_later();
        let done = self.act(Act::Declare(Box::new(declaration)))?;
        if done == Done::Yes {
            self.atlas.met(Fault::EditLimits, which);
        }
        self.of_size(Fault::EditLimits, what.saturating_add(3), done)
    }

    pub(super) fn restore_original_later(&mut self) {
        if !self.is_original_due {
            self.is_original_due = true;
            let after = self.dice.log_uniform(5_000, 1_800_000);
            self.schedule(after, Event::Original);
        }
    }
}
