//! The events of the cluster as lines, where there is no terminal.

use std::io::Write;
use std::time::Duration;

use serde_json::Value;

use super::farm::Farm;
use crate::Failure;

/// Prints events until an interrupt.
pub async fn show(farm: &Farm) -> Result<(), Failure> {
    let mut sequence = Sequence::default();
    for node in &farm.nodes {
        say(&format!("{}: operators at http://{}", node.name, node.http))?;
    }
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(()),
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
        }
        for event in sequence.next(farm).await {
            say(&event)?;
        }
    }
}

/// Prints a line. Nobody may read any more, which ends the program quietly.
pub fn say(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    Ok(writeln!(out, "{line}").and_then(|()| out.flush())?)
}

/// The events of all replicas, each once: every replica tells the same ones in the same order.
#[derive(Debug, Default)]
pub struct Sequence {
    told: u64,
}

impl Sequence {
    /// Returns the events since the last call, from the replica that has the most.
    pub async fn next(&mut self, farm: &Farm) -> Vec<String> {
        let path = format!("/events?after={}", self.told);
        let mut latest: (u64, Vec<String>) = (self.told, Vec::new());
        for name in farm.names() {
            let Ok(answer) = farm.get(&name, &path).await else { continue };
            let last = answer["last"].as_u64().unwrap_or_default();
            if last > latest.0 {
                let events = answer["events"].as_array().into_iter().flatten();
                latest = (last, events.filter_map(Value::as_str).map(str::to_owned).collect());
            }
        }
        self.told = latest.0;
        latest.1
    }
}
