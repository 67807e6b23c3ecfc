//! Classes and dimensions compared by their names, as the rules say, and not by their ids.

use quorate::NodeId;
use quorate::id::DimensionId;
use quorate::spec::{ClusterSpec, GroupSpec};

/// Tells whether two groups have an anti-affinity class in common, in any spelling.
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

/// Tells whether two dimensions have one name in different spellings.
pub(crate) fn is_same_dimension(spec: &ClusterSpec, one: DimensionId, other: DimensionId) -> bool {
    let name = |id: DimensionId| spec.dimensions().nth(id.index()).map(str::to_lowercase);
    one == other || name(one) == name(other)
}

/// Returns the capacity of a node in a dimension, in any spelling.
pub(crate) fn capacity(spec: &ClusterSpec, node: NodeId, dimension: DimensionId) -> Option<u64> {
    let node = spec.node(node)?;
    (0..spec.dimensions().len())
        .map(DimensionId::from_index)
        .filter(|other| is_same_dimension(spec, dimension, *other))
        .find_map(|other| node.capacity(other))
}
