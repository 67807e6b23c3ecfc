//! A cluster on one machine: folders, wires and processes, and what can be done to them.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use quorate::replicate::Timing;
use quorate::spec::ClusterDeclaration;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::{Child, Command};

use super::proxy::{self, Direction, Wire};
use crate::Failure;
use crate::client;
use crate::config::{self, NodeFile};
use crate::engine::{Founding, Store};
use crate::link::make_certificates;

/// The parts of a farm.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The folder for everything; it is made.
    pub folder: PathBuf,
    /// The cluster.
    pub declaration: ClusterDeclaration,
    /// The first port for operators; free ones are taken if it is missing.
    pub http: Option<u16>,
    /// Milliseconds between two lines of a journal.
    pub pulse: u64,
    /// Other spans than those that fit, which are not checked.
    pub unchecked: Option<Timing>,
}

/// A cluster on one machine.
#[derive(Debug)]
pub struct Farm {
    /// The nodes, in the order of their declaration.
    pub nodes: Vec<NodeFile>,
    daemons: BTreeMap<String, Child>,
    wires: BTreeMap<(String, String), Direction>,
    folder: PathBuf,
    declaration: ClusterDeclaration,
}

/// Reads a declaration from a file.
pub fn read_declaration(path: &Path) -> Result<ClusterDeclaration, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure(format!("{}: {error}", path.display())))?;
    toml::from_str(&text).map_err(|error| Failure(format!("{}: {error}", path.display())))
}

fn free_address() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

impl Farm {
    /// Makes the folders, certificates and stores of a new cluster, and opens the wires. Nothing
    /// runs yet.
    pub async fn make(plan: Plan) -> Result<Self, Failure> {
        fs::create_dir_all(&plan.folder)?;
        let folder = fs::canonicalize(&plan.folder)?;
        let names: Vec<String> = plan.declaration.nodes.iter().map(|of| of.name.clone()).collect();
        let count = u64::try_from(names.len())?;
        let mut nodes = Vec::new();
        for (position, name) in names.iter().enumerate() {
            let position = u16::try_from(position)?;
            let http = match plan.http {
                Some(port) => SocketAddr::from(([127, 0, 0, 1], port + position)),
                None => free_address()?,
            };
            nodes.push(NodeFile {
                name: name.clone(),
                listen: free_address()?,
                http,
                peers: BTreeMap::new(),
                folder: folder.join(name),
                journals: folder.join("journals"),
                timing: plan.unchecked.unwrap_or_else(|| config::timing(count)),
                unchecked: plan.unchecked.is_some(),
                heartbeat: config::HEARTBEAT,
                election: config::election_timeout(position.into(), count),
                disk: None,
                pulse: plan.pulse,
                watchdog: None,
            });
        }
        make_certificates(nodes.iter().map(|of| (of.name.as_str(), of.folder.as_path())))?;
        fs::create_dir_all(folder.join("journals"))?;
        let voters: BTreeMap<u64, String> = (1..).zip(names.iter().cloned()).collect();
        for (engine, name) in &voters {
            let declaration = plan.declaration.clone();
            let founding = Founding { engine: *engine, voters: voters.clone(), declaration };
            Store::open(&folder.join(name).join("store.redb"), None)?.found(&founding)?;
        }
        let mut farm = Self {
            nodes,
            daemons: BTreeMap::new(),
            wires: BTreeMap::new(),
            folder,
            declaration: plan.declaration,
        };
        farm.open_wires().await?;
        Ok(farm)
    }

    async fn open_wires(&mut self) -> Result<(), Failure> {
        let addresses: Vec<(String, SocketAddr)> =
            self.nodes.iter().map(|of| (of.name.clone(), of.listen)).collect();
        for (from, _) in &addresses {
            for (to, _) in &addresses {
                self.wires.insert((from.clone(), to.clone()), Direction::default());
            }
        }
        for node in &mut self.nodes {
            for (to, address) in addresses.iter().filter(|(to, _)| *to != node.name) {
                let there = self.wires[&(node.name.clone(), to.clone())].clone();
                let back = self.wires[&(to.clone(), node.name.clone())].clone();
                node.peers.insert(to.clone(), proxy::open(*address, there, back).await?);
            }
            node.write()?;
        }
        Ok(())
    }

    /// Starts the daemon of a node.
    pub fn start(&mut self, name: &str) -> Result<(), Failure> {
        let file = self.file(name)?;
        let log = OpenOptions::new().create(true).append(true).open(file.folder.join("log"))?;
        let daemon = Command::new(std::env::current_exe()?)
            .arg("node")
            .arg(file.path())
            .arg("--attached")
            .stderr(log)
            .stdout(std::process::Stdio::null())
            .stdin(std::process::Stdio::piped())
            // A signal from the terminal is for the launcher.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        self.daemons.insert(name.to_owned(), daemon);
        Ok(())
    }

    /// Starts every daemon that does not run.
    pub fn start_all(&mut self) -> Result<(), Failure> {
        for name in self.names() {
            if !self.is_started(&name) {
                self.start(&name)?;
            }
        }
        Ok(())
    }

    /// Tells whether the daemon of a node runs, or is frozen.
    pub fn is_started(&mut self, name: &str) -> bool {
        self.daemons.get_mut(name).is_some_and(|daemon| matches!(daemon.try_wait(), Ok(None)))
    }

    /// Returns the names of the nodes.
    pub fn names(&self) -> Vec<String> {
        self.nodes.iter().map(|of| of.name.clone()).collect()
    }

    /// Returns the file of a node.
    pub fn file(&self, name: &str) -> Result<&NodeFile, Failure> {
        let file = self.nodes.iter().find(|of| of.name == name);
        file.ok_or_else(|| Failure(format!("there is no node {name}")))
    }

    /// Returns the file of a node, to be changed before it starts.
    pub fn file_mut(&mut self, name: &str) -> Option<&mut NodeFile> {
        self.nodes.iter_mut().find(|of| of.name == name)
    }

    /// Kills the daemon of a node; its keeper stops everything.
    pub async fn kill(&mut self, name: &str) -> Result<(), Failure> {
        if let Some(mut daemon) = self.daemons.remove(name) {
            daemon.kill().await?;
        }
        Ok(())
    }

    /// Sends a signal to the daemon of a node.
    pub fn signal(&self, name: &str, signal: Signal) {
        let number = self.daemons.get(name).and_then(Child::id);
        let process = number.and_then(|number| i32::try_from(number).ok()).and_then(Pid::from_raw);
        if let Some(process) = process {
            let _ = kill_process(process, signal);
        }
    }

    /// Kills the keeper of a node.
    pub fn kill_keeper(&self, name: &str) -> Result<(), Failure> {
        let path = self.file(name)?.folder.join("keeper.lock");
        let number = fs::read_to_string(path)?.trim().parse().ok();
        if let Some(keeper) = number.and_then(Pid::from_raw) {
            kill_process(keeper, Signal::KILL)?;
        }
        Ok(())
    }

    /// Takes the power away from a node: daemon, keeper and resources die at once.
    pub async fn power_off(&mut self, name: &str) -> Result<(), Failure> {
        self.signal(name, Signal::STOP);
        self.kill_keeper(name)?;
        crate::keeper::clear_runs(&self.file(name)?.folder)?;
        self.kill(name).await
    }

    /// Cuts or heals what one node sends to another.
    pub fn set_wire(&self, from: &str, to: &str, wire: Wire) {
        if let Some(direction) = self.wires.get(&(from.to_owned(), to.to_owned())) {
            direction.set(wire);
        }
    }

    /// Cuts or heals everything that a node hears.
    pub fn set_ears(&self, name: &str, wire: Wire) {
        for other in self.names() {
            self.set_wire(&other, name, wire);
        }
    }

    /// Cuts or heals everything between a node and the others.
    pub fn set_all(&self, name: &str, wire: Wire) {
        for other in self.names() {
            self.set_wire(&other, name, wire);
            self.set_wire(name, &other, wire);
        }
    }

    /// Asks a node.
    pub async fn get(&self, name: &str, path: &str) -> Result<Value, Failure> {
        client::get(self.file(name)?.http, path).await
    }

    /// Gives an order at a node.
    pub async fn post(&self, name: &str, path: &str) -> Result<Value, Failure> {
        client::post(self.file(name)?.http, path, &Value::Null).await
    }

    /// Returns the cluster as it was founded.
    pub fn declaration(&self) -> &ClusterDeclaration {
        &self.declaration
    }

    /// Returns the folder of the journals.
    pub fn journals(&self) -> PathBuf {
        self.folder.join("journals")
    }

    /// Ends everything, and waits until the keepers are gone.
    pub async fn end(&mut self) -> Result<(), Failure> {
        for name in self.names() {
            self.signal(&name, Signal::CONT);
            self.kill(&name).await?;
        }
        for node in &self.nodes {
            let path = node.folder.join("keeper.lock");
            let Ok(lock) = OpenOptions::new().write(true).open(path) else { continue };
            for _ in 0..200 {
                if lock.try_lock().is_ok() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(())
    }
}
