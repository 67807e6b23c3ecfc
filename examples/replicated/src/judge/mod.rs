//! The judge: starts clusters, does them harm, and judges them by what their resources wrote down.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use quorate::replicate::Timing;
use quorate::spec::ClusterDeclaration;

use crate::Failure;
use crate::config;
use crate::launch::{Farm, Plan};

mod fault;
mod hostile;
mod journal;
mod operators;
mod round;

use fault::{Cause, Part};

/// The options of the judge.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "judging")]
pub struct Options {
    /// The kind of trial
    #[arg(value_enum, default_value = "faults")]
    what: What,
    /// Rounds of each fault
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// Only these faults
    #[arg(long)]
    only: Vec<Cause>,
    /// Judge overlap and digests, and not times: for machines that are busy
    #[arg(long)]
    relaxed: bool,
    /// The folder for everything; it is kept then
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// The kinds of trials.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum What {
    /// Rounds of faults
    Faults,
    /// A detection that is shorter than the lease, which the judge has to see
    Power,
    /// Disks that fail, and visitors that do not belong here
    Hostile,
    /// Questions and orders of operators
    Operators,
}

/// The findings of all rounds of one fault.
#[derive(Debug, Default)]
struct Findings {
    back: Vec<Duration>,
    wrong: Vec<String>,
    late: Vec<String>,
    is_stuck: bool,
}

/// Judges, and fails if something was wrong.
pub async fn run(options: Options) -> Result<(), Failure> {
    let folder = options.folder.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("quorate-judge-{}", std::process::id()))
    });
    let judged = match options.what {
        What::Faults => all(&options, folder.clone()).await,
        What::Power => power(folder.clone()).await,
        What::Hostile | What::Operators => other(options.what, folder.clone()).await,
    };
    if options.folder.is_none() && judged.is_ok() {
        std::fs::remove_dir_all(folder)?;
    }
    judged
}

/// Gives each resource a lock that only one run may hold.
fn add_locks(declaration: &mut ClusterDeclaration, folder: &Path) {
    for group in &mut declaration.groups {
        for resource in &mut group.resources {
            let lock = folder.join(format!("{}.lock", resource.name.replace(' ', "_")));
            resource.parameters.insert("lock".into(), lock.display().to_string());
        }
    }
}

async fn make(folder: PathBuf, unchecked: Option<Timing>) -> Result<Farm, Failure> {
    std::fs::create_dir_all(&folder)?;
    let mut declaration: ClusterDeclaration = toml::from_str(include_str!("../../judge.toml"))?;
    if unchecked.is_none() {
        add_locks(&mut declaration, &folder);
    }
    Farm::make(Plan { folder, declaration, http: None, pulse: 20, unchecked }).await
}

async fn all(options: &Options, folder: PathBuf) -> Result<(), Failure> {
    let mut farm = make(folder, None).await?;
    farm.start_all()?;
    round::wait_for_peace(&farm).await?;
    let timing = farm.nodes[0].timing;
    println!(
        "lease {:?}, detection {:?}, longest election {:?}",
        timing.lease, timing.detection, timing.election
    );
    println!("{:<26} {:>6} {:>9} {:>9} {:>9}", "fault", "rounds", "median", "worst", "bound");
    let mut is_good = true;
    for cause in Cause::value_variants() {
        if !options.only.is_empty() && !options.only.contains(cause) {
            continue;
        }
        for part in cause.parts() {
            let findings = rounds(&mut farm, *cause, *part, options.rounds).await;
            let can_go_on = !findings.is_stuck;
            is_good &= tell(*cause, *part, findings, timing, options.relaxed);
            if !can_go_on {
                farm.end().await?;
                return Err(Failure("the cluster is stuck".into()));
            }
        }
    }
    farm.end().await?;
    let overlaps = journal::overlaps(&journal::read(&farm.journals())?);
    for overlap in &overlaps {
        println!("WRONG: {overlap}");
    }
    if is_good && overlaps.is_empty() {
        println!("nothing ran twice, and every replica stood alike");
        return Ok(());
    }
    Err(Failure("the cluster broke a promise".into()))
}

async fn rounds(farm: &mut Farm, cause: Cause, part: Part, count: usize) -> Findings {
    let mut findings = Findings::default();
    for _ in 0..count {
        match round::play(farm, cause, part).await {
            Ok(round) => {
                findings.back.extend(round.back);
                findings.wrong.extend(round.wrong);
                findings.late.extend(round.stopped);
            }
            Err(failure) => {
                findings.wrong.push(failure.0);
                findings.is_stuck = true;
                return findings;
            }
        }
    }
    findings
}

/// Prints what was found. Returns whether it is good.
fn tell(cause: Cause, part: Part, mut findings: Findings, timing: Timing, relaxed: bool) -> bool {
    findings.back.sort();
    let bound = cause.bound(part, timing);
    let millis =
        |span: Option<&Duration>| span.map_or("-".into(), |of| format!("{} ms", of.as_millis()));
    let (median, worst) = (findings.back.get(findings.back.len() / 2), findings.back.last());
    if worst.is_some_and(|worst| *worst > bound) {
        findings
            .late
            .push(format!("the service came back after more than {} ms", bound.as_millis()));
    }
    println!(
        "{:<26} {:>6} {:>9} {:>9} {:>9}",
        cause.title(part),
        findings.back.len(),
        millis(median),
        millis(worst),
        millis(Some(&bound)),
    );
    for wrong in &findings.wrong {
        println!("WRONG: {wrong}");
    }
    for late in &findings.late {
        println!("{}: {late}", if relaxed { "noted" } else { "WRONG" });
    }
    findings.wrong.is_empty() && (relaxed || findings.late.is_empty())
}

async fn other(what: What, folder: PathBuf) -> Result<(), Failure> {
    let mut farm = make(folder, None).await?;
    farm.start_all()?;
    let played = match what {
        What::Operators => operators::play(&mut farm).await,
        What::Faults | What::Power | What::Hostile => hostile::play(&mut farm).await,
    };
    farm.end().await?;
    let overlaps = journal::overlaps(&journal::read(&farm.journals())?);
    played?;
    if overlaps.is_empty() { Ok(()) } else { Err(Failure(overlaps.join("\n"))) }
}

/// Shows that the judge can see two runs at once: with a detection that is shorter than the lease.
async fn power(folder: PathBuf) -> Result<(), Failure> {
    let timing = Timing {
        lease: Duration::from_secs(4),
        detection: Duration::from_millis(800),
        ..config::timing(3)
    };
    let mut farm = make(folder, Some(timing)).await?;
    farm.start_all()?;
    round::wait_for_peace(&farm).await?;
    let played = round::play(&mut farm, Cause::Isolate, Part::Follower).await;
    farm.end().await?;
    let overlaps = journal::overlaps(&journal::read(&farm.journals())?);
    for overlap in &overlaps {
        println!("seen: {overlap}");
    }
    if overlaps.is_empty() {
        played?;
        return Err(Failure("a detection shorter than the lease went unseen".into()));
    }
    Ok(())
}
