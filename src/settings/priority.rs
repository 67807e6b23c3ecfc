//! Tiers in which groups start: a name or a number in files.

use core::fmt;

use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Order in which groups start and are placed; higher is earlier.
///
/// A group waits until the groups of higher priority are dealt with. A group with priority 0 fails
/// over but is not started automatically.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Priority(u32);

impl Priority {
    /// The group is started only on request, but still moves when its node fails.
    pub const NO_AUTO_START: Self = Self(0);
    /// The group starts after all others.
    pub const LOW: Self = Self(1_000);
    /// The default priority.
    pub const MEDIUM: Self = Self(2_000);
    /// The group starts before all others.
    pub const HIGH: Self = Self(3_000);

    /// Returns a tier with this number; the constants are at 0, 1000, 2000 and 3000.
    #[must_use]
    pub const fn new(value: u32) -> Self {
        Self(value)
    }

    /// Returns the name of the tier, if it has one.
    pub(crate) fn name(self) -> Option<&'static str> {
        PRIORITY_NAMES.iter().find(|(_, tier)| *tier == self).map(|(name, _)| *name)
    }

    /// Returns the number of the tier.
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0
    }
}

/// The names of the constants in files.
const PRIORITY_NAMES: [(&str, Priority); 4] = [
    ("no_auto_start", Priority::NO_AUTO_START),
    ("low", Priority::LOW),
    ("medium", Priority::MEDIUM),
    ("high", Priority::HIGH),
];

impl Serialize for Priority {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_u32(self.0);
        }
        match self.name() {
            Some(name) => serializer.serialize_str(name),
            None => serializer.serialize_u32(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Priority {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PriorityVisitor;

        impl Visitor<'_> for PriorityVisitor {
            type Value = Priority;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "\"no_auto_start\", \"low\", \"medium\", \"high\", or a number below 2^32",
                )
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Priority, E> {
                u32::try_from(value)
                    .map(Priority)
                    .map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Priority, E> {
                u32::try_from(value)
                    .map(Priority)
                    .map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Priority, E> {
                PRIORITY_NAMES
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, tier)| *tier)
                    .ok_or_else(|| E::invalid_value(Unexpected::Str(name), &self))
            }
        }

        if !deserializer.is_human_readable() {
            return u32::deserialize(deserializer).map(Self);
        }
        deserializer.deserialize_any(PriorityVisitor)
    }
}
