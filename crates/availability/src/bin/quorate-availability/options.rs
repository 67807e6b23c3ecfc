//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use quorate::settings::Failback;
use quorate_availability::{Rates, Scatter};

/// Predicts how available a cluster will be: by simulation through the real engine, by formula, and
/// exactly.
///
/// FILE is the declaration of a cluster, or a design that names a declaration and its rates, such
/// as crates/availability/designs/4+1.toml. Exits with 1 if a file cannot be used or a promise was
/// broken, and with 2 if the command line is invalid.
#[derive(Debug, Parser)]
#[command(name = "availability")]
pub(crate) struct Options {
    /// A cluster or a design.
    pub(crate) file: PathBuf,
    /// Rates that replace those of the design; every field is documented in designs/rates.toml,
    /// whose values are the defaults.
    #[arg(long, value_name = "FILE")]
    pub(crate) rates: Option<PathBuf>,
    /// Another cluster or design to compare with the first.
    #[arg(long, value_name = "FILE")]
    pub(crate) compare: Option<PathBuf>,
    /// Years to simulate [default: as many as a standard error of a third of a per cent takes: a
    /// pilot of 1,000 years, extended to a formula's estimate, if one applies, and until the error
    /// is reached, up to 1,000,000 years or about 100,000,000 inputs, which take minutes of CPU
    /// time]
    #[arg(long, value_parser = years)]
    pub(crate) years: Option<f64>,
    /// Seed of all random numbers; equal seeds give equal runs, bit for bit.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Make virtual servers return home or stay, in place of what each declares and the rates say.
    #[arg(long)]
    pub(crate) failback: Option<Choice>,
    /// Scatter of durations, in place of the one in the rates.
    #[arg(long)]
    pub(crate) durations: Option<Shape>,
    /// Print JSON for machines.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Choice {
    Allow,
    Prevent,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Shape {
    Exponential,
    Fixed,
}

impl Options {
    /// Returns the failback that was asked for, if any.
    pub(crate) fn failback(&self) -> Option<Failback> {
        self.failback.map(|choice| match choice {
            Choice::Allow => Failback::Allow,
            Choice::Prevent => Failback::Prevent,
        })
    }

    /// Returns the rates with the changes that the command line asks for.
    pub(crate) fn adjust(&self, rates: Rates) -> Rates {
        let durations = self.durations.map_or(rates.durations, |shape| match shape {
            Shape::Exponential => Scatter::Exponential,
            Shape::Fixed => Scatter::Fixed,
        });
        Rates { durations, ..rates }
    }
}

fn years(text: &str) -> Result<f64, String> {
    let years: f64 =
        text.replace(['_', ','], "").parse().map_err(|_| "not a number of years".to_string())?;
    if years > 0.0 && years <= 1e8 {
        Ok(years)
    } else {
        Err("must be more than 0 and at most 100,000,000".into())
    }
}
