//! Dependencies: expressions, and the graph of one group.
//!
//! People write an [`Expression`], which names resources. A [`DependencyGraph`] is derived from the
//! expressions of all resources of one group. It knows them only by their position in this group,
//! and never changes after it was built.

mod build;
mod cycle;
mod draw;
mod expression;
mod rows;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use thiserror::Error;

use self::rows::{Rows, widen};

pub use self::expression::{Clause, Expected, Expression, ExpressionError};
pub use self::rows::Positions;

/// The most resources on one chain of dependencies: a dependency tree is at most 100 deep (MS-CMRP,
/// `ApiSetResourceDependencyExpression`, protocol version 3).
pub const MAX_DEPTH: usize = 100;

/// Dependencies among the resources of one group, named by position `0..len`.
///
/// A *dependent* needs its *providers*. Each dependent has clauses; all of them must hold, and a
/// clause holds while at least one of its members is online. The order of starts regards every
/// member of every clause, because all providers are started before their dependent.
///
/// Methods treat an unknown position like one without any dependency. Iterators do not allocate.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DependencyGraph {
    start_order: Box<[u32]>,
    /// The place of each position in the order of starts.
    ranks: Box<[u32]>,
    /// Ascending positions by level.
    levels: Rows,
    /// First clause of each dependent, then the number of all clauses.
    clause_starts: Box<[u32]>,
    /// Members of each clause, as declared.
    clauses: Rows,
    /// Ascending providers by dependent.
    providers: Rows,
    /// Ascending dependents by provider.
    dependents: Rows,
}

/// The reason why dependencies make no graph. Positions are those given to
/// [`DependencyGraph::build`].
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(crate) enum GraphError {
    /// A provider is not a resource of the group.
    #[error("resource {dependent} depends on {provider}, which is not in the group")]
    UnknownPosition {
        /// The resource with the dependency.
        dependent: usize,
        /// The position that does not exist.
        provider: usize,
    },
    /// A resource depends on itself.
    #[error("resource {position} depends on itself")]
    SelfDependency {
        /// That resource.
        position: usize,
    },
    /// A provider occurs twice in the clauses of one dependent, in one clause or in two (MS-CMRP
    /// 3.1.1.1.2).
    #[error("resource {dependent} depends on {provider} twice")]
    DuplicateProvider {
        /// The resource with the dependencies.
        dependent: usize,
        /// The provider named twice.
        provider: usize,
    },
    /// A clause has no members and so could never hold.
    #[error("resource {dependent} has a dependency clause without members")]
    EmptyClause {
        /// The resource with the clause.
        dependent: usize,
    },
    /// Resources depend on each other in a circle.
    ///
    /// Holds one whole cycle: each position depends on the next and the last on the first, which
    /// is not repeated. It begins with the smallest position that lies on any cycle and is the
    /// shortest cycle through it.
    #[error("dependency cycle {}", Circle(.0))]
    Cycle(Vec<usize>),
    /// A chain of dependencies is too long.
    #[error("dependencies are {depth} deep, at most {limit} are allowed")]
    TooDeep {
        /// Resources on the longest chain.
        depth: usize,
        /// The most resources allowed on a chain.
        limit: usize,
    },
    /// Resources and dependencies together are more than `u32` can count.
    #[error("too many dependencies in one group")]
    TooLarge,
}

impl DependencyGraph {
    /// Number of resources.
    #[must_use]
    pub fn len(&self) -> usize {
        self.start_order.len()
    }

    /// Tells whether there are no resources.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start_order.is_empty()
    }

    /// Returns all positions, each after everything it depends on; of those that could come next,
    /// always the smallest. The result depends only on the dependencies, not on the order of their
    /// declaration. Reversed, it is the order of stops.
    #[must_use]
    pub fn start_order(&self) -> Positions<'_> {
        Positions::new(&self.start_order)
    }

    /// Returns the place of a position in the [order of starts](Self::start_order), from 0. An unknown
    /// position comes last.
    #[must_use]
    pub fn rank(&self, position: usize) -> usize {
        self.ranks.get(position).copied().map_or(usize::MAX, widen)
    }

    /// Returns the positions that may start in parallel, level by level, each level ascending. A
    /// resource without dependencies is in the first level, any other one level after its highest
    /// provider.
    #[must_use]
    pub fn levels(
        &self,
    ) -> impl DoubleEndedIterator<Item = Positions<'_>> + ExactSizeIterator + Clone {
        (0..self.levels.len()).map(|level| Positions::new(self.levels.row(level)))
    }

    /// Number of resources on the longest chain of dependencies.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.levels.len()
    }

    /// Returns the clauses of a resource in declared order, each with its members in declared
    /// order. All clauses must hold; a clause holds while at least one member is online.
    #[must_use]
    pub fn clauses(
        &self,
        position: usize,
    ) -> impl DoubleEndedIterator<Item = Positions<'_>> + ExactSizeIterator + Clone {
        let start = self.clause_starts.get(position);
        let end = self.clause_starts.get(position.saturating_add(1));
        let (start, end) = start.zip(end).map_or((0, 0), |(start, end)| (*start, *end));
        (widen(start)..widen(end)).map(|clause| Positions::new(self.clauses.row(clause)))
    }

    /// Tells whether a resource depends on anything.
    #[must_use]
    pub fn has_clauses(&self, position: usize) -> bool {
        !self.providers.row(position).is_empty()
    }

    /// Returns every resource that occurs in the clauses of this one, ascending.
    #[must_use]
    pub fn providers(&self, position: usize) -> Positions<'_> {
        Positions::new(self.providers.row(position))
    }

    /// Returns every resource in whose clauses this one occurs, ascending.
    #[must_use]
    pub fn dependents(&self, position: usize) -> Positions<'_> {
        Positions::new(self.dependents.row(position))
    }

    /// Tells whether `dependent` needs `provider`, directly or through others. No resource depends
    /// on itself. It allocates unless the dependency is direct.
    #[must_use]
    pub fn depends_on(&self, dependent: usize, provider: usize) -> bool {
        let is_direct = |position: u32| widen(position).cmp(&provider);
        if self.providers.row(dependent).binary_search_by(|p| is_direct(*p)).is_ok() {
            return true;
        }
        if !self.has_clauses(dependent) || self.dependents.row(provider).is_empty() {
            return false;
        }
        let mut needs_provider = vec![false; self.len()];
        if let Some(itself) = needs_provider.get_mut(provider) {
            *itself = true;
        }
        for position in self.start_order().skip_while(|position| *position != provider).skip(1) {
            let needs =
                self.providers(position).any(|p| needs_provider.get(p).is_some_and(|needs| *needs));
            if position == dependent {
                return needs;
            }
            if let Some(slot) = needs_provider.get_mut(position) {
                *slot = needs;
            }
        }
        false
    }
}

/// Prints a cycle with its first position repeated at the end.
struct Circle<'a>(&'a [usize]);

impl fmt::Display for Circle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for position in self.0 {
            write!(f, "{position} -> ")?;
        }
        self.0.first().map_or(Ok(()), |first| write!(f, "{first}"))
    }
}
