//! Maps in which no name stands twice: with two entries nobody would know which number counts.

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;
use core::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// Reads a map of numbers by name.
///
/// # Errors
///
/// A name that stands twice, written in the same way.
pub(crate) fn numbers<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, u64>, D::Error> {
    deserializer.deserialize_map(ByName { what: "numbers by name", values: PhantomData })
}

/// Reads a map of texts by name.
///
/// # Errors
///
/// A name that stands twice, written in the same way.
pub(crate) fn texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    deserializer.deserialize_map(ByName { what: "texts by name", values: PhantomData })
}

/// Reads a map, with words for a message about a value that is no such map.
struct ByName<V> {
    what: &'static str,
    values: PhantomData<V>,
}

impl<'de, V: Deserialize<'de>> Visitor<'de> for ByName<V> {
    type Value = BTreeMap<String, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, V>()? {
            if values.contains_key(&name) {
                // A long name is cut in a message.
                let start: String = name.chars().take(60).collect();
                return Err(A::Error::custom(format_args!("\"{start}\" stands twice")));
            }
            values.insert(name, value);
        }
        Ok(values)
    }
}
