//! Disks that are full, torn or lost, and visitors that do not belong here.

use std::fs::{self, OpenOptions};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::round::{compare_digests, wait_for_peace};
use crate::Failure;
use crate::client;
use crate::launch::Farm;
use crate::link::{Identity, make_certificates};

/// Plays all of them on one cluster. The last of its nodes is the one that suffers.
pub async fn play(farm: &mut Farm) -> Result<(), Failure> {
    let names = farm.names();
    let [good, .., victim] = names.as_slice() else { return Err(Failure("too few nodes".into())) };
    wait_for_peace(farm).await?;
    foreign_certificate(farm, victim).await?;
    too_long(farm, good, victim).await?;
    full_disk(farm, good, victim).await?;
    missed_log(farm, good, victim).await?;
    torn_log(farm, victim).await?;
    lost_disk(farm, good, victim).await
}

fn passed(what: &str) {
    println!("{what}: a clear refusal, and nothing lost");
}

/// Returns what the daemon of a node wrote from a place in its log on.
fn log(farm: &Farm, name: &str, from: usize) -> Result<String, Failure> {
    let text = fs::read_to_string(farm.file(name)?.folder.join("log"))?;
    Ok(text.get(from..).unwrap_or_default().to_owned())
}

fn check(is_so: bool, what: impl Into<String>) -> Result<(), Failure> {
    if is_so { Ok(()) } else { Err(Failure(what.into())) }
}

/// Waits until a node wrote something into its log.
async fn expect(farm: &Farm, name: &str, from: usize, text: &str) -> Result<(), Failure> {
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(10) {
        if log(farm, name, from)?.contains(text) {
            return Ok(());
        }
        sleep(Duration::from_millis(20)).await;
    }
    Err(Failure(format!("{name} did not write {text:?} but {:?}", log(farm, name, from)?)))
}

async fn foreign_certificate(farm: &Farm, victim: &str) -> Result<(), Failure> {
    let from = log(farm, victim, 0)?.len();
    let folder = farm.journals().with_file_name("foreign");
    make_certificates([("anna", folder.as_path())])?;
    let foreign = Identity::read(&folder)?;
    let stream = TcpStream::connect(farm.file(victim)?.listen).await?;
    let greeted = foreign.connect(stream, victim).await;
    check(greeted.is_err(), "a foreign client took the node for one of its own")?;
    expect(farm, victim, from, "is refused").await?;
    passed("a certificate of another cluster");
    Ok(())
}

/// Another node of the cluster announces a message of a gigabyte.
async fn too_long(farm: &Farm, good: &str, victim: &str) -> Result<(), Failure> {
    let from = log(farm, victim, 0)?.len();
    let identity = Identity::read(&farm.file(good)?.folder)?;
    let stream = TcpStream::connect(farm.file(victim)?.listen).await?;
    let mut stream = identity.connect(stream, victim).await?;
    stream.write_all(&(1_u32 << 30).to_be_bytes()).await?;
    stream.flush().await?;
    let closed = timeout(Duration::from_secs(5), stream.read_u8()).await;
    check(matches!(closed, Ok(Err(_))), "the connection stayed open")?;
    expect(farm, victim, from, "a message of 1073741824 bytes is refused").await?;
    wait_for_peace(farm).await?;
    passed("a message of 1 GB");
    Ok(())
}

async fn full_disk(farm: &mut Farm, good: &str, victim: &str) -> Result<(), Failure> {
    let from = log(farm, victim, 0)?.len();
    farm.kill(victim).await?;
    let size = fs::metadata(farm.file(victim)?.store())?.len();
    set_disk(farm, victim, Some(size))?;
    farm.start(victim)?;
    let since = Instant::now();
    while farm.is_started(victim) {
        check(since.elapsed() < Duration::from_secs(60), "the full disk was never noticed")?;
        write_much(farm, good).await;
    }
    expect(farm, victim, from, "the store cannot be read or written").await?;
    set_disk(farm, victim, None)?;
    farm.start(victim)?;
    settle(farm).await?;
    passed("a full disk");
    Ok(())
}

fn set_disk(farm: &mut Farm, name: &str, most: Option<u64>) -> Result<(), Failure> {
    let file = farm.file_mut(name).ok_or_else(|| Failure("no such node".into()))?;
    file.disk = most;
    file.write()
}

/// Writes a large entry into the log: the declaration, with a long text in it.
async fn write_much(farm: &Farm, at: &str) {
    let Ok(file) = farm.file(at) else { return };
    let Ok(mut declaration) = serde_json::to_value(farm.declaration()) else { return };
    let text = "x".repeat(3_000);
    if let Some(groups) = declaration["groups"].as_array_mut() {
        for group in groups {
            group["parameters"] = json!({ "text": text });
        }
    }
    let _ = client::post(file.http, "/configure", &declaration).await;
    let _ = client::post(file.http, "/configure", &json!(farm.declaration())).await;
}

/// A node is away for longer than the log reaches back.
async fn missed_log(farm: &mut Farm, good: &str, victim: &str) -> Result<(), Failure> {
    let from = log(farm, victim, 0)?.len();
    farm.kill(victim).await?;
    wait_for_leader(farm, good).await?;
    let address = farm.file(good)?.http;
    for _ in 0..400 {
        for command in ["lock_group", "unlock_group"] {
            client::post(address, "/command", &json!({ command: { "group": "web" } })).await?;
        }
    }
    farm.start(victim)?;
    settle(farm).await?;
    expect(farm, victim, from, "goes on from a snapshot").await?;
    println!("a log that reaches back too little: the node went on from a snapshot");
    Ok(())
}

async fn wait_for_leader(farm: &Farm, at: &str) -> Result<(), Failure> {
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(30) {
        let command = json!({ "unlock_group": { "group": "web" } });
        if client::post(farm.file(at)?.http, "/command", &command).await.is_ok() {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    Err(Failure("nobody leads".into()))
}

async fn torn_log(farm: &mut Farm, victim: &str) -> Result<(), Failure> {
    let from = log(farm, victim, 0)?.len();
    farm.kill(victim).await?;
    let path = farm.file(victim)?.store();
    let whole = fs::read(&path)?;
    // The second half of the file never reached the disk.
    let file = OpenOptions::new().write(true).open(&path)?;
    file.set_len(u64::try_from(whole.len() / 2)?)?;
    farm.start(victim)?;
    let since = Instant::now();
    while farm.is_started(victim) {
        check(since.elapsed() < Duration::from_secs(10), "the node runs on a torn log")?;
        sleep(Duration::from_millis(20)).await;
    }
    expect(farm, victim, from, "the store cannot be read or written").await?;
    // It was only torn here: as it was it is good.
    fs::write(&path, whole)?;
    farm.start(victim)?;
    settle(farm).await?;
    passed("a torn log");
    Ok(())
}

async fn lost_disk(farm: &mut Farm, good: &str, victim: &str) -> Result<(), Failure> {
    farm.kill(victim).await?;
    let before = farm.get(good, "/status").await?;
    fs::remove_file(farm.file(victim)?.store())?;
    farm.start(victim)?;
    settle(farm).await?;
    let after = farm.get(victim, "/status").await?;
    let is_new = after["engine"].as_u64().is_some_and(|number| number > 1_000_000);
    check(is_new, "the node came back under the number that it had")?;
    let voters = |of: &Value| of["voters"].as_array().map_or(0, Vec::len);
    check(voters(&before) == voters(&after), "the number of voters is another one")?;
    let life = after["life"]["incarnation"].as_u64().unwrap_or_default();
    check(life > 1, "the node began a life that it had before")?;
    println!("a lost disk: the node came back under another number of the engine");
    Ok(())
}

async fn settle(farm: &Farm) -> Result<(), Failure> {
    wait_for_peace(farm).await?;
    let differences = compare_digests(farm).await?;
    check(differences.is_empty(), differences.join("; "))
}
