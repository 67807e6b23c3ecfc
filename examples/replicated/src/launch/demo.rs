//! A short demonstration that ends by itself.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::Farm;
use super::lines::{Sequence, say};
use crate::Failure;

/// Plays it: a kill, a freeze and a drain, with what the cluster does.
pub async fn play(farm: &mut Farm) -> Result<(), Failure> {
    let mut sequence = Sequence::default();
    say("-- the nodes elect a leader and join; the groups come online")?;
    until_online(farm, &mut sequence).await?;

    let leader = leader(farm).await?;
    say(&format!("-- kill -9 of the daemon of {leader}, which leads"))?;
    farm.kill(&leader).await?;
    sleep(Duration::from_millis(200)).await;
    until_online(farm, &mut sequence).await?;
    say(&format!("-- {leader} starts again"))?;
    farm.start(&leader)?;
    until_online(farm, &mut sequence).await?;

    let owner = busiest(farm).await?;
    say(&format!("-- SIGSTOP of {owner} for longer than its lease"))?;
    farm.signal(&owner, Signal::STOP);
    sleep(farm.nodes[0].timing.detection).await;
    until_online(farm, &mut sequence).await?;
    say(&format!("-- SIGCONT of {owner}: it finds its life over, and begins another"))?;
    farm.signal(&owner, Signal::CONT);
    until_online(farm, &mut sequence).await?;

    let owner = busiest(farm).await?;
    say(&format!("-- {owner} is drained, and resumed"))?;
    farm.post(&owner, &format!("/drain?node={owner}")).await?;
    until_online(farm, &mut sequence).await?;
    farm.post(&owner, &format!("/resume?node={owner}")).await?;
    until_online(farm, &mut sequence).await?;
    say("-- done")
}

async fn leader(farm: &Farm) -> Result<String, Failure> {
    for name in farm.names() {
        let status = farm.get(&name, "/status").await;
        if status.is_ok_and(|status| status["is_in_charge"] == true) {
            return Ok(name);
        }
    }
    Err(Failure("nobody leads".into()))
}

/// Returns the node that owns the most groups.
async fn busiest(farm: &Farm) -> Result<String, Failure> {
    let mut most = (0, None);
    for name in farm.names() {
        let Ok(status) = farm.get(&name, "/status").await else { continue };
        let count = status["running"].as_array().map_or(0, Vec::len);
        if count > most.0 {
            most = (count, Some(name));
        }
    }
    most.1.ok_or_else(|| Failure("nothing runs".into()))
}

/// Prints what happens until every group has been online for a while.
async fn until_online(farm: &Farm, sequence: &mut Sequence) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut online = 0;
    while online < 10 {
        sleep(Duration::from_millis(100)).await;
        for event in sequence.next(farm).await {
            say(&format!("{:>7} ms  {event}", begun.elapsed().as_millis()))?;
            online = 0;
        }
        online = if all_online(farm).await { online + 1 } else { 0 };
        if begun.elapsed() > Duration::from_secs(60) {
            return Err(Failure("the groups do not come online".into()));
        }
    }
    Ok(())
}

async fn all_online(farm: &Farm) -> bool {
    let mut answers: Vec<Value> = Vec::new();
    for name in farm.names() {
        if let Ok(state) = farm.get(&name, "/state").await {
            answers.push(state);
        }
    }
    let is_online = |state: &Value| {
        let groups = state["answer"]["groups"].as_array();
        groups.is_some_and(|all| all.iter().all(|group| group["state"] == "online"))
    };
    answers.len() > 1 && answers.iter().all(is_online)
}
