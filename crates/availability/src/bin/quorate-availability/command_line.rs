//! Reads command lines; a mistake is answered with the usage of the program.

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser};

/// Reads the command line. Prints help with exit code 0. An invalid command line or value is
/// answered with the error, the usage, and exit code 2.
pub(crate) fn parse<Options: Parser + CommandFactory>() -> Options {
    Options::try_parse().unwrap_or_else(|mut error| {
        if error.use_stderr() && error.get(ContextKind::Usage).is_none() {
            let usage = Options::command().render_usage();
            error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
        }
        error.exit()
    })
}
