//! What people may write in place of a whole declaration.

use alloc::vec::Vec;
use core::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::NodeDeclaration;

/// Reads nodes, each as an object or, in formats for people, as its name alone.
pub(super) fn nodes<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<NodeDeclaration>, D::Error> {
    let nodes = Vec::<NodeOrName>::deserialize(deserializer)?;
    Ok(nodes.into_iter().map(|node| node.0).collect())
}

struct NodeOrName(NodeDeclaration);

impl<'de> Deserialize<'de> for NodeOrName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(EitherForm).map(Self);
        }
        NodeDeclaration::deserialize(deserializer).map(Self)
    }
}

struct EitherForm;

impl<'de> Visitor<'de> for EitherForm {
    type Value = NodeDeclaration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a node: an object with its name, or the name alone")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<NodeDeclaration, E> {
        Ok(NodeDeclaration::new(name))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<NodeDeclaration, A::Error> {
        NodeDeclaration::deserialize(MapAccessDeserializer::new(fields))
    }
}
