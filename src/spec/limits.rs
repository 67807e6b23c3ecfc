//! Bounds on the size of a declaration, so that hostile input costs little.

/// The largest declaration that [`ClusterDeclaration::build_within`] accepts.
///
/// The defaults are far above any real cluster and keep the cost of checking a declaration small.
///
/// [`ClusterDeclaration::build_within`]: super::ClusterDeclaration::build_within
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Limits {
    /// Nodes. Default 64.
    pub nodes: usize,
    /// Groups. Default 4,096.
    pub groups: usize,
    /// Resources of all groups together. Default 65,536.
    pub resources: usize,
    /// Resources that one dependency expression may name. Default 64.
    pub dependencies_per_resource: usize,
    /// Resources on the longest chain of dependencies. Default 100 (MS-CMRP).
    pub depth: usize,
    /// Bytes of one name. Default 255.
    pub name_bytes: usize,
}

impl Limits {
    /// No limits but those of the ids, which count to 2³² − 2.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self {
            nodes: usize::MAX,
            groups: usize::MAX,
            resources: usize::MAX,
            dependencies_per_resource: usize::MAX,
            depth: usize::MAX,
            name_bytes: usize::MAX,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            nodes: 64,
            groups: 4_096,
            resources: 65_536,
            dependencies_per_resource: 64,
            depth: 100,
            name_bytes: 255,
        }
    }
}
