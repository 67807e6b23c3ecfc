//! The declaration of a cluster: plain data with names, built in Rust or read by serde.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};

use crate::graph::Expression;
use crate::kind::{KindDeclaration, ResourceOverrides};
use crate::settings::{
    Admission, AntiAffinityPlacement, ColdStart, DependencyChange, DesiredState, Failback,
    FailbackWindow, FailoverLimit, Fencing, Interval, NoQuorum, Ownership, Priority, QuorumRule,
    RedundantProvider, RestartWindow, Retry,
};

mod builder;
mod read;
mod written;

/// The release whose defaults and rules apply where a declaration says nothing.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Windows Server 2003.
    ///
    /// One of its rules is not a setting: a group without preferred owners whose node fails goes to
    /// a node drawn at random (KB 299631). The embedder chooses the order:
    /// [`Ring::seeded`](crate::policy::Ring::seeded) is the deterministic form of this draw, and
    /// [`Ring::new`](crate::policy::Ring::new) goes by node order instead.
    Mscs2003,
    /// Windows Server 2008 and later.
    #[default]
    Modern,
}

crate::form::strictly_read! { listed "ClusterDeclaration"
/// A whole cluster as an operator declares it.
///
/// It is its own builder: chain the methods, then call [`build`](Self::build). Serde reads it from
/// files; absent fields take the defaults of the profile.
///
/// ```
/// use quorate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};
///
/// let spec = ClusterDeclaration::new("files")
///     .node("a")
///     .node("b")
///     .node("c")
///     .group(
///         GroupDeclaration::new("share")
///             .resource(ResourceDeclaration::new("disk", "Physical Disk"))
///             .resource(ResourceDeclaration::new("ip", "IP Address"))
///             .resource(ResourceDeclaration::new("name", "Network Name").needs("[ip]"))
///             .resource(
///                 ResourceDeclaration::new("files", "File Share").needs("[disk] and [name]"),
///             ),
///     )
///     .build()?;
/// assert!(spec.warnings().is_empty());
/// # Ok::<(), quorate::spec::SpecErrors>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[allow(missing_docs, reason = "settings are documented on their settled form")]
pub struct ClusterDeclaration {
    /// The cluster's name, for people.
    pub name: String,
    /// The source of the defaults. Default [`Profile::Modern`].
    #[serde(default)]
    pub profile: Profile,
    #[serde(default)]
    pub quorum: Option<QuorumRule>,
    #[serde(default)]
    pub witness_weight: Option<u32>,
    #[serde(default)]
    pub fencing: Option<Fencing>,
    #[serde(default)]
    pub no_quorum: Option<NoQuorum>,
    #[serde(default)]
    pub anti_affinity: Option<AntiAffinityPlacement>,
    #[serde(default)]
    pub admission: Option<Admission>,
    #[serde(default)]
    pub failover_limit: Option<FailoverLimit>,
    #[serde(default)]
    pub retry: Option<Retry>,
    #[serde(default)]
    pub retry_cycles: Option<u32>,
    #[serde(default)]
    pub restart_window: Option<RestartWindow>,
    #[serde(default)]
    pub ownership: Option<Ownership>,
    #[serde(default)]
    pub redundant_provider: Option<RedundantProvider>,
    #[serde(default)]
    pub dependency_change: Option<DependencyChange>,
    #[serde(
        default,
        deserialize_with = "crate::time::text::optional::deserialize"
    )]
    pub group_wait_delay: Option<Duration>,
    #[serde(
        default,
        deserialize_with = "crate::time::text::optional::deserialize"
    )]
    pub priority_wait: Option<Duration>,
    #[serde(
        default,
        deserialize_with = "crate::time::text::optional::deserialize"
    )]
    pub fence_timeout: Option<Duration>,
    #[serde(
        default,
        deserialize_with = "crate::time::text::optional::deserialize"
    )]
    pub fence_retry_delay: Option<Duration>,
    #[serde(default)]
    pub fence_threshold: Option<u32>,
    #[serde(
        default,
        deserialize_with = "crate::time::text::optional::deserialize"
    )]
    pub fence_period: Option<Duration>,
    #[serde(default)]
    pub probe_interval: Option<Interval>,
    #[serde(
        default,
        deserialize_with = "crate::time::text::optional::deserialize"
    )]
    pub inventory_timeout: Option<Duration>,
    #[serde(default)]
    pub placement_steps: Option<u32>,
    /// Kinds of the embedder's own; one with a standard name replaces the standard kind.
    #[serde(default)]
    pub kinds: Vec<KindDeclaration>,
    /// The nodes, in the order that rules call "ascending node id".
    ///
    /// In formats for people, the name alone may stand for a node that has no other field.
    #[serde(deserialize_with = "read::nodes")]
    pub nodes: Vec<NodeDeclaration>,
    /// The groups.
    #[serde(default)]
    pub groups: Vec<GroupDeclaration>,
}
}

crate::form::strictly_read! { listed "NodeDeclaration"
/// A node as declared.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NodeDeclaration {
    /// Unique among the nodes; compared without case, as all names are: see
    /// [`id::name`](crate::id::name).
    pub name: String,
    /// Votes towards quorum. Default 1.
    #[serde(default)]
    pub vote_weight: Option<u32>,
    /// The site where the node stands.
    #[serde(default)]
    pub site: Option<String>,
    /// The capacity of the node, by dimension; a dimension that is not named has no limit. Names of
    /// dimensions are compared without case.
    #[serde(default, deserialize_with = "crate::kind::unique::numbers")]
    pub capacity: BTreeMap<String, u64>,
    /// Texts for the agents, by name, such as an address or a command line. The core neither reads
    /// nor compares them. A change takes effect when an agent next asks for them.
    #[serde(default, deserialize_with = "crate::kind::unique::texts")]
    pub parameters: BTreeMap<String, String>,
}
}

crate::form::strictly_read! { listed "GroupDeclaration"
/// A group as declared: the unit that has one owner and moves as a whole.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[allow(missing_docs, reason = "settings are documented on their settled form")]
pub struct GroupDeclaration {
    /// Unique among the groups; compared without case.
    pub name: String,
    /// Nodes in the order in which they are preferred. The list orders and never restricts; it may
    /// be empty.
    #[serde(default)]
    pub preferred_owners: Vec<String>,
    /// Groups that share a class avoid each other; classes are compared without case. A group that
    /// is off and wanted off keeps no other group away.
    #[serde(default)]
    pub anti_affinity_classes: Vec<String>,
    /// The demand on the capacity of the node, by dimension; compared without case. The group takes
    /// nothing while it is off and nothing of it is wanted. When it is to start and its node has no
    /// room left, it moves to a node that has room, or waits until there is some.
    #[serde(default, deserialize_with = "crate::kind::unique::numbers")]
    pub demands: BTreeMap<String, u64>,
    #[serde(default)]
    pub desired: Option<DesiredState>,
    #[serde(default)]
    pub failover_threshold: Option<u32>,
    #[serde(default, deserialize_with = "crate::time::text::optional::deserialize")]
    pub failover_period: Option<Duration>,
    #[serde(default, deserialize_with = "crate::time::text::optional::deserialize")]
    pub failure_memory: Option<Duration>,
    #[serde(default)]
    pub failback: Option<Failback>,
    #[serde(default)]
    pub failback_window: Option<FailbackWindow>,
    #[serde(default, deserialize_with = "crate::time::text::optional::deserialize")]
    pub failback_hold_down: Option<Duration>,
    #[serde(default)]
    pub priority: Option<Priority>,
    #[serde(default)]
    pub cold_start: Option<ColdStart>,
    #[serde(default, deserialize_with = "crate::time::text::optional::deserialize")]
    pub start_delay: Option<Duration>,
    /// Texts for the agents, by name, such as an address or a command line. The core neither reads
    /// nor compares them. A change takes effect when an agent next asks for them.
    #[serde(default, deserialize_with = "crate::kind::unique::texts")]
    pub parameters: BTreeMap<String, String>,
    /// The resources of the group.
    #[serde(default)]
    pub resources: Vec<ResourceDeclaration>,
}
}

crate::form::strictly_read! { listed "ResourceDeclaration"
/// A resource as declared.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ResourceDeclaration {
    /// Unique in the whole cluster; compared without case.
    pub name: String,
    /// Name of a standard kind or of a declared one; compared without case.
    pub kind: Cow<'static, str>,
    /// The dependencies within its group: `[disk] and ([ip 1] or [ip 2])`.
    #[serde(default)]
    pub depends_on: Option<Dependencies>,
    /// The only nodes on which it can run; absent is every node.
    #[serde(default)]
    pub possible_owners: Option<Vec<String>>,
    /// Properties that differ from those of its kind.
    #[serde(default)]
    pub settings: Option<Box<ResourceOverrides>>,
    /// Texts for the agents, by name, such as an address or a command line. The core neither reads
    /// nor compares them. A change takes effect when an agent next asks for them.
    #[serde(default, deserialize_with = "crate::kind::unique::texts")]
    pub parameters: BTreeMap<String, String>,
}
}

/// Dependencies as text or as built in code.
///
/// In files they are always text. Text is parsed when the declaration is built, so that its errors
/// are listed with all others. An expression equals the text that it is written as. An expression
/// without clauses has no text: it is not written, and the declaration leaves the dependencies out
/// instead.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub enum Dependencies {
    /// Text of an expression, not parsed yet.
    Text(String),
    /// An expression.
    Expression(Expression),
}

impl Dependencies {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => text.into(),
            Self::Expression(expression) => expression.to_string().into(),
        }
    }
}

impl PartialEq for Dependencies {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Dependencies {}

impl Serialize for Dependencies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Expression(expression) if expression.has_text() => {
                serializer.collect_str(expression)
            }
            Self::Expression(_) => Err(S::Error::custom(
                "an expression without clauses, members or names cannot be written",
            )),
        }
    }
}

impl From<String> for Dependencies {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Dependencies {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Expression> for Dependencies {
    fn from(expression: Expression) -> Self {
        Self::Expression(expression)
    }
}

impl From<Dependencies> for String {
    fn from(dependencies: Dependencies) -> Self {
        match dependencies {
            Dependencies::Text(text) => text,
            Dependencies::Expression(expression) => alloc::format!("{expression}"),
        }
    }
}
