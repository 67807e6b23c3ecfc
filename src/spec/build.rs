//! Turns a declaration into a validated cluster.
//!
//! The checks run one after the other: sizes, settings of the cluster, kinds, nodes, groups with
//! their resources, names, dependencies, rules that span groups, cautions. Each reports its
//! problems and leaves something usable behind, so that the checks after it find more.

use alloc::vec::Vec;

use self::dictionary::Dictionary;
use self::intern::Interner;
use self::kinds::Kinds;
use self::report::Report;
use super::names::NameIndex;
use super::{ClusterDeclaration, ClusterSpec, Limits, SpecErrors};

mod abilities;
mod cautions;
mod constraints;
mod dependencies;
mod dictionary;
mod groups;
mod index;
mod intern;
mod kinds;
mod nodes;
mod report;
mod requirements;
mod settings;
mod shared_nodes;
mod sizes;
mod spread;
mod suggest;

pub(crate) use suggest::nearest;

impl ClusterDeclaration {
    /// Checks the declaration and settles every property, within the default [`Limits`].
    ///
    /// # Errors
    ///
    /// All problems, each with its path. Only lists that are longer than the limits are reported
    /// alone.
    pub fn build(self) -> Result<ClusterSpec, SpecErrors> {
        self.build_within(&Limits::default())
    }

    /// Checks the declaration and settles every property, within `limits`.
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build).
    pub fn build_within(self, limits: &Limits) -> Result<ClusterSpec, SpecErrors> {
        sizes::check(&self, limits)?;
        let dictionary = Dictionary::of(&self);
        sizes::check_words(&dictionary, limits)?;
        let mut report = Report::new(limits);
        let profile = self.profile;
        let settings = settings::cluster(&self, &mut report);
        let kinds = Kinds::merged(self.kinds, profile, &mut report);
        let (nodes, node_ids) = nodes::build(self.nodes, &settings, &dictionary, &mut report);
        let mut interner = Interner::default();
        let drafted = groups::Drafting {
            profile,
            kinds: &kinds,
            dictionary: &dictionary,
            nodes: &nodes,
            node_ids: &node_ids,
            interner: &mut interner,
            report: &mut report,
        }
        .draft(self.groups);
        let mut spec = ClusterSpec {
            name: self.name.into_boxed_str(),
            profile,
            settings,
            nodes,
            groups: drafted.groups,
            resources: drafted.resources,
            kinds: Vec::new(),
            classes: dictionary.classes,
            dimensions: dictionary.dimensions,
            names: NameIndex { nodes: node_ids, ..NameIndex::default() },
            warnings: Vec::new(),
            limits: *limits,
        };
        index::names(&mut spec, &mut report);
        dependencies::resolve(&mut spec, &kinds, drafted.dependencies, &mut report);
        abilities::settle(&mut spec, &mut interner);
        constraints::check(&spec, &kinds, &mut report);
        SpecErrors::of(report.into_errors())?;
        spec.warnings = cautions::of(&spec, &kinds);
        spec.kinds = kinds.into_declarations();
        Ok(spec)
    }
}
