//! Dependency expressions: an AND of ORs of names.

mod error;
mod parser;
#[cfg(test)]
mod tests;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

pub use error::{Expected, ExpressionError};
use parser::trimmed;

/// The dependencies of a resource: all clauses must hold, and a clause holds while at least one of
/// the resources that it names is online.
///
/// ```text
/// expression = clause { "and" clause } | resource "or" resource { "or" resource }
/// clause     = resource | "(" resource { "or" resource } ")"
/// resource   = "[" name "]"
/// ```
///
/// A single clause of alternatives needs no parentheses. Keywords are read in any case, and white
/// space between the parts does not matter. Names are trimmed. A `]` within a name is written
/// twice. Names are not checked here: names that do not exist or occur twice are found when the
/// graph is built.
///
/// The default is an expression without clauses, for a resource that needs nothing. It prints as
/// empty text, which cannot be read as an expression: leave the text out altogether.
///
/// ```
/// use quorate::graph::Expression;
///
/// let needs = Expression::all_of(["Disk F:"]).and_any_of(["IP 1", "IP 2"]);
/// assert_eq!(needs.to_string(), "[Disk F:] and ([IP 1] or [IP 2])");
/// assert_eq!("([ip]OR[wan]) And [disk]".parse(), Ok(Expression::new()
///     .and_any_of(["ip", "wan"])
///     .and("disk")));
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Expression {
    clauses: Vec<Clause>,
}

/// One condition of an [`Expression`]: at least one of its members is online.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Clause {
    members: Vec<String>,
}

impl Expression {
    /// Returns an expression without clauses: the resource needs nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { clauses: Vec::new() }
    }

    /// Returns an expression that needs every one of these resources.
    #[must_use]
    pub fn all_of<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { clauses: names.into_iter().map(|name| Clause::any_of([name])).collect() }
    }

    /// Adds a resource that is needed as well.
    #[must_use]
    pub fn and(self, name: impl Into<String>) -> Self {
        self.and_any_of([name])
    }

    /// Adds a clause: at least one of these resources is needed as well. Without any names the
    /// clause could never hold, and no graph is built from it.
    #[must_use]
    pub fn and_any_of<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.clauses.push(Clause::any_of(names));
        self
    }

    /// The clauses in declared order.
    #[must_use]
    pub fn clauses(&self) -> impl DoubleEndedIterator<Item = &Clause> + ExactSizeIterator + Clone {
        self.clauses.iter()
    }

    /// Tells whether the text of the expression reads back as this expression.
    pub(crate) fn has_text(&self) -> bool {
        let is_written = |clause: &Clause| {
            !clause.members.is_empty() && clause.members.iter().all(|name| !name.is_empty())
        };
        !self.is_empty() && self.clauses.iter().all(is_written)
    }

    /// Tells whether there are no clauses.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_separated(f, &self.clauses, " and ")
    }
}

impl FromStr for Expression {
    type Err = ExpressionError;

    /// Reads an expression, in time linear to the length of the text.
    fn from_str(text: &str) -> Result<Self, ExpressionError> {
        let clauses = parser::parse(text)?;
        Ok(Self { clauses: clauses.into_iter().map(|members| Clause { members }).collect() })
    }
}

impl Clause {
    fn any_of<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { members: names.into_iter().map(|name| trimmed(name.into())).collect() }
    }

    /// Names of the resources in declared order.
    #[must_use]
    pub fn members(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator + Clone {
        self.members.iter().map(String::as_str)
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [name] = self.members.as_slice() {
            return Bracketed(name).fmt(f);
        }
        f.write_str("(")?;
        write_separated(f, self.members.iter().map(|name| Bracketed(name)), " or ")?;
        f.write_str(")")
    }
}

struct Bracketed<'a>(&'a str);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        write_separated(f, self.0.split(']'), "]]")?;
        f.write_str("]")
    }
}

fn write_separated<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: impl IntoIterator<Item = T>,
    separator: &str,
) -> fmt::Result {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}
