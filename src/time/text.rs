//! Durations as people write them: `"15m"`, `"1h 30m"`, `"500ms"`, or a number of milliseconds.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};
use winnow::ascii::{alpha1, digit1, multispace0};
use winnow::combinator::{delimited, repeat};
use winnow::prelude::*;

use super::{Interval, whole_millis};

/// Parses a sum of numbers with units (`ms`, `s`, `m`, `h`, `d`), at least one, each unit once.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut input = text;
    let millis = repeat::<_, _, (), _, _>(1.., delimited(multispace0, term, multispace0))
        .fold(
            || Some((0_u64, Vec::new())),
            |sum, (term, unit): (u64, u64)| {
                let (millis, mut units): (u64, Vec<u64>) = sum?;
                if units.contains(&unit) {
                    return None;
                }
                units.push(unit);
                Some((millis.checked_add(term)?, units))
            },
        )
        .parse_next(&mut input);
    match millis {
        Ok(Some((millis, _))) if input.is_empty() => Some(Duration::from_millis(millis)),
        Ok(_) | Err(_) => None,
    }
}

/// Reads one number with its unit: returns its milliseconds and those of the unit.
fn term(input: &mut &str) -> ModalResult<(u64, u64)> {
    let parts = (digit1.try_map(str::parse::<u64>), multispace0, alpha1);
    parts
        .verify_map(|(number, _, unit): (u64, _, &str)| {
            let millis_per_unit: u64 = match unit {
                "ms" => 1,
                "s" => 1_000,
                "m" | "min" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                _ => return None,
            };
            Some((number.checked_mul(millis_per_unit)?, millis_per_unit))
        })
        .parse_next(input)
}

/// Returns the shortest text that [`parse`] reads back as this span of whole milliseconds.
pub(crate) fn format(span: Duration) -> String {
    let mut rest = whole_millis(span);
    if rest == 0 {
        return "0s".to_string();
    }
    let mut text = String::new();
    for (unit, millis_per_unit) in
        [("d", 86_400_000_u64), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)]
    {
        let count = rest.checked_div(millis_per_unit).unwrap_or(0);
        if count > 0 {
            let space = if text.is_empty() { "" } else { " " };
            text.push_str(&format!("{space}{count}{unit}"));
            rest = rest.checked_rem(millis_per_unit).unwrap_or(0);
        }
    }
    text
}

struct DurationVisitor;

impl Visitor<'_> for DurationVisitor {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as \"15m\", or a number of milliseconds")
    }

    fn visit_u64<E: de::Error>(self, millis: u64) -> Result<Duration, E> {
        Ok(Duration::from_millis(millis))
    }

    fn visit_i64<E: de::Error>(self, millis: i64) -> Result<Duration, E> {
        u64::try_from(millis)
            .map(Duration::from_millis)
            .map_err(|_| E::invalid_value(Unexpected::Signed(millis), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
        parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// A span of whole milliseconds: text for people, a number in formats that are not for people.
struct Span(Duration);

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = exact_millis(self.0)?;
        if serializer.is_human_readable() {
            return serializer.serialize_str(&format(self.0));
        }
        serializer.serialize_u64(millis)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(DurationVisitor).map(Self);
        }
        u64::deserialize(deserializer).map(Duration::from_millis).map(Self)
    }
}

/// Returns the milliseconds of a span, if it consists of whole milliseconds that fit.
fn exact_millis<E: ser::Error>(span: Duration) -> Result<u64, E> {
    let millis = whole_millis(span);
    if Duration::from_millis(millis) == span {
        return Ok(millis);
    }
    Err(E::custom(format_args!("{span:?} is not a number of whole milliseconds below 2^64")))
}

/// `#[serde(with = "quorate::time::text::optional")]`: the form of spans in declarations, for an
/// `Option<Duration>` that may be absent.
pub mod optional {
    use super::{Deserialize, Deserializer, Duration, Serialize, Serializer, Span};

    /// Writes the span as text or number.
    pub fn serialize<S: Serializer>(
        span: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        span.map(Span).serialize(serializer)
    }

    /// Reads text or a number of milliseconds.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Span>::deserialize(deserializer)?.map(|span| span.0))
    }
}

/// `#[serde(with = "quorate::time::text::plain")]`: the form of spans in declarations, for a `Duration`. It
/// is text such as `"1h 30m"` in formats for people, and milliseconds in others.
pub mod plain {
    use super::{Deserialize, Deserializer, Duration, Serialize, Serializer, Span};

    /// Writes the span as text or number.
    pub fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        Span(*span).serialize(serializer)
    }

    /// Reads text or a number of milliseconds.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Span::deserialize(deserializer).map(|span| span.0)
    }
}

/// `#[serde(with = "…")]` for a plain `Duration` in a field whose name tells the unit.
pub(crate) mod millis {
    use super::{Deserialize, Deserializer, Duration, Serializer};
    use crate::time::whole_millis;

    /// Writes whole milliseconds.
    pub(crate) fn serialize<S: Serializer>(
        span: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(whole_millis(*span))
    }

    /// Reads whole milliseconds.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// An [`Interval`] in formats that are not for people. It is not an option, for some of them cannot
/// represent an option within an option.
#[derive(Deserialize, Serialize)]
enum Compact {
    Every(Span),
    Never,
}

impl From<Interval> for Compact {
    fn from(interval: Interval) -> Self {
        interval.span().map_or(Self::Never, |span| Self::Every(Span(span)))
    }
}

impl From<Compact> for Interval {
    fn from(compact: Compact) -> Self {
        match compact {
            Compact::Every(Span(span)) => Self::Every(span),
            Compact::Never => Self::Never,
        }
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return Compact::from(*self).serialize(serializer);
        }
        match self {
            Self::Every(span) => Span(*span).serialize(serializer),
            Self::Never => serializer.serialize_str("never"),
        }
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IntervalVisitor;

        impl Visitor<'_> for IntervalVisitor {
            type Value = Interval;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as \"15m\", a number of milliseconds, or \"never\"")
            }

            fn visit_u64<E: de::Error>(self, millis: u64) -> Result<Interval, E> {
                DurationVisitor.visit_u64(millis).map(Interval::Every)
            }

            fn visit_i64<E: de::Error>(self, millis: i64) -> Result<Interval, E> {
                DurationVisitor.visit_i64(millis).map(Interval::Every)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Interval, E> {
                if text == "never" {
                    return Ok(Interval::Never);
                }
                parse(text)
                    .map(Interval::Every)
                    .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }

        if !deserializer.is_human_readable() {
            return Compact::deserialize(deserializer).map(Self::from);
        }
        deserializer.deserialize_any(IntervalVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_written() {
        let cases = [
            ("15m", Some(900_000)),
            ("1h 30m", Some(5_400_000)),
            ("1h30m", Some(5_400_000)),
            ("1h 1h", None),
            ("1m 30s 1min", None),
            ("1s 500ms", Some(1_500)),
            ("500ms", Some(500)),
            (" 2 s ", Some(2_000)),
            ("7d", Some(604_800_000)),
            ("", None),
            ("15", None),
            ("m", None),
            ("15 parsecs", None),
            ("15m x", None),
            ("1h 30", None),
            ("99999999999999999999s", None),
            ("18446744073709551615s", None),
        ];
        for (text, millis) in cases {
            assert_eq!(parse(text), millis.map(Duration::from_millis), "{text:?}");
        }
    }

    #[test]
    fn durations_are_written_as_read() {
        for millis in [0, 1, 999, 1_000, 90_000, 5_400_000, 86_400_001, u64::MAX] {
            let span = Duration::from_millis(millis);
            assert_eq!(parse(&format(span)), Some(span), "{millis}");
        }
    }

    #[test]
    fn a_span_that_may_be_missing_says_what_is_expected() {
        let flag = serde_json::Value::Bool(true);
        let error = optional::deserialize(flag).expect_err("a flag is no span").to_string();
        assert!(error.contains("expected a duration"), "{error}");
    }
}
