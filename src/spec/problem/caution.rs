//! Cautions: things that are legal in a declaration and yet look wrong.

use alloc::boxed::Box;
use core::fmt;
use core::time::Duration;

use super::Path;
use crate::form::Counted;
use crate::time::text;

/// Something that is legal and yet looks wrong, and its place in the declaration.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Warning {
    /// The thing that the warning is about.
    pub path: Path,
    /// The thing that looks wrong.
    pub caution: Caution,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.caution)
    }
}

/// The thing that looks wrong.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Caution {
    /// No node can run all that must run of the group.
    NoCommonOwner,
    /// A preferred owner cannot run all that must run of the group.
    PreferredNotPossible {
        /// The node.
        node: Box<str>,
    },
    /// A failed resource is tried again before its failures are forgotten.
    RetryBeforeRestartPeriod {
        /// The retry period.
        retry_period: Duration,
        /// The restart period.
        restart_period: Duration,
    },
    /// The first failure goes further without a restart.
    NeverRestarted,
    /// The group never fails over because of a failed resource.
    NeverFailsOver,
    /// More failovers than there are nodes to try.
    MoreFailoversThanNodes {
        /// The threshold.
        threshold: u32,
        /// Nodes of the cluster.
        nodes: usize,
    },
    /// Groups that may never share a node outnumber the nodes.
    ClassOutgrowsNodes {
        /// The anti-affinity class.
        class: Box<str>,
        /// Groups of the class.
        groups: usize,
        /// Nodes of the cluster.
        nodes: usize,
    },
    /// Groups that may never share a node have fewer nodes than they are, counting only nodes that
    /// can own them. Each class is judged by itself.
    ClassCannotSpread {
        /// The anti-affinity class.
        class: Box<str>,
        /// One of the groups.
        group: Box<str>,
        /// The number of groups.
        groups: usize,
        /// Nodes that can own at least one of them.
        nodes: usize,
    },
    /// Failback is allowed, but there is no preferred owner to return to.
    FailbackWithoutPreferred,
    /// The group returns by itself, and does not remember where it failed.
    ReturnsToFailed,
    /// No possible owner has room for the group, even when it is empty.
    DemandTooLarge {
        /// The dimension.
        dimension: Box<str>,
        /// The demand of the group.
        demand: u64,
        /// The largest capacity among its possible owners.
        largest: u64,
    },
    /// Each demand fits on some possible owner, but no node has room for all of them.
    DemandsFitNoNode,
    /// A demand that nothing limits.
    DimensionWithoutLimit {
        /// The dimension.
        dimension: Box<str>,
    },
    /// Both nodes of two are in use, so that one must be able to carry everything.
    NoSpareOfTwo {
        /// Groups with the kind.
        groups: usize,
    },
    /// A resource whose stop was not confirmed is taken for off, and may run twice.
    AssumesOff,
    /// A failed resource is left for an operator, but not one whose stop was not confirmed.
    LeftUnlessUnconfirmed,
    /// The loss of any one node takes the quorum away.
    SurvivesNoFailure,
    /// A span is so short that it may have been meant in another unit.
    ShortSpan {
        /// The span.
        span: Duration,
    },
    /// A tier has a number of its own, while those of other groups have names.
    PriorityBesideNames {
        /// The number.
        priority: u32,
    },
    /// An anti-affinity class with one group keeps nothing apart.
    ClassOfOne {
        /// The class.
        class: Box<str>,
    },
    /// Hours are declared for a failback that is not allowed.
    WindowWithoutFailback,
    /// The witness has a weight, but the quorum rule does not count it.
    WeightWithoutWitness,
    /// The profile is that of 2003, whose clusters know no alternatives among providers. They work
    /// here all the same, as they do since 2008.
    AlternativesIn2003,
}

impl fmt::Display for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCommonOwner => {
                f.write_str("no node can run all that must run of it, so it is never wholly online")
            }
            Self::PreferredNotPossible { node } => {
                write!(f, "node \"{node}\" is preferred but cannot run all that must run")
            }
            Self::RetryBeforeRestartPeriod { retry_period, restart_period } => write!(
                f,
                "{} is shorter than the restart period of {}",
                text::format(*retry_period),
                text::format(*restart_period)
            ),
            Self::NeverRestarted => f.write_str("0 means that no failure leads to a restart"),
            Self::NeverFailsOver => f.write_str("0 means that no failed resource moves the group"),
            Self::MoreFailoversThanNodes { threshold, nodes } => {
                let (failovers, nodes) = (Counted(*threshold, "failover"), Counted(*nodes, "node"));
                write!(f, "{failovers} on {nodes} visit failed nodes again")
            }
            Self::ClassOutgrowsNodes { class, groups, nodes } => write!(
                f,
                "class \"{class}\" keeps {groups} groups apart on {}; not all of them can be online",
                Counted(*nodes, "node")
            ),
            Self::ClassCannotSpread { class, group, groups, nodes } => write!(
                f,
                "class \"{class}\" keeps {groups} groups apart that only {nodes} of the nodes can \
                 own, \"{group}\" among them; not all of them can be online"
            ),
            Self::FailbackWithoutPreferred => f.write_str("has no effect without preferred owners"),
            Self::ReturnsToFailed => f.write_str(
                "0 means that the group returns by itself to a node on which it keeps failing",
            ),
            Self::DemandTooLarge { dimension, demand, largest } => write!(
                f,
                "{demand} of \"{dimension}\" exceed the capacity of every possible owner, \
                 at most {largest}"
            ),
            Self::DemandsFitNoNode => {
                f.write_str("no possible owner has the capacity for all of them together")
            }
            Self::DimensionWithoutLimit { dimension } => {
                write!(f, "no node has a capacity in \"{dimension}\", so nothing limits it")
            }
            Self::NoSpareOfTwo { groups } => {
                write!(f, "{groups} groups have the kind and neither of two nodes is spare")
            }
            Self::AssumesOff => {
                f.write_str("a resource that could not be stopped may then run twice")
            }
            Self::LeftUnlessUnconfirmed => f.write_str(
                "what failed is left for an operator, but if its stop is not confirmed its \
                 unconfirmed_stop goes before that",
            ),
            Self::SurvivesNoFailure => {
                f.write_str("the loss of any node takes the quorum away; add a witness")
            }
            Self::ShortSpan { span } => write!(
                f,
                "is {}, which is very short; a number without a unit is milliseconds",
                text::format(*span)
            ),
            Self::PriorityBesideNames { priority } => write!(
                f,
                "{priority} is none of the tiers with a name, which other groups use: \
                 no_auto_start is 0, low 1000, medium 2000, high 3000"
            ),
            Self::ClassOfOne { class } => {
                write!(f, "class \"{class}\" has no other group, so it keeps nothing apart")
            }
            Self::WindowWithoutFailback => {
                f.write_str("has no effect, because failback is not \"allow\"")
            }
            Self::WeightWithoutWitness => f.write_str(
                "has no effect, because only \"majority_with_witness\" counts the witness",
            ),
            Self::AlternativesIn2003 => f.write_str(
                "clusters of 2003 know \"and\" only; \"or\" works here as it does since 2008",
            ),
        }
    }
}
