//! Tables of variants: they say which fields of each variant are references, and of what sort.

/// Matches a value of an enum and builds the same variant in another naming.
///
/// A field followed by a method of the [`Translator`](super::Translator) goes through it; a field
/// by itself is taken over; the field of a tuple variant is written as its method.
macro_rules! translate_variants {
    ($value:expr, $by:ident, $target:ident: $(
        $variant:ident
        $({ $($field:ident $(: $method:ident)?),* $(,)? })?
        $(($inner:ident))?
    ),* $(,)?) => {
        match $value {
            $(
                $target::$variant $({ $($field),* })? $(($inner))? => $target::$variant
                    $({ $($field: translate_field!($by, $field $(, $method)?)),* })?
                    $(($by.$inner($inner)?))?
            ),*
        }
    };
}

macro_rules! translate_field {
    ($by:ident, $field:ident) => {
        $field
    };
    ($by:ident, $field:ident, $method:ident) => {
        $by.$method($field)?
    };
}
