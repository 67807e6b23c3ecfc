//! Model checking: every history of a small cluster, up to a number of faults.
//!
//! ```text
//! cargo run --release --example model_check              small: seconds
//! cargo run --release --example model_check -- cold      a cluster that forms: a minute
//! cargo run --release --example model_check -- full      everything: minutes on two cores
//! ```
//!
//! What is checked, and what is not, stands in [`model`]. `threads=2` and `minutes=30` bound what
//! it may cost. With `twins` before or behind the name, states that are taken for one are compared
//! instead: whether they have one future. That keeps every state, so it needs memory.

use std::error::Error;
use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use model::{Budget, Configuration, Progress, Report, twin};

mod model;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut configuration = Configuration::SMALL;
    let mut budget = Budget {
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        time: Duration::from_secs(60 * 60),
        generated: usize::MAX,
        progress: tell_progress,
    };
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut is_of_twins = false;
    for argument in &arguments {
        match argument.split_once('=') {
            None if argument == "twins" => is_of_twins = true,
            None => configuration = named(argument)?,
            Some(("threads", count)) => budget.threads = count.parse()?,
            Some(("minutes", count)) => {
                budget.time = Duration::from_secs(60 * count.parse::<u64>()?)
            }
            // For experiments.
            Some(("faults", count)) => configuration.faults = count.parse()?,
            Some(("moves", count)) => configuration.moves = count.parse()?,
            Some(("fences", count)) => configuration.fences = Some(count.parse()?),
            Some((name, _)) => return Err(format!("{name} is not known").into()),
        }
    }
    if arguments.is_empty() {
        println!("The small configuration; -- full for all of it.\n");
    }
    if is_of_twins {
        let compared = twin::compare(&configuration)?;
        println!("{} states, {} others that are taken for them", compared.states, compared.twins);
        return Ok(ExitCode::SUCCESS);
    }
    let report = model::check(&configuration, &budget);
    tell_report(&configuration, &budget, &report);
    Ok(if report.is_closed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn named(name: &str) -> Result<Configuration, String> {
    Configuration::all()
        .find(|configuration| configuration.name == name)
        .ok_or_else(|| format!("{name} is no configuration: small, cold, full"))
}

fn tell_progress(progress: &Progress) {
    let Progress { unique_states, generated, depth, seconds } = progress;
    let rate = *generated as f64 / seconds / 1e3;
    let memory = memory("VmRSS").map_or(String::new(), |mebibytes| format!(", {mebibytes} MiB"));
    eprintln!(
        "{seconds:6.0} s  {unique_states:>10} states of {generated:>11}, depth {depth:>3}, \
         {rate:.0} k/s{memory}"
    );
}

fn tell_report(configuration: &Configuration, budget: &Budget, report: &Report) {
    let Configuration { name, starts, faults, moves, .. } = configuration;
    let is_closed = if report.is_closed { "yes" } else { "no" };
    println!(
        "configuration   {name}: 3 nodes, 2 groups of provider and dependent, from {starts:?}"
    );
    println!("per history     {faults} faults, {moves} moves by an operator");
    println!("unique states   {}", report.unique_states);
    println!("generated       {}", report.generated);
    println!("longest history {}", report.depth);
    println!("time            {:.1} s on {} threads", report.seconds, budget.threads);
    if let Some(mebibytes) = memory("VmHWM") {
        println!("memory          {mebibytes} MiB at most");
    }
    println!("closed          {is_closed}");
    match &report.violation {
        None => println!("broken rules    none"),
        Some(violation) => {
            println!("broken rules    {}", violation.broken);
            let kind = if violation.is_shortest { "The shortest history" } else { "A history" };
            println!("\n{kind} that breaks it:\n");
            for (number, line) in violation.story.iter().enumerate() {
                println!("{:4}. {line}", number + 1);
            }
            println!("\nAs a scenario to begin with:\n\n{}", violation.scenario);
        }
    }
}

/// What the system says of the memory of this process, in mebibytes.
fn memory(field: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes / 1024)
}
