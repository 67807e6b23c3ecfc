//! Bounds on the size of a declaration, so that hostile input costs little.

use core::fmt;

use serde::{Deserialize, Serialize};

/// The largest declaration that [`ClusterDeclaration::build_within`] accepts.
///
/// The defaults are far above any real cluster. Within them a declaration of n items is checked in
/// O(n log n) time and O(n) memory: work per pair of items is bounded by a limit.
///
/// ```
/// use quorate::spec::Limits;
///
/// let mut limits = Limits::default();
/// limits.nodes = 128;
/// ```
///
/// [`ClusterDeclaration::build_within`]: super::ClusterDeclaration::build_within
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Limits {
    /// Nodes. Default 64.
    pub nodes: usize,
    /// Groups. Default 4,096.
    pub groups: usize,
    /// Resources of all groups together. Default 65,536.
    pub resources: usize,
    /// Resources of one group. Default 1,024.
    pub resources_per_group: usize,
    /// Resources that one dependency expression may name. Default 64.
    pub dependencies_per_resource: usize,
    /// Resources on the longest chain of dependencies. Default 100 (MS-CMRP).
    pub depth: usize,
    /// Entries of one list of preferred owners. Default 64.
    pub preferred_owners_per_group: usize,
    /// Entries of one list of possible owners. Default 64.
    pub possible_owners_per_resource: usize,
    /// Anti-affinity classes of all groups together. Default 4,096.
    pub classes: usize,
    /// Anti-affinity classes that one group may name. Default 64.
    pub classes_per_group: usize,
    /// Dimensions of capacity, of all nodes and groups together, and those that one kind limits.
    /// Default 64. Each node keeps 24 bytes per dimension.
    pub dimensions: usize,
    /// Declared kinds; standard kinds do not count. Default 1,024.
    pub kinds: usize,
    /// Providers that one kind may require; each name in a choice of kinds counts. Default 64.
    pub required_providers_per_kind: usize,
    /// Parameters of one node, group or resource. Default 64.
    pub parameters: usize,
    /// Bytes of all parameters of one node, group or resource together. Default 4,096.
    pub parameter_bytes: usize,
    /// Attributes of one node, which are reported while the cluster runs
    /// ([`NodeAttributeChanged`](crate::Input::NodeAttributeChanged)). Default 64.
    pub node_attributes: usize,
    /// Bytes of one name. Default 255.
    pub name_bytes: usize,
    /// Steps taken to find two groups that may meet on a node and demand too much of it. Default
    /// 4,194,304: enough for two thousand groups of one kind that can never meet on a node.
    pub comparisons: usize,
    /// Problems that are listed one by one; the others are only counted. Default 1,000.
    pub problems: usize,
}

/// The limits on counts that a declaration can exceed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::nodes`].
    Nodes,
    /// [`Limits::groups`].
    Groups,
    /// [`Limits::resources`].
    Resources,
    /// [`Limits::resources_per_group`].
    ResourcesPerGroup,
    /// [`Limits::dependencies_per_resource`].
    DependenciesPerResource,
    /// [`Limits::preferred_owners_per_group`].
    PreferredOwnersPerGroup,
    /// [`Limits::possible_owners_per_resource`].
    PossibleOwnersPerResource,
    /// [`Limits::classes`].
    Classes,
    /// [`Limits::classes_per_group`].
    ClassesPerGroup,
    /// [`Limits::dimensions`].
    Dimensions,
    /// [`Limits::kinds`].
    Kinds,
    /// [`Limits::required_providers_per_kind`].
    RequiredProvidersPerKind,
    /// [`Limits::parameters`].
    Parameters,
    /// [`Limits::parameter_bytes`].
    ParameterBytes,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nodes => "nodes",
            Self::Groups => "groups",
            Self::Resources => "resources in all groups",
            Self::ResourcesPerGroup => "resources in one group",
            Self::DependenciesPerResource => "dependencies",
            Self::PreferredOwnersPerGroup => "preferred owners",
            Self::PossibleOwnersPerResource => "possible owners",
            Self::Classes => "anti-affinity classes in all groups",
            Self::ClassesPerGroup => "anti-affinity classes",
            Self::Dimensions => "dimensions",
            Self::Kinds => "kinds",
            Self::RequiredProvidersPerKind => "required providers",
            Self::Parameters => "parameters",
            Self::ParameterBytes => "bytes in parameters",
        })
    }
}

impl Limits {
    /// Returns limits that only the ids bound, which count to 2³² − 2. They are for trusted
    /// declarations: the cost of a hostile one is quadratic in its size.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self {
            nodes: usize::MAX,
            groups: usize::MAX,
            resources: usize::MAX,
            resources_per_group: usize::MAX,
            dependencies_per_resource: usize::MAX,
            depth: usize::MAX,
            preferred_owners_per_group: usize::MAX,
            possible_owners_per_resource: usize::MAX,
            classes: usize::MAX,
            classes_per_group: usize::MAX,
            dimensions: usize::MAX,
            kinds: usize::MAX,
            required_providers_per_kind: usize::MAX,
            parameters: usize::MAX,
            parameter_bytes: usize::MAX,
            node_attributes: usize::MAX,
            name_bytes: usize::MAX,
            comparisons: usize::MAX,
            problems: usize::MAX,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            nodes: 64,
            groups: 4_096,
            resources: 65_536,
            resources_per_group: 1_024,
            dependencies_per_resource: 64,
            depth: 100,
            preferred_owners_per_group: 64,
            possible_owners_per_resource: 64,
            classes: 4_096,
            classes_per_group: 64,
            dimensions: 64,
            kinds: 1_024,
            required_providers_per_kind: 64,
            parameters: 64,
            parameter_bytes: 4_096,
            node_attributes: 64,
            name_bytes: 255,
            comparisons: 4_194_304,
            problems: 1_000,
        }
    }
}
