//! The answer of an example that is asked one thing, and what kept it from answering.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

/// The reason why an example has no answer, in words.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl Failure {
    pub(crate) fn file(path: &Path, error: impl fmt::Display) -> Self {
        Self(format!("{}: {error}", path.display()))
    }
}

/// Prints the whole answer. That nobody reads any more, as behind `| head`, is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure(format!("standard output: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
