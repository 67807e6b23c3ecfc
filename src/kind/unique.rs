//! Maps in which no name stands twice: with two entries nobody would know which number counts.

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;

use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// Reads a map of numbers by name.
///
/// # Errors
///
/// A name that stands twice, written in the same way.
pub(crate) fn numbers<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, u64>, D::Error> {
    deserializer.deserialize_map(NumbersByName)
}

struct NumbersByName;

impl<'de> Visitor<'de> for NumbersByName {
    type Value = BTreeMap<String, u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("numbers by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut numbers = BTreeMap::new();
        while let Some((name, number)) = map.next_entry::<String, u64>()? {
            if numbers.contains_key(&name) {
                // A long name is cut in a message.
                let start: String = name.chars().take(60).collect();
                return Err(A::Error::custom(format_args!("\"{start}\" stands twice")));
            }
            numbers.insert(name, number);
        }
        Ok(numbers)
    }
}
