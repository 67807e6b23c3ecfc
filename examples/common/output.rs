//! The standard output of an example.

use std::fmt;
use std::io::{self, Write};

/// Prints a line. If nobody reads it any more, as with `| head`, the example ends quietly.
macro_rules! say {
    ($($part:tt)*) => {
        $crate::output::line(format_args!($($part)*))
    };
}

pub(crate) fn line(words: fmt::Arguments<'_>) {
    let mut output = io::stdout().lock();
    if let Err(error) = writeln!(output, "{words}") {
        std::process::exit(i32::from(error.kind() != io::ErrorKind::BrokenPipe));
    }
}
