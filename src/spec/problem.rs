//! Problems of a declaration.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Limit;
use super::word::WordFault;
use crate::form::Hint;
use crate::graph::ExpressionError;
use crate::kind::{RequiredProvider, ResourceClass};
use crate::time::text;

mod caution;
mod path;
mod words;

pub use caution::{Caution, Warning};
pub use path::{Path, Subject};
pub(super) use path::{Place, shown};
use words::{Chain, Known, List, More, Range, Required, class_name};

/// All problems of a declaration, at least one.
///
/// It is displayed as one line per problem.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "Vec<SpecError>")]
pub struct SpecErrors(Vec<SpecError>);

impl TryFrom<Vec<SpecError>> for SpecErrors {
    type Error = &'static str;

    fn try_from(errors: Vec<SpecError>) -> Result<Self, &'static str> {
        if errors.is_empty() { Err("at least one problem was expected") } else { Ok(Self(errors)) }
    }
}

impl SpecErrors {
    /// Returns the list as an error, unless it is empty.
    pub(super) fn of(errors: Vec<SpecError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }

    /// The problems: nodes, kinds, groups, names, dependencies, then rules across groups.
    #[must_use]
    pub fn errors(&self) -> &[SpecError] {
        &self.0
    }

    /// The problems one by one.
    pub fn iter(&self) -> core::slice::Iter<'_, SpecError> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a SpecErrors {
    type Item = &'a SpecError;
    type IntoIter = core::slice::Iter<'a, SpecError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl core::error::Error for SpecErrors {}

/// One problem and where it is.
#[derive(Clone, Debug, Deserialize, Eq, Error, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[error("{path}: {problem}")]
#[non_exhaustive]
pub struct SpecError {
    /// The thing at fault.
    pub path: Path,
    /// The problem.
    pub problem: Problem,
}

/// A problem of the thing that a [`Path`] names.
#[derive(Clone, Debug, Deserialize, Eq, Error, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Problem {
    /// A name is missing.
    #[error("entry {position} has an empty name")]
    EmptyName {
        /// The position in the list, counted from 1.
        position: usize,
    },
    /// A name is longer than [`Limits::name_bytes`](super::Limits::name_bytes).
    #[error("a name of {bytes} bytes, at most {limit} are allowed")]
    LongName {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A name begins or ends with white space, which dependency expressions drop.
    #[error("the name begins or ends with white space")]
    PaddedName,
    /// A name holds a character that a message would show as something else.
    #[error("{}", WordFault::Forbidden { character: *character })]
    ForbiddenCharacter {
        /// The first such character.
        character: char,
    },
    /// Two things of one sort have the same name, compared without case.
    #[error("the name is taken by {first}")]
    DuplicateName {
        /// The thing that has the name first.
        first: Path,
    },
    /// A dimension stands twice in one map, compared without case.
    #[error("\"{name}\" stands twice: case does not matter")]
    DuplicateDimension {
        /// The later spelling.
        name: Box<str>,
    },
    /// There is no node.
    #[error("a cluster needs at least one node")]
    NoNodes,
    /// There is more of something than [`Limits`](super::Limits) allows.
    #[error("{found} {limit}, at most {most} are allowed")]
    TooMany {
        /// The limit.
        limit: Limit,
        /// The number that was found.
        found: usize,
        /// The number that is allowed.
        most: usize,
    },
    /// Finding out whether two groups may overload a node takes more steps than
    /// [`Limits::comparisons`](super::Limits::comparisons) allows.
    #[error(
        "the groups with the kind differ too much in their possible owners and anti-affinity \
         classes to compare them all within {limit} steps"
    )]
    TooManyComparisons {
        /// The limit.
        limit: usize,
    },
    /// There are more problems than [`Limits::problems`](super::Limits::problems); the others are
    /// not listed.
    #[error("{omitted} more problems are not listed")]
    MoreProblems {
        /// The number of problems that are not listed.
        omitted: usize,
    },
    /// A list of owners names a node that is not declared.
    #[error("no node is named \"{name}\"{}", Hint(suggestion))]
    UnknownNode {
        /// The name.
        name: Box<str>,
        /// A declared node with nearly this name.
        suggestion: Option<Box<str>>,
    },
    /// A list of owners names a node twice.
    #[error("node \"{name}\" is listed twice")]
    DuplicateOwner {
        /// The name.
        name: Box<str>,
    },
    /// An empty list of possible owners.
    #[error("names no node; leave it out if every node is possible")]
    NoOwners,
    /// A kind that is neither declared nor standard.
    #[error("no kind is named \"{name}\"{}{}", Hint(suggestion), Known(known, *omitted))]
    UnknownKind {
        /// The name.
        name: Box<str>,
        /// A kind with nearly this name.
        suggestion: Option<Box<str>>,
        /// The known kinds, if none has nearly this name; listed once, and at most 30.
        known: Vec<Box<str>>,
        /// The number of those that are not listed.
        omitted: usize,
    },
    /// A dependency expression that cannot be read.
    #[error("{0}")]
    Syntax(ExpressionError),
    /// A dependency on a resource that is not declared.
    #[error("no resource is named \"{name}\"{}", Hint(suggestion))]
    UnknownResource {
        /// The name.
        name: Box<str>,
        /// A resource of the group with nearly this name.
        suggestion: Option<Box<str>>,
    },
    /// A dependency that leaves the group.
    #[error("\"{name}\" is in group \"{group}\", and dependencies stay within a group")]
    OtherGroup {
        /// The resource.
        name: Box<str>,
        /// Its group.
        group: Box<str>,
    },
    /// A resource that depends on itself directly.
    #[error("a resource cannot depend on itself")]
    SelfDependency,
    /// A provider that occurs twice in one expression.
    #[error("\"{name}\" occurs twice in the expression")]
    DuplicateProvider {
        /// The provider.
        name: Box<str>,
    },
    /// An OR of nothing, which never holds.
    #[error("a clause of the expression has no members")]
    EmptyClause,
    /// Resources depend on themselves through others.
    #[error("the dependencies form a cycle: {}", Chain(resources))]
    Cycle {
        /// The resources of the cycle, each depending on the next, the last on the first.
        resources: Vec<Box<str>>,
    },
    /// A chain of dependencies longer than [`Limits::depth`](super::Limits::depth).
    #[error("the dependencies are {depth} deep, at most {limit} are allowed")]
    TooDeep {
        /// Resources on the longest chain.
        depth: usize,
        /// The limit.
        limit: usize,
    },
    /// More dependencies in a group than 32 bits can count.
    #[error("too many dependencies in one group")]
    TooLarge,
    /// The kind needs a provider that the resource does not depend on.
    #[error("its kind must depend on {}", Required(required))]
    MissingProvider {
        /// The missing provider.
        required: RequiredProvider,
    },
    /// The kind needs every resource of a class, and some are missing.
    #[error(
        "its kind must depend on every {} resource of the group, also on {}{}",
        class_name(*class),
        List(missing),
        More(*omitted)
    )]
    MissingProviders {
        /// The class.
        class: ResourceClass,
        /// The resources that it does not depend on, at most eight.
        missing: Vec<Box<str>>,
        /// The number of those that are not listed.
        omitted: usize,
    },
    /// More resources of a kind than the cluster may have.
    #[error("one of {found} resources of kind \"{kind}\", the cluster may have {limit}")]
    TooManyInCluster {
        /// The kind.
        kind: Box<str>,
        /// The number that was found.
        found: usize,
        /// The limit.
        limit: u32,
    },
    /// More resources of a kind than one group may have.
    #[error("{found} resources of kind \"{kind}\", a group may have {limit}")]
    TooManyInGroup {
        /// The kind.
        kind: Box<str>,
        /// The number that was found.
        found: usize,
        /// The limit.
        limit: u32,
    },
    /// Too many groups with a kind that needs a node to spare.
    #[error("{groups} groups have the kind, {nodes} nodes may serve {limit}; add a node")]
    NoSpareNode {
        /// Groups with the kind.
        groups: usize,
        /// Nodes of the cluster.
        nodes: usize,
        /// Groups allowed.
        limit: usize,
    },
    /// One group demands more than its kind allows on a node.
    #[error("demands {demand} of \"{dimension}\", kind \"{kind}\" allows {limit} per node")]
    NodeOverload {
        /// The kind.
        kind: Box<str>,
        /// The dimension.
        dimension: Box<str>,
        /// The demand of the group.
        demand: u64,
        /// The limit.
        limit: u64,
    },
    /// Two groups that may meet on a node together demand more than their kind allows there.
    #[error(
        "may share a node with group \"{other}\", together demanding {demand} of \
         \"{dimension}\"; kind \"{kind}\" allows {limit} per node; give both groups one \
         anti-affinity class and enforce it"
    )]
    SharedNodeOverload {
        /// The kind.
        kind: Box<str>,
        /// The other group.
        other: Box<str>,
        /// The dimension.
        dimension: Box<str>,
        /// The demand of both groups together.
        demand: u64,
        /// The limit.
        limit: u64,
    },
    /// A span outside its range.
    #[error("is {}, {}", text::format(*found), Range(*found, *least, *most))]
    OutOfRange {
        /// The declared span.
        found: Duration,
        /// The shortest allowed.
        least: Duration,
        /// The longest allowed.
        most: Duration,
    },
    /// A number above its limit.
    #[error("is {found}, must be at most {most}")]
    NumberTooLarge {
        /// The declared number.
        found: u64,
        /// The largest allowed.
        most: u64,
    },
    /// A span with a fraction of a millisecond.
    #[error("is not a whole number of milliseconds")]
    NotWholeMillis,
    /// An hour past 23.
    #[error("hour {found} is not in 0 to 23")]
    NoSuchHour {
        /// The hour.
        found: u8,
    },
    /// A failback window without any hour.
    #[error("begins and ends at hour {hour}; leave it out to allow every hour")]
    EmptyWindow {
        /// The hour.
        hour: u8,
    },
    /// A number that must not be 0.
    #[error("must be at least 1")]
    Zero,
    /// Nobody has a vote.
    #[error("no node has a vote, so there is never a quorum")]
    NoVotes,
    /// Running groups are to be left alone without quorum, and votes are counted outside. A part of
    /// the cluster that is cut off from the log would go on for ever.
    #[error("must be \"stop\" where the quorum is \"agreed\"")]
    FrozenWhileAgreed,
    /// The votes do not fit.
    #[error("the votes add up to more than {}", u32::MAX)]
    TooManyVotes,
    /// Capacities or demands do not fit.
    #[error("the amounts of \"{dimension}\" add up to more than {}", u64::MAX)]
    SumOverflow {
        /// The dimension.
        dimension: Box<str>,
    },
}
