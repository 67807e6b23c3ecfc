//! A daemon on tokio: one process that decides for a cluster, whose nodes are simulated as tasks
//! that run real commands.
//!
//! `daemon_tokio DECLARATION FOLDER [PORT]`. It listens on the loopback address only; with port 0,
//! the default, on any free port, which it prints. The folder holds everything that outlives it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use quorate::cluster::Input;
use quorate::id::Names;
use quorate::policy::Ring;
use quorate::spec::ClusterDeclaration;
use quorate::{Cluster, Timestamp};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

mod clock;
mod core;
mod events;
mod fence;
mod http;
mod inbox;
mod life;
mod machine;
mod metrics;
mod service;
mod store;
mod work;

use crate::clock::Clock;
use crate::core::Core;
use crate::events::Events;
use crate::http::Served;
use crate::inbox::Inbox;
use crate::machine::{Machine, ToMachine};
use crate::metrics::Metrics;
use crate::store::Folder;

/// Places in the channel to the core, and in that to each machine. A sender without a place waits.
const PLACES: usize = 256;

/// The longest time that requests have to end when the daemon stops.
const PATIENCE: Duration = Duration::from_secs(2);

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (declaration, folder, port) = match arguments.as_slice() {
        [declaration, folder] => (declaration, folder, "0"),
        [declaration, folder, port] => (declaration, folder, port.as_str()),
        _ => bail!("usage: daemon_tokio DECLARATION FOLDER [PORT]"),
    };
    let port: u16 = port.parse().context("the port is not a number")?;
    let declaration = std::fs::read_to_string(declaration).context(declaration.clone())?;
    let declaration: ClusterDeclaration = toml::from_str(&declaration)?;
    let folder = Folder::open(Path::new(folder))?;
    run(declaration, &folder, TcpListener::bind(("127.0.0.1", port)).await?).await
}

async fn run(
    declaration: ClusterDeclaration,
    folder: &Folder,
    listener: TcpListener,
) -> anyhow::Result<()> {
    let store = folder.store();
    let cluster = match store.load(&declaration.name)? {
        // It holds the declaration in force, which may have been changed since.
        Some(snapshot) => Cluster::restore(snapshot, Ring::new())?,
        None => Cluster::new(declaration.build()?, Ring::new(), Timestamp::ZERO),
    };
    let clock = Clock::of(&cluster);
    let (inbox, mut messages) = Inbox::new(clock, PLACES);
    let mut tasks = JoinSet::new();
    let (machines, membership) = begin(&cluster, folder.path(), &inbox, &mut tasks).await?;
    let (fences, orders) = mpsc::channel(PLACES);
    tasks.spawn(fence::run(orders, machines.clone(), inbox.clone()));
    let (events, metrics) = (Events::default(), Arc::new(Metrics::default()));
    let served = Served { inbox, events: events.clone(), metrics: Arc::clone(&metrics) };
    let mut core = Core { cluster, clock, store, machines, fences, events, metrics };

    core.go_on(membership).await?;
    println!("listening on {}", listener.local_addr()?);
    let mut stop = stop_on_signal()?;
    let http = tokio::spawn(http::serve(listener, served, stop.clone()));
    tokio::select! {
        worked = core.run(&mut messages, &mut stop) => worked?,
        // Machines and the device work as long as the daemon: without one of them it is no use.
        ended = tasks.join_next() => match ended {
            Some(ended) => ended??,
            None => bail!("there are no machines"),
        },
    }

    // In good order: nobody is answered any more, every machine stops its services and leaves, and
    // the cluster learns it. After a `kill -9` none of this happens, and the services go on.
    drop(messages);
    let _ = timeout(PATIENCE, http).await;
    let left = leave(&core.machines).await;
    core.close(left).await
}

/// Switches the machines on, or finds them running. Returns the way to each of them, and what
/// membership reports.
async fn begin(
    cluster: &Cluster,
    folder: &Path,
    inbox: &Inbox,
    tasks: &mut JoinSet<anyhow::Result<()>>,
) -> anyhow::Result<(BTreeMap<String, mpsc::Sender<ToMachine>>, Vec<Input<Names>>)> {
    let (mut machines, mut membership) = (BTreeMap::new(), Vec::new());
    for (id, node) in cluster.spec().nodes() {
        let record = cluster.state().node(id).filter(|record| record.state().is_member());
        let known = record.map(|record| record.incarnation());
        let folder = machine::folder_of(folder, node.name());
        let begun = Machine::begin(cluster.spec(), node.name(), folder, known, inbox.clone());
        let (machine, report) = begun.await.with_context(|| format!("node {}", node.name()))?;
        let (messages, received) = mpsc::channel(PLACES);
        machines.insert(node.name().to_owned(), messages);
        membership.push(report);
        tasks.spawn(machine.run(received));
    }
    Ok((machines, membership))
}

async fn leave(machines: &BTreeMap<String, mpsc::Sender<ToMachine>>) -> Vec<Input<Names>> {
    let mut waiting = Vec::new();
    for machine in machines.values() {
        let (left, has_left) = oneshot::channel();
        let _ = machine.send(ToMachine::Leave(left)).await;
        waiting.push(has_left);
    }
    let mut left = Vec::new();
    for has_left in waiting {
        // A machine that cannot stop everything has not left. Its next life begins with that.
        left.extend(has_left.await.ok());
    }
    left
}

/// Returns a value that becomes true on SIGTERM and on ctrl-c.
fn stop_on_signal() -> anyhow::Result<watch::Receiver<bool>> {
    let (stop, stopped) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        let _ = stop.send(true);
        // The value is there as long as anybody may ask for it.
        stop.closed().await;
    });
    Ok(stopped)
}
