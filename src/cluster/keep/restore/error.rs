//! Errors of snapshots.

use alloc::string::String;

use thiserror::Error;

use crate::cluster::words::Inconsistency;
use crate::form::Shown;
use crate::id::Names;
use crate::spec::SpecErrors;

/// The reason why a snapshot is not one of a cluster. Nothing was restored.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum RestoreError {
    /// It was written by a later release, which decides otherwise.
    #[error(
        "it was written by a later release: its behaviour is {stored}, that of this one is {known}"
    )]
    LaterBehaviour {
        /// The behaviour of the release that wrote it.
        stored: u32,
        /// The behaviour of this release.
        known: u32,
    },
    /// It is of a cluster under another policy.
    /// [`Snapshot::under_policy`](crate::Snapshot::under_policy) changes it on purpose.
    #[error("it is of a cluster under the policy \"{}\", not \"{}\"", Shown(stored), Shown(given))]
    OtherPolicy {
        /// The policy that it names.
        stored: String,
        /// The policy that was given.
        given: String,
    },
    /// The declaration in it is not valid.
    #[error("the declaration is not valid:\n{0}")]
    Declaration(SpecErrors),
    /// It names a node that is not declared.
    #[error("no node \"{}\" is declared", Shown(.0))]
    UnknownNode(String),
    /// It names a group that is not declared.
    #[error("no group \"{}\" is declared", Shown(.0))]
    UnknownGroup(String),
    /// It names a resource that is not declared.
    #[error("no resource \"{}\" is declared", Shown(.0))]
    UnknownResource(String),
    /// A node has two records.
    #[error("node \"{}\" has two records", Shown(.0))]
    DuplicateNode(String),
    /// A group has two records.
    #[error("group \"{}\" has two records", Shown(.0))]
    DuplicateGroup(String),
    /// A resource has two records.
    #[error("resource \"{}\" has two records", Shown(.0))]
    DuplicateResource(String),
    /// A resource has two records of running on one node where it should not.
    #[error("orphan \"{}\" on node \"{}\" has two records", Shown(resource), Shown(node))]
    DuplicateOrphan {
        /// The node.
        node: String,
        /// The resource.
        resource: String,
    },
    /// A declared node has no record.
    #[error("node \"{}\" has no record", Shown(.0))]
    MissingNode(String),
    /// A declared group has no record.
    #[error("group \"{}\" has no record", Shown(.0))]
    MissingGroup(String),
    /// A declared resource has no record.
    #[error("resource \"{}\" has no record", Shown(.0))]
    MissingResource(String),
    /// No history of a cluster leads to this state.
    #[error("impossible state: {0}")]
    Inconsistent(Inconsistency<Names>),
}
