//! One round: a fault, the service back elsewhere, the fault undone, and everything judged.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::time::sleep;

use super::fault::{Cause, Part};
use super::journal::{self, Run};
use crate::Failure;
use crate::clock;
use crate::launch::Farm;

/// The longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// The findings of a round.
#[derive(Debug, Default)]
pub struct Round {
    /// The time until everything that the victim ran was started elsewhere.
    pub back: Option<Duration>,
    /// Promises that were broken.
    pub wrong: Vec<String>,
    /// Runs that ended on nodes that no fault touched.
    pub stopped: Vec<String>,
}

/// Plays a round.
pub async fn play(farm: &mut Farm, cause: Cause, part: Part) -> Result<Round, Failure> {
    wait_for_peace(farm).await?;
    let leader = leader(farm).await?;
    let victim = match part {
        Part::Leader => leader.clone(),
        Part::Follower => other(farm, &[&leader])?,
    };
    // The victim has something to lose, and a node that nothing happens to has as well.
    let bystander = other(farm, &[&leader, &victim])?;
    give(farm, "mail", &victim).await?;
    give(farm, "web", &bystander).await?;
    give(farm, "clock", &victim).await?;

    let begin = clock::micros();
    let before = running(farm, &victim, begin)?;
    cause.strike(farm, &victim, &leader).await?;
    let touched: Vec<String> = match cause {
        Cause::RestartAll => farm.names(),
        Cause::CutPair => vec![victim.clone(), leader.clone()],
        _ => vec![victim.clone()],
    };
    let watch = if cause == Cause::RestartAll { &leader } else { &bystander };
    let back = wait_until_back(farm, watch, &before, begin, cause).await?;
    if cause == Cause::Freeze {
        // Past the lease, and then some.
        sleep(farm.nodes[0].timing.lease).await;
    }
    cause.heal(farm, &victim)?;
    wait_for_peace(farm).await?;
    sleep(Duration::from_millis(1_100)).await;
    let runs = journal::read(&farm.journals())?;
    let untouched: Vec<String> =
        farm.names().into_iter().filter(|name| !touched.contains(name)).collect();
    let wrong = compare_digests(farm).await?;
    let stopped = journal::stopped(&runs, &untouched, begin, clock::micros());
    Ok(Round { back: Some(back), wrong, stopped })
}

/// Returns the resources that run on a node.
fn running(farm: &Farm, node: &str, now: u64) -> Result<Vec<String>, Failure> {
    let runs = journal::read(&farm.journals())?;
    let latest: BTreeMap<&str, &Run> =
        runs.iter().map(|run| (run.resource.as_str(), run)).collect();
    let here = |run: &&&Run| run.node == node && run.end + 500_000 > now;
    Ok(latest.values().filter(here).map(|run| run.resource.clone()).collect())
}

fn other(farm: &Farm, than: &[&str]) -> Result<String, Failure> {
    let names = farm.names();
    let found = names.into_iter().find(|name| !than.contains(&name.as_str()));
    found.ok_or_else(|| Failure("too few nodes".into()))
}

/// Waits until everything that the victim ran has begun elsewhere, and is online. Returns how long
/// that took, by the journals.
async fn wait_until_back(
    farm: &Farm,
    watch: &str,
    before: &[String],
    begin: u64,
    cause: Cause,
) -> Result<Duration, Failure> {
    let since = Instant::now();
    loop {
        if since.elapsed() > PATIENCE {
            return Err(Failure(format!("{cause:?}: the service did not come back")));
        }
        sleep(Duration::from_millis(50)).await;
        let runs = journal::read(&farm.journals())?;
        let begun = before.iter().map(|resource| {
            let new = runs.iter().find(|run| run.resource == *resource && run.begin > begin);
            new.map(|run| run.begin)
        });
        let Some(begun) = begun.collect::<Option<Vec<u64>>>() else { continue };
        if !all_online(farm, watch).await {
            continue;
        }
        let last = begun.into_iter().max().unwrap_or(begin);
        return Ok(Duration::from_micros(last - begin));
    }
}

async fn all_online(farm: &Farm, node: &str) -> bool {
    let Ok(state) = farm.get(node, "/state").await else { return false };
    let groups = state["answer"]["groups"].as_array();
    groups.is_some_and(|all| all.iter().all(|group| group["state"] == "online"))
}

async fn statuses(farm: &Farm) -> Option<Vec<Value>> {
    let mut statuses = Vec::new();
    for name in farm.names() {
        statuses.push(farm.get(&name, "/status").await.ok()?);
    }
    Some(statuses)
}

/// Waits until every node lives under a lease, one of them is in charge, all know it, and every
/// group is online.
pub async fn wait_for_peace(farm: &Farm) -> Result<(), Failure> {
    let since = Instant::now();
    while since.elapsed() < PATIENCE {
        sleep(Duration::from_millis(50)).await;
        let Some(statuses) = statuses(farm).await else { continue };
        let is_leased = |of: &Value| of["is_living"] == true && of["lease_left_ms"] != 0;
        let agrees = |of: &Value| of["leader"] == statuses[0]["leader"] && !of["leader"].is_null();
        let is_up = |of: &Value| of["pending_reports"] == false && is_leased(of) && agrees(of);
        let in_charge = statuses.iter().filter(|of| of["is_in_charge"] == true).count();
        let mut is_peaceful = statuses.iter().all(is_up) && in_charge == 1;
        for name in farm.names() {
            is_peaceful = is_peaceful && all_online(farm, &name).await;
        }
        if is_peaceful {
            return Ok(());
        }
    }
    let last = statuses(farm).await.map(Value::from);
    Err(Failure(format!("no peace within {PATIENCE:?}: {last:?}")))
}

async fn leader(farm: &Farm) -> Result<String, Failure> {
    let statuses = statuses(farm).await.unwrap_or_default();
    let leader = statuses.iter().find(|of| of["is_in_charge"] == true);
    let name = leader.and_then(|of| of["node"].as_str());
    name.map(str::to_owned).ok_or_else(|| Failure("nobody leads".into()))
}

/// Moves a group to a node, unless it is there.
async fn give(farm: &Farm, group: &str, node: &str) -> Result<(), Failure> {
    let since = Instant::now();
    while since.elapsed() < PATIENCE {
        let state = farm.get(node, "/state").await?;
        let groups = state["answer"]["groups"].as_array();
        let found = groups.and_then(|all| all.iter().find(|of| of["name"] == group));
        if found.is_some_and(|of| of["owner"] == node && of["state"] == "online") {
            return Ok(());
        }
        if found.is_some_and(|of| of["state"] == "online") {
            farm.post(node, &format!("/move?group={group}&to={node}")).await?;
        }
        sleep(Duration::from_millis(100)).await;
    }
    Err(Failure(format!("{group} does not get to {node}")))
}

/// Compares the digests of all replicas at one index.
pub async fn compare_digests(farm: &Farm) -> Result<Vec<String>, Failure> {
    let since = Instant::now();
    while since.elapsed() < PATIENCE {
        let mut digests = Vec::new();
        for name in farm.names() {
            digests.push((name.clone(), farm.get(&name, "/digest").await?));
        }
        let index = &digests[0].1["applied"];
        if digests.iter().all(|(_, of)| of["applied"] == *index) {
            let differs = |(_, of): &&(String, Value)| of["digest"] != digests[0].1["digest"];
            let wrong = digests.iter().filter(differs);
            return Ok(wrong.map(|(name, _)| format!("{name} differs at {index}")).collect());
        }
        sleep(Duration::from_millis(50)).await;
    }
    Err(Failure("the replicas do not get to one index".into()))
}
