//! The output of a program, and the reason why there is none.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

/// The reason why a program has no answer, in words.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl Failure {
    pub(crate) fn file(path: &Path, error: impl fmt::Display) -> Self {
        Self(format!("{}: {error}", path.display()))
    }
}

/// Prints the whole answer. A reader that closes the pipe early, such as `| head`, is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure(format!("standard output: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
