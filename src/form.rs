//! The written forms of values: formats for people leave out fields with their defaults, all others
//! hold every field.
//!
//! A format that does not describe itself reads fields one after the other, so none of them may be
//! missing. [`is_human_readable`](serde::Serializer::is_human_readable) tells whether a format is
//! for people.

use alloc::boxed::Box;
use core::fmt::{self, Write as _};
use core::time::Duration;

use serde::{Serialize, Serializer};

use crate::id::name::is_forbidden;

pub(crate) mod strict;

/// A span as text or as whole milliseconds, whichever suits the format.
pub(crate) struct Span<'a>(pub(crate) &'a Option<Duration>);

impl Serialize for Span<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::time::text::optional::serialize(self.0, serializer)
    }
}

/// A name from outside in a message: cut if it is very long, and without characters that move the
/// text around it on a screen.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_long = self.0.len() > 255;
        let letters = if is_long { 60 } else { usize::MAX };
        for letter in self.0.chars().take(letters) {
            if is_forbidden(letter) {
                write!(f, "{}", letter.escape_unicode())?;
            } else {
                f.write_char(letter)?;
            }
        }
        if is_long { f.write_str("…") } else { Ok(()) }
    }
}

/// A number of things, as people say it: `1 vote`, `2 votes`.
pub(crate) struct Counted<T>(pub(crate) T, pub(crate) &'static str);

impl<T: fmt::Display + From<u8> + PartialEq> fmt::Display for Counted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, thing) = self;
        write!(f, "{count} {thing}{}", if *count == T::from(1) { "" } else { "s" })
    }
}

/// A name that may have been meant, after a message about an unknown one.
pub(crate) struct Hint<'a>(pub(crate) &'a Option<Box<str>>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "; did you mean \"{name}\"?"),
            None => Ok(()),
        }
    }
}

/// Tells whether a value is the default of its type, so that formats for people leave it out.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Writes the fields of a struct in the order in which they are declared, which is the order in
/// which they are read.
///
/// Each field follows a word. `always` is written in every format. `given` and `span` are left out
/// of formats for people if they have their default; `span` is an optional duration. If a field is
/// forgotten, the code does not compile.
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

/// Declares a type whose values are read strictly from formats for people, see [`strict`].
///
/// The code that reads it is derived for a private twin of equal shape, through the layer. The
/// literal repeats the name of the type. A struct that is written by a list ([`written`]) follows
/// `listed`, with the rules of its fields after their documentation.
macro_rules! strictly_read {
    ($name:literal $(#[$meta:meta])* pub $kind:ident $type:ident<N: Naming = Ids> { $($body:tt)* }) => {
        #[derive(serde::Serialize)]
        $(#[$meta])*
        pub $kind $type<N: Naming = Ids> { $($body)* }

        const _: () = {
            #[derive(serde::Deserialize)]
            $(#[$meta])*
            #[serde(remote = $name)]
            #[allow(dead_code, reason = "it lends its shape")]
            $kind Twin<N: Naming> { $($body)* }

            impl<'de, N: Naming> serde::Deserialize<'de> for $type<N> {
                $crate::form::strictly_read!(@read 'de Twin);
            }
        };
    };
    ($name:literal $(#[$meta:meta])* pub $kind:ident $type:ident { $($body:tt)* }) => {
        #[derive(serde::Serialize)]
        $(#[$meta])*
        pub $kind $type { $($body)* }

        const _: () = {
            #[derive(serde::Deserialize)]
            $(#[$meta])*
            #[serde(remote = $name)]
            #[allow(dead_code, reason = "it lends its shape")]
            $kind Twin { $($body)* }

            impl<'de> serde::Deserialize<'de> for $type {
                $crate::form::strictly_read!(@read 'de Twin);
            }
        };
    };
    (listed $name:literal $(#[$meta:meta])* pub struct $type:ident {
        $($(#[doc = $doc:expr])* $(#[serde($($rule:tt)*)])* pub $field:ident: $of:ty,)*
    }) => {
        $(#[$meta])*
        pub struct $type { $($(#[doc = $doc])* pub $field: $of,)* }

        const _: () = {
            #[derive(serde::Deserialize)]
            #[serde(remote = $name, deny_unknown_fields)]
            #[allow(dead_code, reason = "it lends its shape")]
            struct Twin { $($(#[serde($($rule)*)])* $field: $of,)* }

            impl<'de> serde::Deserialize<'de> for $type {
                $crate::form::strictly_read!(@read 'de Twin);
            }
        };
    };
    (@read $life:lifetime $twin:ident) => {
        fn deserialize<D: serde::Deserializer<$life>>(deserializer: D) -> Result<Self, D::Error> {
            if deserializer.is_human_readable() {
                return $twin::deserialize($crate::form::strict::Strict(deserializer))
                    .map_err($crate::form::strict::cut);
            }
            $twin::deserialize(deserializer)
        }
    };
}

pub(crate) use strictly_read;
