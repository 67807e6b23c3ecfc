//! Model checking: every history of a small cluster, up to a number of faults.
//!
//! ```text
//! cargo run --release -p model_check              small: a second
//! cargo run --release -p model_check -- scenes    small clusters with one sort of thing each
//! cargo run --release -p model_check -- cold      a cluster that forms: a minute
//! cargo run --release -p model_check -- full      everything: minutes on two cores
//! cargo run --release -p model_check -- --help    everything that can be asked for
//! ```
//!
//! See [`model`] for what is checked, and what is not.

use std::fs;
use std::process::ExitCode;

use model::{Budget, Configuration, Progress, Report, twin};
use options::{Format, Task};
use serde_json::{Value, json};

#[path = "../../../examples/common/output.rs"]
#[macro_use]
mod output;
mod model;
mod options;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match options::read(&arguments, tell_progress) {
        Ok(Task::Help) => {
            print!("{}", options::usage());
            ExitCode::SUCCESS
        }
        Ok(Task::Check(configurations, budget, format)) => {
            if arguments.is_empty() {
                say!("The small configuration; -- full for all of it.\n");
            }
            check(&configurations, &budget, format)
        }
        Ok(Task::Twins(configurations, format)) => compare(&configurations, format),
        Err(error) => {
            eprint!("error: {error}\n\n{}", options::usage());
            ExitCode::from(2)
        }
    }
}

/// Checks each configuration, even after one that fails.
fn check(configurations: &[Configuration], budget: &Budget, format: Format) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for (place, configuration) in configurations.iter().enumerate() {
        if place > 0 && format == Format::Text {
            say!("");
        }
        let report = model::check(configuration, budget);
        match format {
            Format::Text => tell_report(configuration, budget, &report),
            Format::Json => say!("{}", json_of_report(configuration, budget, &report)),
        }
        if !report.is_closed {
            code = ExitCode::FAILURE;
        }
    }
    code
}

fn compare(configurations: &[Configuration], format: Format) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for configuration in configurations {
        let name = configuration.name;
        let compared = twin::compare(configuration, tell_twins);
        match (&compared, format) {
            (_, Format::Json) => {
                let found = compared.as_ref().ok();
                let line = json!({
                    "configuration": name,
                    "states": found.map(|of| of.states),
                    "twins": found.map(|of| of.twins),
                    "difference": compared.as_ref().err(),
                });
                say!("{line}");
            }
            (Ok(twin::Compared { states, twins, .. }), Format::Text) => {
                say!("{name}: {states} states, {twins} others that are taken for them");
            }
            (Err(words), Format::Text) => say!("{name}: {words}"),
        }
        if compared.is_err() {
            code = ExitCode::FAILURE;
        }
    }
    code
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

fn tell_twins(compared: &twin::Compared) {
    let twin::Compared { states, twins, pending } = compared;
    eprintln!("{states:>10} states, {twins:>10} others compared, {pending:>8} to look at");
}

/// Returns the fields that [`tell_report`] prints.
fn json_of_report(configuration: &Configuration, budget: &Budget, report: &Report) -> Value {
    let Configuration { name, starts, faults, moves, .. } = configuration;
    let violation = report.violation.as_ref().map(|violation| {
        json!({
            "broken": violation.broken.to_string(),
            "is_shortest": violation.is_shortest,
            "history": violation.story,
            "scenario": violation.scenario,
        })
    });
    json!({
        "configuration": name,
        "about": about(configuration),
        "starts": format!("{starts:?}"),
        "faults": faults,
        "moves": moves,
        "unique_states": report.unique_states,
        "generated": report.generated,
        "longest_history": report.depth,
        "seconds": report.seconds,
        "threads": budget.threads,
        "memory_mib": memory("VmHWM"),
        "closed": report.is_closed,
        "violation": violation,
    })
}

fn about(configuration: &Configuration) -> &'static str {
    configuration.scene.map_or("3 nodes, 2 groups of provider and dependent", |scene| scene.about)
}

fn tell_report(configuration: &Configuration, budget: &Budget, report: &Report) {
    let Configuration { name, starts, faults, moves, .. } = configuration;
    let is_closed = if report.is_closed { "yes" } else { "no" };
    let about = about(configuration);
    let deeds = match configuration.scene {
        Some(_) => "deeds of operators and the outside",
        None => "moves by an operator",
    };
    say!("configuration   {name}: {about}; from {starts:?}");
    say!("per history     {faults} faults, {moves} {deeds}");
    say!("unique states   {}", report.unique_states);
    say!("generated       {}", report.generated);
    say!("longest history {}", report.depth);
    say!("time            {:.1} s on {} threads", report.seconds, budget.threads);
    if let Some(mebibytes) = memory("VmHWM") {
        say!("memory          {mebibytes} MiB at most");
    }
    say!("closed          {is_closed}");
    match &report.violation {
        None => say!("broken rules    none"),
        Some(violation) => {
            say!("broken rules    {}", violation.broken);
            let kind = if violation.is_shortest { "The shortest history" } else { "A history" };
            say!("\n{kind} that breaks it:\n");
            for (number, line) in violation.story.iter().enumerate() {
                say!("{:4}. {line}", number + 1);
            }
            say!("\nAs a scenario to begin with:\n\n{}", violation.scenario);
        }
    }
}

/// Returns a memory value of this process in mebibytes, as the system reports it.
fn memory(field: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes / 1024)
}
