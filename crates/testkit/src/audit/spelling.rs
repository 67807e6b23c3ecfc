//! Classes and dimensions by their names, as the rule says it and not as ids happen to be given.

use quorate::NodeId;
use quorate::id::DimensionId;
use quorate::spec::{ClusterSpec, GroupSpec};

/// Whether two groups have an anti-affinity class in common, in whatever spelling.
pub(crate) fn share_a_class(spec: &ClusterSpec, one: &GroupSpec, other: &GroupSpec) -> bool {
    let names: Vec<&str> = spec.classes().collect();
    let classes = |group: &GroupSpec| -> Vec<String> {
        group.anti_affinity_classes().iter().map(|id| names[id.index()].to_lowercase()).collect()
    };
    if one.anti_affinity_classes().is_empty() || other.anti_affinity_classes().is_empty() {
        return false;
    }
    let others = classes(other);
    classes(one).iter().any(|class| others.contains(class))
}

/// Whether two dimensions are one in different spellings.
pub(crate) fn is_same_dimension(spec: &ClusterSpec, one: DimensionId, other: DimensionId) -> bool {
    let name = |id: DimensionId| spec.dimensions().nth(id.index()).map(str::to_lowercase);
    one == other || name(one) == name(other)
}

/// What a node can carry in a dimension, in whatever spelling it was declared.
pub(crate) fn capacity(spec: &ClusterSpec, node: NodeId, dimension: DimensionId) -> Option<u64> {
    let node = spec.node(node)?;
    (0..spec.dimensions().len())
        .map(DimensionId::from_index)
        .filter(|other| is_same_dimension(spec, dimension, *other))
        .find_map(|other| node.capacity(other))
}
