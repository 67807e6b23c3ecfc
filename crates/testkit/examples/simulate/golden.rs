//! Plays the seeds of a file and compares what they come to.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use quorate_testkit::sim::{Simulator, Weather};

/// Plays every seed of the file, and prints those that come to another end than the file says.
pub(crate) fn compare(path: &Path, simulator: Simulator) -> ExitCode {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            return ExitCode::from(2);
        }
    };
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let (mut count, mut others) = (0_u64, 0_u64);
    for line in lines {
        let Some((seed, told)) = entry(line) else {
            eprintln!("{}: \"{line}\" is not a seed with a digest and a hash", path.display());
            return ExitCode::from(2);
        };
        count += 1;
        let end = match simulator.run(seed, Weather::Hostile) {
            Ok(run) => format!("{:016x} {:016x}", run.digest, run.trace),
            Err(failure) => failure.breach.to_string(),
        };
        if end != told {
            others += 1;
            eprintln!("seed {seed}: {end}, and the file says {told}");
        }
    }
    if count == 0 {
        eprintln!("{}: there are no seeds in it", path.display());
        return ExitCode::from(2);
    }
    println!("{} of {count} seeds come to the end that the file says", count - others);
    if others == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn entry(line: &str) -> Option<(u64, &str)> {
    let (seed, told) = line.split_once(": ")?;
    Some((seed.parse().ok()?, told))
}
