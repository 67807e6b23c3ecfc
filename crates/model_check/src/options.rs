//! The command line.

use std::error::Error;
use std::str::FromStr;
use std::time::Duration;

use crate::model::{Budget, Configuration, Progress};

/// The format of the results.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Format {
    /// Text for people.
    Text,
    /// JSON for machines, with a line for each configuration.
    Json,
}

/// The task of the program.
pub(crate) enum Task {
    /// Print the usage.
    Help,
    /// Check configurations, one after the other.
    Check(Vec<Configuration>, Budget, Format),
    /// Compare the states that share a key.
    Twins(Vec<Configuration>, Format),
}

/// Returns the usage.
pub(crate) fn usage() -> String {
    let mut text = String::from(
        "Usage: model_check [twins] [CONFIGURATION ...] [OPTION=NUMBER ...]\n\n\
         Visits every state of each configuration, or stops at the first broken rule.\n\n\
         Configurations (small, if none is named):\n",
    );
    for configuration in Configuration::all() {
        let about = match configuration.scene {
            Some(scene) => scene.about,
            None => match configuration.name {
                "small" => "groups of provider and dependent, two faults: a second",
                "cold" => "the same while a cluster forms: a minute",
                _ => "three faults and a move by an operator: minutes on two cores",
            },
        };
        text.push_str(&format!("  {:<13} {about}\n", configuration.name));
    }
    text.push_str(
        "  scenes        all that have no time beside their name\n\n\
         Options:\n  \
           twins         compare states that are taken for one: have they one future?\n                \
                         Keeps every state, so it needs memory\n  \
           threads=N     how many (all cores)\n  \
           minutes=N     when to give up (60)\n  \
           --json        a line of JSON for each configuration, on standard output\n\n\
         For experiments, in place of what the configuration says:\n  \
           faults=N      in one history\n  \
           moves=N       moves by an operator in one history; in a scene, deeds\n  \
           fences=N      attempts to fence one node in one history\n\n\
         The exit code is 1 if a rule is broken or not every state was visited.\n",
    );
    text
}

/// Reads the command line.
///
/// # Errors
///
/// Describes what is not understood.
pub(crate) fn read(arguments: &[String], progress: fn(&Progress)) -> Result<Task, Box<dyn Error>> {
    let mut configurations = Vec::new();
    let mut budget = Budget {
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        time: Duration::from_secs(60 * 60),
        generated: usize::MAX,
        progress,
    };
    let (mut faults, mut moves, mut fences) = (None, None, None);
    let mut is_of_twins = false;
    let mut format = Format::Text;
    for argument in arguments {
        match argument.split_once('=') {
            None if matches!(&**argument, "--help" | "-h" | "help") => return Ok(Task::Help),
            None if argument == "twins" => is_of_twins = true,
            None if argument == "--json" => format = Format::Json,
            None if argument == "scenes" => {
                configurations.extend(Configuration::all().filter(|of| of.scene.is_some()));
            }
            None => configurations.push(named(argument)?),
            Some(("threads", count)) => budget.threads = number(argument, count)?,
            Some(("minutes", count)) => {
                budget.time = Duration::from_secs(60 * number::<u64>(argument, count)?);
            }
            Some(("faults", count)) => faults = Some(number(argument, count)?),
            Some(("moves", count)) => moves = Some(number(argument, count)?),
            Some(("fences", count)) => fences = Some(number(argument, count)?),
            Some((name, _)) => return Err(format!("there is no option {name}").into()),
        }
    }
    if configurations.is_empty() {
        configurations.push(Configuration::SMALL);
    }
    for configuration in &mut configurations {
        configuration.faults = faults.unwrap_or(configuration.faults);
        configuration.moves = moves.unwrap_or(configuration.moves);
        configuration.fences = fences.or(configuration.fences);
    }
    Ok(match is_of_twins {
        true => Task::Twins(configurations, format),
        false => Task::Check(configurations, budget, format),
    })
}

fn named(name: &str) -> Result<Configuration, String> {
    let mut all = Configuration::all();
    all.find(|of| of.name == name).ok_or_else(|| format!("there is no configuration {name}"))
}

fn number<T: FromStr + PartialEq + Default>(argument: &str, count: &str) -> Result<T, String> {
    let is_zero_fine = !argument.starts_with("threads") && !argument.starts_with("minutes");
    let number: Option<T> = count.parse().ok();
    number
        .filter(|number| is_zero_fine || *number != T::default())
        .ok_or_else(|| format!("{argument}: not a number that can be used here"))
}
