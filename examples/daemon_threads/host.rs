//! The nodes of the cluster: each is a thread with an agent, and a power switch.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use quorate::Incarnation;
use quorate::cluster::{Effect, Input, Outcome, Running};
use quorate::id::{Names, OpId};
use quorate::spec::ClusterSpec;

use crate::agent::NodeAgent;
use crate::inbox::Inbox;
use crate::membership::Heartbeat;
use crate::process;
use crate::services::{Services, file_name};
use crate::store;

/// A message to a node.
pub(crate) enum ToHost {
    Effect(Effect<Names>),
    /// Work of the agent has ended.
    Ended {
        resource: String,
        operation: OpId,
        outcome: Outcome,
    },
    /// Membership asks what runs there.
    List(Sender<Vec<Running<Names>>>),
    /// The node is cut off: it hears nothing and is not heard any more. Its processes go on.
    FallSilent,
}

/// All nodes.
pub(crate) struct Hosts {
    hosts: BTreeMap<String, Host>,
    /// The declaration in force.
    spec: Mutex<Arc<ClusterSpec>>,
}

struct Host {
    folder: PathBuf,
    /// `None` until it is booted.
    life: Mutex<Option<Life>>,
}

/// A node from one boot to the next.
#[derive(Clone)]
struct Life {
    incarnation: Incarnation,
    services: Arc<Services>,
    messages: Sender<ToHost>,
}

impl Hosts {
    pub(crate) fn new(spec: &ClusterSpec, folder: &Path) -> Self {
        let host =
            |name: &str| Host { folder: folder.join(file_name(name)), life: Mutex::default() };
        let hosts = spec.nodes().map(|(_, node)| (node.name().to_owned(), host(node.name())));
        Self { hosts: hosts.collect(), spec: Mutex::new(Arc::new(spec.clone())) }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.hosts.keys().map(String::as_str)
    }

    /// Boots a node, which begins a new life with that: its agent remembers nothing. So it first
    /// makes certain that nothing of an earlier life runs any more, and kills what the files of its
    /// services name. Otherwise it would join as an empty node while an old process still wrote to
    /// the disk that the cluster is about to give to another node.
    pub(crate) fn boot(
        &self,
        name: &str,
        inbox: &Inbox,
        heartbeats: &Sender<Heartbeat>,
    ) -> io::Result<()> {
        let Some(host) = self.hosts.get(name) else { return Ok(()) };
        fs::create_dir_all(&host.folder)?;
        let count = process::kill_left_behind(&host.folder)?;
        if count > 0 {
            say!("{name}: {count} left behind and killed");
        }
        let incarnation = store::begin_life(&host.folder)?;
        let spec = Arc::clone(&lock(&self.spec));
        let services = Arc::new(Services::new(name, &host.folder, &spec));
        let (messages, received): (_, Receiver<ToHost>) = channel();
        let (own, inbox, heartbeats) = (messages.clone(), inbox.clone(), heartbeats.clone());
        let agent =
            NodeAgent::new(name, incarnation, Arc::clone(&services), own, inbox, heartbeats);
        thread::spawn(move || agent.serve(&received));
        *lock(&host.life) = Some(Life { incarnation, services, messages });
        Ok(())
    }

    pub(crate) fn send(&self, node: &str, message: ToHost) {
        if let Some(life) = self.life(node) {
            let _ = life.messages.send(message);
        }
    }

    /// Takes in another declaration. Nodes that it adds are not played.
    pub(crate) fn declare(&self, spec: &ClusterSpec) {
        *lock(&self.spec) = Arc::new(spec.clone());
        for life in self.hosts.values().filter_map(|host| lock(&host.life).clone()) {
            life.services.declare(spec);
        }
    }

    /// Returns what membership knows of a node at present: it is there, with what it runs, or it
    /// does not answer.
    pub(crate) fn presence(&self, node: &str) -> Option<Input<Names>> {
        let life = self.life(node)?;
        let (answer, answered) = channel();
        let _ = life.messages.send(ToHost::List(answer));
        Some(match answered.recv_timeout(Duration::from_millis(500)) {
            Ok(running) => Input::node_joined(node, life.incarnation, running),
            Err(_) => Input::node_lost(node, life.incarnation),
        })
    }

    /// Switches a node off, and returns the number of groups of processes that were killed. Without
    /// an error it is certain to be off.
    pub(crate) fn power_off(&self, node: &str) -> io::Result<usize> {
        match self.life(node) {
            Some(life) => {
                // Its agent hears no more; what is under way cannot start anything.
                let _ = life.messages.send(ToHost::FallSilent);
                life.services.power_off()
            }
            None => Ok(0),
        }
    }

    /// Returns the number of the process group of a resource, if it was started on this node.
    pub(crate) fn group(&self, node: &str, resource: &str) -> Option<u32> {
        self.life(node)?.services.group(resource)
    }

    fn life(&self, node: &str) -> Option<Life> {
        lock(&self.hosts.get(node)?.life).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
