//! Writes reports as text.

use std::fmt::Write;

use quorate_availability::{ByCause, Cause, Estimate, Scatter, Server};

use crate::ERROR;
use crate::report::Report;

const MINUTES_PER_YEAR: f64 = 525_600.0;

/// Returns all reports as text, with a comparison if there are two.
pub(crate) fn all(reports: &[Report]) -> String {
    let mut text = String::new();
    for report in reports {
        // Writing to a string does not fail.
        let _ = one(&mut text, report);
    }
    if let [first, second] = reports {
        let _ = comparison(&mut text, first, second);
    }
    text
}

fn one(text: &mut String, report: &Report) -> Result<(), std::fmt::Error> {
    let run = &report.simulated.run;
    let servers = report.simulated.servers.len();
    let durations = match report.rates.durations {
        Scatter::Exponential => "exponential durations",
        Scatter::Fixed => "fixed durations",
    };
    writeln!(
        text,
        "{}: cluster {}, {} nodes, {servers} virtual servers; {} years, seed {}, {durations}",
        report.design,
        report.cluster,
        report.nodes,
        grouped(run.years),
        run.seed
    )?;
    writeln!(text, "{}\n", rates(report))?;
    let columns = columns(report);
    writeln!(text, "{:>56}minutes down per year, by cause", "")?;
    write!(
        text,
        "{:<13}{:>13}{:>7}{:>12}{:>9}",
        "", "availability", "nines", "min/year", "± 95 %"
    )?;
    for cause in &columns {
        write!(text, "{:>11}", cause.to_string())?;
    }
    writeln!(text, "{:>12}", "moves/year")?;
    for server in &report.simulated.servers {
        server_row(text, &columns, &server.name, server)?;
    }
    server_row(text, &columns, "mean", &report.simulated.mean)?;
    if let Some(computed) = &report.computed {
        let moves = Some(computed.moves_per_year);
        computed_row(text, &columns, "closed form", &computed.closed_form, moves)?;
        if let Some(chain) = &computed.chain {
            computed_row(text, &columns, "exact chain", chain, None)?;
        }
    }
    all_at_once(text, &columns, report)?;
    writeln!(text)?;
    agreement(text, report)?;
    let speed = &report.speed;
    writeln!(
        text,
        "speed: {} cluster-years per CPU-minute, {} inputs per second, {:.0} inputs per year\n",
        grouped(speed.years_per_cpu_minute),
        grouped(speed.inputs_per_second),
        speed.inputs_per_year
    )
}

/// Writes the results for the cluster as a whole, and those known without simulation. Its moves are
/// those of all its groups.
fn all_at_once(text: &mut String, columns: &[Cause], report: &Report) -> std::fmt::Result {
    let servers = &report.simulated.servers;
    let moves: f64 = servers.iter().map(|server| server.moves_per_year.mean).sum();
    let causes_width = 11 * columns.len();
    summary(text, "all at once", report.simulated.any_down)?;
    writeln!(text, "{:>causes_width$}{moves:>12.3}", "")?;
    let Some(computed) = &report.computed else { return Ok(()) };
    let Some(chain) = &computed.chain_any_down else { return Ok(()) };
    let moves = computed.moves_per_year * computed.parameters.homes as f64;
    computed_row(text, columns, "exact chain", chain, Some(moves))
}

/// Returns the causes that are possible in this design.
fn columns(report: &Report) -> Vec<Cause> {
    let can_be = |cause: &Cause| match cause {
        Cause::Waiting | Cause::Failover | Cause::Undetected | Cause::Failback | Cause::Planned => {
            true
        }
        Cause::Restart => report.rates.resource_failure_every.is_some(),
        Cause::Site => report.rates.site_outage_every.is_some(),
    };
    Cause::ALL.into_iter().filter(can_be).collect()
}

/// Returns the rates in one line, written as in files.
fn rates(report: &Report) -> String {
    // Without the second field the first does not matter.
    const FIELDS: [(&str, &str); 13] = [
        ("mtbf", "mtbf"),
        ("mttr", "mttr"),
        ("failover", "failover"),
        ("coverage", "coverage"),
        ("manual", "manual"),
        ("move", "move"),
        ("maintenance_every", "maintenance_every"),
        ("maintenance", "maintenance_every"),
        ("failback", "failback"),
        ("resource_failure_every", "resource_failure_every"),
        ("restart", "resource_failure_every"),
        ("site_outage_every", "site_outage_every"),
        ("site_outage", "site_outage_every"),
    ];
    let written = serde_json::to_value(report.rates).unwrap_or_default();
    let field = |name: &str| {
        let value = written.get(name)?;
        Some(format!("{name} {}", value.as_str().map_or(value.to_string(), str::to_string)))
    };
    let matters = |on: &str| written.get(on).is_some();
    FIELDS
        .into_iter()
        .filter(|(_, on)| matters(on))
        .filter_map(|(name, _)| field(name))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Writes availability, nines and minutes, without the end of the line.
fn summary(text: &mut String, name: &str, down: Estimate) -> std::fmt::Result {
    write!(
        text,
        "{name:<13}{:>11.5} %{:>7}{:>12.2}{:>9}",
        (1.0 - down.mean) * 100.0,
        nines(down.mean),
        down.mean * MINUTES_PER_YEAR,
        half_width(down)
    )
}

fn server_row(
    text: &mut String,
    columns: &[Cause],
    name: &str,
    server: &Server,
) -> std::fmt::Result {
    summary(text, name, server.down)?;
    causes(text, columns, &server.down_by_cause.map(|of| of.mean))?;
    writeln!(text, "{:>12.3}", server.moves_per_year.mean)
}

fn computed_row(
    text: &mut String,
    columns: &[Cause],
    name: &str,
    down: &ByCause<f64>,
    moves: Option<f64>,
) -> std::fmt::Result {
    let total = down.total();
    write!(
        text,
        "{name:<13}{:>11.5} %{:>7}{:>12.2}{:>9}",
        (1.0 - total) * 100.0,
        nines(total),
        total * MINUTES_PER_YEAR,
        ""
    )?;
    causes(text, columns, down)?;
    match moves {
        Some(moves) => writeln!(text, "{moves:>12.3}"),
        None => writeln!(text),
    }
}

fn causes(text: &mut String, columns: &[Cause], down: &ByCause<f64>) -> std::fmt::Result {
    for cause in columns {
        write!(text, "{:>11.3}", down.of(*cause) * MINUTES_PER_YEAR)?;
    }
    Ok(())
}

/// Writes how far simulation and computation differ, how far they may differ, and whether the run
/// was long enough.
fn agreement(text: &mut String, report: &Report) -> std::fmt::Result {
    if report.computed.is_none() {
        let why = report.not_computed.as_deref().unwrap_or_default();
        writeln!(text, "formula and chain say nothing of this cluster: {why}")?;
    }
    if let Some(why) = report.computed.as_ref().and_then(|computed| computed.no_chain.as_ref()) {
        writeln!(text, "the exact chain says nothing of this cluster: {why}")?;
    }
    if let Some(words) = too_few(report) {
        return writeln!(text, "{words}");
    }
    let down = report.simulated.mean.down;
    let error = down.standard_error / down.mean * 100.0;
    if let Some(computed) = &report.computed {
        let apart = |known: f64| (down.mean / known - 1.0) * 100.0;
        let formula = apart(computed.closed_form.total());
        write!(text, "simulation against closed form: {formula:+.2} %")?;
        if let Some(chain) = &computed.chain {
            write!(text, ", against exact chain: {:+.2} %", apart(chain.total()))?;
        }
        writeln!(text, " (three standard errors: {:.2} %)", 3.0 * error)?;
    }
    let (reached, wanted) = (format!("{error:.2}"), format!("{:.2}", ERROR * 100.0));
    if error > ERROR * 100.0 && reached != wanted {
        let bound = report.bound.map_or(String::new(), |of| {
            let (years, inputs) = (grouped(of.years), grouped(of.inputs as f64));
            format!(" of itself it takes at most {years} years or about {inputs} inputs;")
        });
        writeln!(
            text,
            "standard error: reached {reached} %, wanted {wanted} %;{bound} give it more with --years"
        )?;
    }
    Ok(())
}

/// Returns the text that replaces a verdict if no virtual server was ever down. The batches do not
/// scatter then, so nothing is known of the error.
fn too_few(report: &Report) -> Option<String> {
    if is_seen(report.simulated.mean.down.mean) {
        return None;
    }
    let years = report.simulated.run.years;
    let instead = if report.computed.is_some() { "; take the formula" } else { "" };
    Some(format!("no outage was seen in {years} years: too few to judge{instead}"))
}

fn comparison(text: &mut String, first: &Report, second: &Report) -> std::fmt::Result {
    let width = first.design.chars().count().max(second.design.chars().count()).max(13);
    writeln!(
        text,
        "{:<width$}{:>13}{:>7}{:>12}{:>9}{:>13}{:>12}",
        "", "availability", "nines", "min/year", "± 95 %", "any down", "moves/year"
    )?;
    for report in [first, second] {
        let mean = &report.simulated.mean;
        writeln!(
            text,
            "{:<width$}{:>11.5} %{:>7}{:>12.2}{:>9}{:>13.2}{:>12.3}",
            report.design,
            (1.0 - mean.down.mean) * 100.0,
            nines(mean.down.mean),
            mean.down.mean * MINUTES_PER_YEAR,
            half_width(mean.down),
            report.simulated.any_down.mean * MINUTES_PER_YEAR,
            mean.moves_per_year.mean
        )?;
    }
    let mut is_judged = true;
    for report in [first, second] {
        if let Some(words) = too_few(report) {
            writeln!(text, "{}: {words}", report.design)?;
            is_judged = false;
        }
    }
    if is_judged { difference(text, first, second) } else { Ok(()) }
}

/// Writes which of two designs is down longer, and whether the difference could be due to chance.
fn difference(text: &mut String, first: &Report, second: &Report) -> std::fmt::Result {
    let (one, other) = (first.simulated.mean.down, second.simulated.mean.down);
    let apart = Estimate {
        mean: other.mean - one.mean,
        standard_error: one.standard_error.hypot(other.standard_error),
    };
    let minutes = apart.scaled(MINUTES_PER_YEAR);
    let verdict = if apart.mean.abs() <= apart.half_width_95() {
        "no difference that this run can tell from chance"
    } else if apart.mean > 0.0 {
        "the second is down longer"
    } else {
        "the second is down for less"
    };
    writeln!(
        text,
        "difference: {:+.2} ± {:.2} minutes per virtual server and year; {verdict}",
        minutes.mean,
        minutes.half_width_95()
    )
}

/// Tells whether there was any downtime.
fn is_seen(down: f64) -> bool {
    down > 0.0
}

fn nines(down: f64) -> String {
    if is_seen(down) { format!("{:.2}", -down.log10()) } else { UNKNOWN.into() }
}

/// Returns half the width of the interval in minutes per year.
fn half_width(down: Estimate) -> String {
    let half_width = down.scaled(MINUTES_PER_YEAR).half_width_95();
    if is_seen(down.mean) { format!("{half_width:.2}") } else { UNKNOWN.into() }
}

/// The text for a number that is unknown because no outage occurred.
const UNKNOWN: &str = "-";

/// Returns a number with a comma between thousands.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
