//! Short forms that people may write in a declaration.

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A node; its name alone may stand for it.
pub(super) trait Named<'de>: Deserialize<'de> + for<'name> From<&'name str> {}

impl<'de, N: Deserialize<'de> + for<'name> From<&'name str>> Named<'de> for N {}

/// Reads nodes, each as an object or, in formats for people, as its name alone.
pub(super) fn nodes<'de, D: Deserializer<'de>, N: Named<'de>>(
    deserializer: D,
) -> Result<Vec<N>, D::Error> {
    let nodes = Vec::<NodeOrName<N>>::deserialize(deserializer)?;
    Ok(nodes.into_iter().map(|node| node.0).collect())
}

struct NodeOrName<N>(N);

impl<'de, N: Named<'de>> Deserialize<'de> for NodeOrName<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(EitherForm(PhantomData)).map(Self);
        }
        N::deserialize(deserializer).map(Self)
    }
}

struct EitherForm<N>(PhantomData<N>);

impl<'de, N: Named<'de>> Visitor<'de> for EitherForm<N> {
    type Value = N;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a node: an object with its name, or the name alone")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<N, E> {
        Ok(N::from(name))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<N, A::Error> {
        N::deserialize(MapAccessDeserializer::new(fields))
    }
}
