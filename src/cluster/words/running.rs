//! A resource in the list of what a node runs.

use core::fmt;
use core::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cluster::words::naming::{Translate, Translator};
use crate::id::{Ids, Names, Naming, ResourceId};

/// A resource that a node lists as running there, with the node's knowledge of it.
///
/// A bare reference says that the resource runs and that nothing more is known. In files and on
/// wires that people read it is written as a plain name, `"db"`; with more to say, as `{"resource":
/// "db", "state": "stopping"}`. Both forms are read. Formats that are not for people always hold
/// both fields.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Running<N: Naming = Ids> {
    /// The resource.
    pub resource: N::Resource,
    /// The node's knowledge of it.
    pub state: RunningState,
}

/// A node's knowledge of a resource that it lists.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum RunningState {
    /// It runs, wholly or in part; nothing more is known.
    #[default]
    Unknown,
    /// It is online, and nothing is being done with it.
    Online,
    /// It is being started.
    Starting,
    /// It is being stopped or terminated.
    Stopping,
}

impl RunningState {
    /// Tells whether the node itself says that it is starting or stopping the resource.
    #[must_use]
    pub const fn is_pending(self) -> bool {
        match self {
            Self::Unknown | Self::Online => false,
            Self::Starting | Self::Stopping => true,
        }
    }
}

impl<N: Naming> Running<N> {
    /// Returns a resource in this state.
    #[must_use]
    pub const fn new(resource: N::Resource, state: RunningState) -> Self {
        Self { resource, state }
    }
}

impl From<ResourceId> for Running {
    fn from(resource: ResourceId) -> Self {
        Self { resource, state: RunningState::Unknown }
    }
}

impl From<&str> for Running<Names> {
    fn from(resource: &str) -> Self {
        Self { resource: resource.into(), state: RunningState::Unknown }
    }
}

impl<A: Naming> Translate<A> for Running<A> {
    type To<B: Naming> = Running<B>;

    fn translate<B: Naming, T: Translator<A, B>>(self, by: &T) -> Result<Running<B>, T::Unknown> {
        let Self { resource, state } = self;
        Ok(Running { resource: by.resource(resource)?, state })
    }
}

impl fmt::Display for RunningState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "unknown",
            Self::Online => "online",
            Self::Starting => "starting",
            Self::Stopping => "stopping",
        })
    }
}

/// The long form, which is the only one in formats that are not for people.
#[derive(Deserialize, Serialize)]
#[serde(bound = "", rename = "Running", deny_unknown_fields)]
struct Parts<N: Naming> {
    resource: N::Resource,
    #[serde(default)]
    state: RunningState,
}

impl<N: Naming> Serialize for Running<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() && self.state == RunningState::Unknown {
            return self.resource.serialize(serializer);
        }
        Parts::<N> { resource: self.resource.clone(), state: self.state }.serialize(serializer)
    }
}

impl<'de, N: Naming> Deserialize<'de> for Running<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(EitherForm(PhantomData));
        }
        Parts::deserialize(deserializer).map(Self::of)
    }
}

impl<N: Naming> Running<N> {
    fn of(parts: Parts<N>) -> Self {
        Self { resource: parts.resource, state: parts.state }
    }
}

/// Reads the plain and the long form.
struct EitherForm<N>(PhantomData<N>);

impl<'de, N: Naming> Visitor<'de> for EitherForm<N> {
    type Value = Running<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a resource, or an object with `resource` and `state`")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Running<N>, E> {
        let resource = N::Resource::deserialize(StrDeserializer::new(name))?;
        Ok(Running { resource, state: RunningState::Unknown })
    }

    fn visit_u64<E: Error>(self, id: u64) -> Result<Running<N>, E> {
        let resource = N::Resource::deserialize(id.into_deserializer())?;
        Ok(Running { resource, state: RunningState::Unknown })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Running<N>, A::Error> {
        Parts::deserialize(MapAccessDeserializer::new(map)).map(Running::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_come_back_equal() {
        let plain: Running<Names> = "db".into();
        for text in [r#""db""#, r#"{"resource":"db"}"#, r#"{"resource":"db","state":"unknown"}"#] {
            assert_eq!(serde_json::from_str::<Running<Names>>(text).ok().as_ref(), Some(&plain));
        }
        assert_eq!(serde_json::to_string(&plain).ok().as_deref(), Some(r#""db""#));
        let stopping = Running::<Names>::new("db".into(), RunningState::Stopping);
        let text = r#"{"resource":"db","state":"stopping"}"#;
        assert_eq!(serde_json::to_string(&stopping).ok().as_deref(), Some(text));
        assert_eq!(serde_json::from_str(text).ok(), Some(stopping));
        let id: Running = ResourceId::new(3).into();
        assert_eq!(serde_json::to_string(&id).ok().as_deref(), Some("3"));
        assert_eq!(serde_json::from_str("3").ok(), Some(id));
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for text in ["[\"db\",\"online\"]", r#"{"resource":"db","stat":"online"}"#, "null", "-1"] {
            assert!(serde_json::from_str::<Running<Names>>(text).is_err(), "{text}");
        }
    }
}
