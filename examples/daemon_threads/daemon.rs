//! The whole daemon: nodes, membership, a device that fences, and the core.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use quorate::cluster::{Effect, Input, Outcome};
use quorate::id::Names;
use quorate::policy::Ring;
use quorate::spec::ClusterDeclaration;
use quorate::{Cluster, Timestamp};

use crate::core::Core;
use crate::host::Hosts;
use crate::inbox::{Clock, Inbox};
use crate::membership::{self, Heartbeat};
use crate::store::{self, Claim, Store};

/// The time from the moment when a node is switched off until it is on again.
const BOOT: Duration = Duration::from_secs(1);

pub(crate) struct Daemon {
    declaration: ClusterDeclaration,
    folder: PathBuf,
    pub(crate) inbox: Inbox,
    pub(crate) hosts: Arc<Hosts>,
    fences: Sender<Effect<Names>>,
    core: Option<JoinHandle<()>>,
    _claim: Claim,
}

impl Daemon {
    /// Starts from the folder if there is something in it, from the declaration otherwise.
    pub(crate) fn start(
        declaration: ClusterDeclaration,
        folder: &Path,
    ) -> Result<Self, Box<dyn Error>> {
        let claim = store::claim(folder)?;
        let cluster = restore(&declaration, folder)?;
        let hosts = Arc::new(Hosts::new(cluster.spec(), folder));
        let inbox = Inbox::default();
        let (heartbeats, heard) = channel();
        for node in hosts.names() {
            hosts.boot(node, &inbox, &heartbeats)?;
        }
        let watched = inbox.clone();
        thread::spawn(move || membership::watch(&heard, &watched));
        let (fences, orders) = channel();
        let (fenced, reports) = (Arc::clone(&hosts), inbox.clone());
        thread::spawn(move || fence(&orders, &fenced, &reports, &heartbeats));
        let folder = folder.to_owned();
        let mut daemon =
            Self { declaration, folder, inbox, hosts, fences, core: None, _claim: claim };
        daemon.begin_core(cluster)?;
        Ok(daemon)
    }

    /// Begins the thread that decides.
    fn begin_core(&mut self, cluster: Cluster) -> io::Result<()> {
        let clock = Clock::of(&cluster);
        // Reports of agents wait from here on.
        let messages = self.inbox.open(clock);
        let (hosts, fences) = (Arc::clone(&self.hosts), self.fences.clone());
        let store = Store::within(&self.folder);
        let mut core = Core { cluster, clock, store, hosts, fences };
        core.go_on(self.hosts.names().filter_map(|node| self.hosts.presence(node)).collect())?;
        self.core = Some(thread::spawn(move || {
            if let Err(error) = core.run(&messages) {
                // Nothing of this step was handed out, so the next process may go on.
                eprintln!("the state cannot be stored: {error}");
                std::process::exit(1);
            }
        }));
        Ok(())
    }

    /// The core dies, as if its process had been killed. Nodes and agents go on.
    pub(crate) fn kill_core(&mut self) {
        self.inbox.die();
        if let Some(core) = self.core.take() {
            let _ = core.join();
        }
    }

    /// Another core goes on from what the last one stored.
    pub(crate) fn restart_core(&mut self) -> Result<(), Box<dyn Error>> {
        self.begin_core(restore(&self.declaration, &self.folder)?)?;
        Ok(())
    }

    /// Takes inputs from the lines of standard input, until the process is killed.
    pub(crate) fn take_lines(mut self) -> Result<(), Box<dyn Error>> {
        for line in io::stdin().lines() {
            match serde_json::from_str::<Input<Names>>(&line?) {
                Ok(input) => self.inbox.report(input),
                Err(error) => say!("not understood: {error}"),
            }
        }
        // Nobody gives orders any more; the cluster works on.
        match self.core.take().map(JoinHandle::join) {
            Some(Ok(())) | None => Ok(()),
            Some(Err(_)) => Err("the core panicked".into()),
        }
    }
}

fn restore(declaration: &ClusterDeclaration, folder: &Path) -> Result<Cluster, Box<dyn Error>> {
    Ok(match Store::within(folder).load(&declaration.name)? {
        // It holds the declaration in force, which may have been changed since.
        Some(snapshot) => Cluster::restore(snapshot, Ring::new())?,
        None => Cluster::new(declaration.clone().build()?, Ring::new(), Timestamp::ZERO),
    })
}

/// The device that switches nodes off, and on again. It says that a node is off only if nothing of
/// it runs any more.
fn fence(
    orders: &Receiver<Effect<Names>>,
    hosts: &Hosts,
    inbox: &Inbox,
    heartbeats: &Sender<Heartbeat>,
) {
    for order in orders {
        let outcome = match hosts.power_off(&order.node) {
            Ok(count) => {
                say!("{} is off: {count} groups of processes killed", order.node);
                Outcome::Succeeded
            }
            Err(error) => {
                say!("{} is not off: {error}", order.node);
                Outcome::Failed
            }
        };
        inbox.report(Input::operation_finished(order.operation, outcome));
        if outcome == Outcome::Succeeded {
            thread::sleep(BOOT);
            match hosts.boot(&order.node, inbox, heartbeats) {
                Ok(()) => hosts.presence(&order.node).into_iter().for_each(|of| inbox.report(of)),
                Err(error) => say!("{} does not boot: {error}", order.node),
            }
        }
    }
}
