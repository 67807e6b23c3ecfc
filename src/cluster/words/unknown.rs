//! Names that a configuration does not hold.

use alloc::boxed::Box;
use alloc::string::String;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::form::{Hint, Shown};
use crate::spec::{ClusterSpec, GroupSpec, NodeSpec, ResourceSpec, nearest};

/// A name that the configuration does not hold, with the name that was perhaps meant.
#[derive(Clone, Debug, Deserialize, Eq, Error, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum UnknownReference {
    /// No node has this name.
    #[error("no node \"{}\"{}", Shown(.name), Hint(.suggestion))]
    Node {
        /// The name.
        name: String,
        /// A node with nearly this name.
        suggestion: Option<Box<str>>,
    },
    /// No group has this name.
    #[error("no group \"{}\"{}", Shown(.name), Hint(.suggestion))]
    Group {
        /// The name.
        name: String,
        /// A group with nearly this name.
        suggestion: Option<Box<str>>,
    },
    /// No resource has this name.
    #[error("no resource \"{}\"{}", Shown(.name), Hint(.suggestion))]
    Resource {
        /// The name.
        name: String,
        /// A resource with nearly this name.
        suggestion: Option<Box<str>>,
    },
    /// No dimension of capacity has this name.
    #[error("no dimension \"{}\"{}", Shown(.name), Hint(.suggestion))]
    Dimension {
        /// The name.
        name: String,
        /// A dimension with nearly this name.
        suggestion: Option<Box<str>>,
    },
}

impl UnknownReference {
    /// Returns the name of the error, in the manner of
    /// [`InputError::kind`](crate::cluster::InputError::kind).
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Node { .. } => "unknown_node",
            Self::Group { .. } => "unknown_group",
            Self::Resource { .. } => "unknown_resource",
            Self::Dimension { .. } => "unknown_dimension",
        }
    }

    /// Returns the error about a node that the configuration does not hold.
    pub(super) fn node(spec: &ClusterSpec, name: String) -> Self {
        let suggestion = nearest(&name, spec.nodes().map(|(_, node)| NodeSpec::name(node)));
        Self::Node { name, suggestion }
    }

    /// Returns the error about a group that the configuration does not hold.
    pub(super) fn group(spec: &ClusterSpec, name: String) -> Self {
        let suggestion = nearest(&name, spec.groups().map(|(_, group)| GroupSpec::name(group)));
        Self::Group { name, suggestion }
    }

    /// Returns the error about a resource that the configuration does not hold.
    pub(super) fn resource(spec: &ClusterSpec, name: String) -> Self {
        let names = spec.resources().map(|(_, resource)| ResourceSpec::name(resource));
        let suggestion = nearest(&name, names);
        Self::Resource { name, suggestion }
    }

    /// Returns the error about a dimension that the configuration does not hold.
    pub(super) fn dimension(spec: &ClusterSpec, name: String) -> Self {
        let suggestion = nearest(&name, spec.dimensions());
        Self::Dimension { name, suggestion }
    }
}
