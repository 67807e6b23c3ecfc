//! A cluster that speaks JSON: one line in on standard input, one line out on standard output.
//!
//! It is for drivers in any language and for trying things out by hand; `docs/bridge.md` describes
//! every line. Lines hold names, never ids.
//!
//! ```text
//! $ cargo run --example bridge
//! {"spec": {"name": "two", "nodes": [{"name": "a"}, {"name": "b"}]}, "policy": "ring"}
//! {"ok":true,"warnings":[]}
//! ```

use std::io::{self, BufRead, Write};

#[path = "../common/command_line.rs"]
mod command_line;
mod session;

use session::Session;

/// A cluster that speaks JSON: one line in on standard input, one line out on standard output, as
/// docs/bridge.md describes.
#[derive(clap::Parser)]
#[command(name = "bridge")]
struct Options {}

fn main() -> io::Result<()> {
    let Options {} = command_line::parse();
    let mut lines = io::stdin().lock();
    let mut answers = io::stdout().lock();
    let mut session = Session::default();
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        let answer = session.answer(line.trim_ascii());
        // A driver waits for the answer before it goes on.
        let told = writeln!(answers, "{answer}").and_then(|()| answers.flush());
        match told {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            told => told?,
        }
        line.clear();
    }
    Ok(())
}
