//! What a resource needs, by name: an AND of ORs.

mod parser;
#[cfg(test)]
mod tests;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use thiserror::Error;

/// What a resource needs: all clauses must hold, and a clause holds while at least one of the
/// resources it names is online.
///
/// ```text
/// expression = clause { "and" clause } | resource "or" resource { "or" resource }
/// clause     = resource | "(" resource { "or" resource } ")"
/// resource   = "[" name "]"
/// ```
///
/// Alternatives that are all there is need no parentheses. Keywords are read in any case and white space between the parts does not matter. Names are
/// trimmed. A `]` within a name is written twice. Names stand as they are written: whether they
/// exist, or occur twice, is found out when the graph is built.
///
/// The default is an expression without clauses, a resource that needs nothing. It prints as
/// empty text, which is no expression when read: leave the text out altogether.
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

/// Why a text is no [`Expression`].
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("expected {expected} at byte {position}")]
pub struct ExpressionError {
    /// Byte offset into the text, always at the start of a character or at the end of the text.
    pub position: usize,
    /// What should have been there.
    pub expected: Expected,
}

/// What should have been in the text of an [`Expression`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Expected {
    /// A resource or a parenthesis: the text is empty, or stops after an `and`.
    Clause,
    /// A resource: a parenthesis is empty, or stops after an `or`.
    Resource,
    /// Brackets around a bare name.
    Brackets,
    /// A name: there is nothing between the brackets.
    Name,
    /// The bracket that closes a name.
    ClosingBracket,
    /// An `and`, or nothing more.
    And,
    /// An `or`, or the parenthesis that closes the clause.
    OrOrClosing,
    /// An `or`, or nothing more: the text has no parentheses.
    OrOrEnd,
    /// Parentheses around an `or` that stands outside of them, beside an `and`.
    ParenthesesAroundOr,
    /// An `or` in place of an `and` within parentheses.
    NoAndInside,
    /// A resource in place of a parenthesis within parentheses.
    NoNesting,
}

impl Expression {
    /// No clauses: the resource needs nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { clauses: Vec::new() }
    }

    /// Needs every one of these resources.
    #[must_use]
    pub fn all_of<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { clauses: names.into_iter().map(|name| Clause::any_of([name])).collect() }
    }

    /// Needs this resource as well.
    #[must_use]
    pub fn and(self, name: impl Into<String>) -> Self {
        self.and_any_of([name])
    }

    /// Needs at least one of these resources as well. Without any names the clause could never
    /// hold, and no graph is built from it.
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

    /// Whether the text of the expression reads as the same expression.
    pub(crate) fn has_text(&self) -> bool {
        let is_written = |clause: &Clause| {
            !clause.members.is_empty() && clause.members.iter().all(|name| !name.is_empty())
        };
        !self.is_empty() && self.clauses.iter().all(is_written)
    }

    /// Whether there are no clauses.
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
        parser::parse(text).map(|clauses| Self { clauses })
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

impl ExpressionError {
    /// The line of `text` with the fault, and below it a `^` under the first wrong character.
    ///
    /// The two lines are separated by a newline and suit a font where all characters are equally
    /// wide. Control characters, tabs among them, show as spaces. `text` should be the text that
    /// was read; with a shorter one the mark stands at its end.
    #[must_use]
    pub fn caret(&self, text: &str) -> String {
        let position = self.position.min(text.len());
        let position =
            (0..=position).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        let (before, after) = text.split_at_checked(position).unwrap_or((text, ""));
        let before = before.rsplit('\n').next().unwrap_or(before);
        let after = after.split('\n').next().unwrap_or(after);
        let mut lines = String::new();
        let visible = |character: char| {
            if character.is_control() { ' ' } else { character }
        };
        lines.extend(before.chars().chain(after.trim_end().chars()).map(visible));
        lines.push('\n');
        lines.extend(before.chars().map(|_| ' '));
        lines.push('^');
        lines
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clause => "a resource such as `[name]`, or `(`",
            Self::Resource => "a resource such as `[name]`",
            Self::Brackets => "brackets around the name of a resource, such as `[name]`",
            Self::Name => "a name between `[` and `]`",
            Self::ClosingBracket => "`]` after the name of a resource",
            Self::And => "`and` or the end of the text",
            Self::OrOrClosing => "`or` or `)`",
            Self::OrOrEnd => "`or` or the end of the text",
            Self::ParenthesesAroundOr => "parentheses around `or`, such as `([a] or [b])`",
            Self::NoAndInside => "`or` or `)`, because `and` stands only outside parentheses",
            Self::NoNesting => "a resource such as `[name]`, because parentheses do not nest",
        })
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

fn trimmed(name: String) -> String {
    let inner = name.trim();
    if inner.len() == name.len() { name } else { inner.to_string() }
}
