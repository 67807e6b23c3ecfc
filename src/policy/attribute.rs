//! Orders nodes by a number that embedders report of them.

use alloc::borrow::Cow;
use alloc::format;

use super::{FailoverPolicy, Key, PlacementRequest, Rank};
use crate::id::NodeId;

/// Prefers the node with the smallest or the largest value of an attribute, such as the lag of a
/// replica. A node without the attribute comes after all that have it.
///
/// Values are reported by [`NodeAttributeChanged`](crate::Input::NodeAttributeChanged). A change
/// moves nothing that runs: it counts when a group needs a node.
///
/// ```
/// use quorate::policy::{ByAttribute, FailoverPolicy, PlacementRequest, Ring, Trigger};
/// use quorate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};
/// use quorate::{Cluster, Incarnation, Input, Timestamp};
///
/// let database = ResourceDeclaration::new("db", "Generic Service");
/// let spec = ClusterDeclaration::new("replicas")
///     .node("a")
///     .node("b")
///     .node("c")
///     .group(GroupDeclaration::new("sql").resource(database))
///     .build()?;
/// let [a, b, c] = ["a", "b", "c"].map(|name| spec.node_id(name).expect("declared above"));
/// let sql = spec.group_id("sql").expect("declared above");
/// let policy = ByAttribute::smallest("lag").then(Ring::new());
/// assert_eq!(policy.name(), "smallest attribute lag, then ring");
///
/// let now = Timestamp::ZERO;
/// let mut cluster = Cluster::new(spec, policy, now);
/// for (node, lag) in [(a, 90), (b, 7), (c, 4)] {
///     cluster.handle(now, Input::node_attribute_changed(node, "lag", lag))?;
///     cluster.handle(now, Input::node_joined(node, Incarnation::new(1), []))?;
/// }
/// let answer = cluster.explain(sql, Trigger::BestPossible).expect("a declared group");
/// assert_eq!(answer.chosen, Some(c));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ByAttribute {
    attribute: Cow<'static, str>,
    best: Best,
}

/// The value that is best.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Best {
    Smallest,
    Largest,
}

impl ByAttribute {
    /// Returns the order in which the smallest value of this attribute is best.
    #[must_use]
    pub fn smallest(attribute: impl Into<Cow<'static, str>>) -> Self {
        Self { attribute: attribute.into(), best: Best::Smallest }
    }

    /// Returns the order in which the largest value of this attribute is best.
    #[must_use]
    pub fn largest(attribute: impl Into<Cow<'static, str>>) -> Self {
        Self { attribute: attribute.into(), best: Best::Largest }
    }
}

impl FailoverPolicy for ByAttribute {
    fn name(&self) -> Cow<'static, str> {
        let best = match self.best {
            Best::Smallest => "smallest",
            Best::Largest => "largest",
        };
        format!("{best} attribute {}", self.attribute).into()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        let value = placement.attribute(candidate, &self.attribute);
        // The name of a key lives for ever, and a name that was read at run time does not.
        let name = match &self.attribute {
            Cow::Borrowed(name) => name,
            Cow::Owned(_) => "value of attribute",
        };
        let (key, known) = (value.unwrap_or(0), i64::from(value.is_some()));
        Rank::by(Key::largest("attribute known", known)).and_by(match self.best {
            Best::Smallest => Key::smallest(name, key),
            Best::Largest => Key::largest(name, key),
        })
    }
}

#[cfg(test)]
mod tests;
