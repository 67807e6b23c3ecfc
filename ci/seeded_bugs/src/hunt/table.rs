//! The report of the hunt.

use std::time::Duration;

use serde_json::{Value, json};

use super::options::{Options, Tool};
use super::{Hunt, Hunted};

/// The bugs that cannot be planted in the core.
const NO_PLACE: &str = "A view that is not a clique (S24) cannot be planted: the core has no \
                        views, it is told who is a member.
An agent that ignores epochs (S1) is seen by its own tests only: numbers of operations and lives of \
                        nodes stop every start that is late before its epoch is looked at.";

pub(super) fn head(options: &Options) {
    if !options.is_json {
        println!(
            "{:<24} {:<7} {:<26} {:<26} {:<26}",
            "bug", "breaks", "simulator", "model checker", "replicas"
        );
    }
}

pub(super) fn row(hunted: &Hunted, options: &Options) {
    let Hunted { bug, simulator, model, replicated } = hunted;
    if options.is_json {
        println!("{}", as_json(hunted));
        return;
    }
    let name = format!("{bug:?}");
    let [first, second, third] = [simulator, model, replicated].map(in_short);
    println!("{name:<24} {:<7} {first:<26} {second:<26} {third:<26}", bug.breaks());
    println!("    {}", bug.title());
    for hunt in [simulator, model, replicated] {
        if let Hunt::Found { finding, .. } = hunt {
            let words: String = finding.words.chars().take(110).collect();
            println!("    {}: {words}", finding.place);
        }
    }
}

/// Prints the summary.
pub(super) fn foot(all: &[Hunted], options: &Options) {
    if options.is_json {
        return;
    }
    println!("\n{NO_PLACE}\n");
    type Of = fn(&Hunted) -> &Hunt;
    let tools: [(Tool, &str, Of); 3] = [
        (Tool::Simulator, "simulator", |hunted| &hunted.simulator),
        (Tool::Model, "model checker", |hunted| &hunted.model),
        (Tool::Replicated, "replicas", |hunted| &hunted.replicated),
    ];
    for (tool, name, of) in tools {
        if !options.has(tool) {
            continue;
        }
        let mut times: Vec<Duration> = all.iter().filter_map(|hunted| took(of(hunted))).collect();
        times.sort_unstable();
        let held = all.iter().filter(|hunted| !matches!(of(hunted), Hunt::NotHeld)).count();
        print!("{name:<14} {} of {held} found", times.len());
        if let (Some(half), Some(last)) =
            (times.get(times.len().saturating_sub(1) / 2), times.last())
        {
            let (half, last) = (half.as_secs_f64(), last.as_secs_f64());
            print!(", half of them within {half:.2} s, all within {last:.2} s");
        }
        println!();
        let missed = all.iter().filter(|hunted| of(hunted).is_missed());
        let names: Vec<String> = missed.map(|hunted| format!("{:?}", hunted.bug)).collect();
        if !names.is_empty() {
            println!("{:<14} {} missed: {}", "", names.len(), names.join(", "));
        }
    }
}

const fn took(hunt: &Hunt) -> Option<Duration> {
    match hunt {
        Hunt::Found { took, .. } => Some(*took),
        Hunt::Missed { .. } | Hunt::NotHeld => None,
    }
}

fn in_short(hunt: &Hunt) -> String {
    match hunt {
        Hunt::Found { finding, took } => {
            format!("{:<5} {:>7.2} s", finding.invariant, took.as_secs_f64())
        }
        Hunt::Missed { place, .. } => format!("not in {place}"),
        Hunt::NotHeld => "-".into(),
    }
}

fn as_json(hunted: &Hunted) -> Value {
    let told = |hunt: &Hunt| match hunt {
        Hunt::Found { finding, took } => json!({
            "found": true,
            "invariant": finding.invariant,
            "words": finding.words,
            "place": finding.place,
            "seconds": took.as_secs_f64(),
        }),
        Hunt::Missed { after, place } => json!({
            "found": false,
            "place": place,
            "seconds": after.as_secs_f64(),
        }),
        Hunt::NotHeld => Value::Null,
    };
    let bug = hunted.bug;
    json!({
        "bug": format!("{bug:?}"),
        "title": bug.title(),
        "breaks": bug.breaks(),
        "simulator": told(&hunted.simulator),
        "model": told(&hunted.model),
        "replicas": told(&hunted.replicated),
    })
}
