//! Errors of texts that are not expressions.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The reason why a text is not an [`Expression`](super::Expression).
#[derive(Clone, Debug, Deserialize, Eq, Error, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[error("expected {expected} at byte {position}")]
pub struct ExpressionError {
    /// Byte offset into the text, always at the start of a character or at the end of the text.
    pub position: usize,
    /// The part that was expected there.
    pub expected: Expected,
}

/// The parts that can be expected in the text of an [`Expression`](super::Expression).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
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
