//! How values are written: formats for people leave out what is as usual, all others hold every field.
//!
//! A format that does not describe itself reads fields one after the other, so none of them may be
//! missing. Whether a format is for people, it says itself
//! ([`is_human_readable`](serde::Serializer::is_human_readable)).

use core::time::Duration;

use serde::{Serialize, Serializer};

/// A span as text or as whole milliseconds, whichever suits the format.
pub(crate) struct Span<'a>(pub(crate) &'a Option<Duration>);

impl Serialize for Span<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::time::text::optional::serialize(self.0, serializer)
    }
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Writes the fields of a struct in the order in which they are declared, which is the order in
/// which they are read.
///
/// Each stands behind a word: `always` is written in every format; `given` and `span` are left out of
/// formats for people where they have their default, and `span` is an optional duration. A field that
/// is forgotten does not compile.
macro_rules! written {
    ($type:ident { $($mode:ident $field:ident,)+ }) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct as _;
                let Self { $($field),+ } = self;
                let is_whole = !serializer.is_human_readable();
                let mut count = 0_usize;
                $(
                    let $field = ($field, is_whole || $crate::form::written!(@stands $mode $field));
                    count = count.saturating_add(usize::from($field.1));
                )+
                let mut form = serializer.serialize_struct(stringify!($type), count)?;
                $(
                    if $field.1 {
                        let value = $field.0;
                        form.serialize_field(
                            stringify!($field),
                            $crate::form::written!(@value $mode value),
                        )?;
                    }
                )+
                form.end()
            }
        }
    };
    (@stands always $field:ident) => { true };
    (@stands given $field:ident) => { !$crate::form::is_default($field) };
    (@stands span $field:ident) => { $field.is_some() };
    (@value always $value:ident) => { $value };
    (@value given $value:ident) => { $value };
    (@value span $value:ident) => { &$crate::form::Span($value) };
}

pub(crate) use written;
