//! Reads expressions without recursion, going back at most once.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use winnow::combinator::{alt, eof, preceded, repeat, separated};
use winnow::error::{ErrMode, ParserError};
use winnow::prelude::*;
use winnow::token::{take_till, take_while};

use super::error::{Expected, ExpressionError};

/// Returns the clauses of a text, at least one, each with the names in it.
pub(super) fn parse(text: &str) -> Result<Vec<Vec<String>>, ExpressionError> {
    let mut rest = text;
    expression.parse_next(&mut rest).map_err(|mode| {
        let fault = mode.into_inner().unwrap_or_else(|_| Fault::from_input(&rest));
        let position = text.len().saturating_sub(fault.remaining);
        ExpressionError { position, expected: fault.expected }
    })
}

/// A fault, counted from the end of the text, because a parser sees only what remains.
#[derive(Debug)]
struct Fault {
    remaining: usize,
    expected: Expected,
}

impl<'t> ParserError<&'t str> for Fault {
    type Inner = Self;

    fn from_input(input: &&'t str) -> Self {
        Self { remaining: input.len(), expected: Expected::Clause }
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}

fn expression(input: &mut &str) -> Result<Vec<Vec<String>>, ErrMode<Fault>> {
    if let Some(clause) = bare_alternatives(input)? {
        return Ok(vec![clause]);
    }
    let clauses = separated(1.., clause, keyword("and")).parse_next(input)?;
    insist(eof, after_clause).parse_next(input)?;
    Ok(clauses)
}

/// Reads the whole text as one clause without parentheses, `[a] or [b]`, as Windows writes it. It
/// reads nothing if the text begins otherwise, or goes on with an `and`, which needs the
/// parentheses.
fn bare_alternatives(input: &mut &str) -> Result<Option<Vec<String>>, ErrMode<Fault>> {
    let mut ahead = *input;
    let Ok(first) = resource(instead_of_clause).parse_next(&mut ahead) else { return Ok(None) };
    if keyword("or").parse_next(&mut ahead).is_err() {
        return Ok(None);
    }
    let others: Vec<String> =
        separated(1.., resource(instead_of_resource), keyword("or")).parse_next(&mut ahead)?;
    whitespace(&mut ahead)?;
    if first_word(ahead).eq_ignore_ascii_case("and") {
        return Ok(None);
    }
    insist(eof, |_| Expected::OrOrEnd).parse_next(&mut ahead)?;
    *input = ahead;
    Ok(Some(core::iter::once(first).chain(others).collect()))
}

fn clause(input: &mut &str) -> Result<Vec<String>, ErrMode<Fault>> {
    alt((preceded((whitespace, "("), members), resource(instead_of_clause).map(|name| vec![name])))
        .parse_next(input)
}

/// Reads the members after an opening parenthesis, and the closing one.
fn members(input: &mut &str) -> Result<Vec<String>, ErrMode<Fault>> {
    let members = separated(1.., resource(instead_of_resource), keyword("or")).parse_next(input)?;
    insist(")", after_member).parse_next(input)?;
    Ok(members)
}

fn resource<'t>(diagnosis: fn(&str) -> Expected) -> impl Parser<&'t str, String, ErrMode<Fault>> {
    preceded(insist("[", diagnosis), name)
}

/// Reads the name after an opening bracket, and the closing one.
fn name(input: &mut &str) -> Result<String, ErrMode<Fault>> {
    let remaining = input.len();
    let text = repeat(0.., alt((take_till(1.., ']'), "]]".value("]"))))
        .fold(String::new, |mut text: String, part| {
            text.push_str(part);
            text
        })
        .parse_next(input)?;
    insist("]", |_| Expected::ClosingBracket).parse_next(input)?;
    let name = trimmed(text);
    if name.is_empty() {
        return Err(ErrMode::Cut(Fault { remaining, expected: Expected::Name }));
    }
    Ok(name)
}

/// Skips white space, then requires `parser`; if that fails, the diagnosis sees the remaining text.
fn insist<'t, O>(
    mut parser: impl Parser<&'t str, O, ErrMode<Fault>>,
    diagnosis: fn(&str) -> Expected,
) -> impl Parser<&'t str, (), ErrMode<Fault>> {
    move |input: &mut &'t str| {
        whitespace(input)?;
        let found = *input;
        let fault = |_| ErrMode::Cut(Fault { remaining: found.len(), expected: diagnosis(found) });
        parser.parse_next(input).map(|_| ()).map_err(fault)
    }
}

fn keyword<'t>(keyword: &'static str) -> impl Parser<&'t str, (), ErrMode<Fault>> {
    let word =
        take_while(1.., is_word).verify(move |word: &str| word.eq_ignore_ascii_case(keyword));
    preceded(whitespace, word).void()
}

fn whitespace(input: &mut &str) -> Result<(), ErrMode<Fault>> {
    take_while(0.., char::is_whitespace).void().parse_next(input)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn instead_of_clause(found: &str) -> Expected {
    if starts_with_bare_name(found) { Expected::Brackets } else { Expected::Clause }
}

fn instead_of_resource(found: &str) -> Expected {
    if found.starts_with('(') {
        return Expected::NoNesting;
    }
    if starts_with_bare_name(found) { Expected::Brackets } else { Expected::Resource }
}

fn after_clause(found: &str) -> Expected {
    let is_or = first_word(found).eq_ignore_ascii_case("or");
    if is_or { Expected::ParenthesesAroundOr } else { Expected::And }
}

fn after_member(found: &str) -> Expected {
    let is_and = first_word(found).eq_ignore_ascii_case("and");
    if is_and { Expected::NoAndInside } else { Expected::OrOrClosing }
}

fn starts_with_bare_name(found: &str) -> bool {
    let word = first_word(found);
    !word.is_empty() && !["and", "or"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

fn first_word(found: &str) -> &str {
    found.split(|character| !is_word(character)).next().unwrap_or_default()
}

/// Returns a name without the white space around it.
pub(super) fn trimmed(name: String) -> String {
    let inner = name.trim();
    if inner.len() == name.len() { name } else { inner.to_string() }
}
