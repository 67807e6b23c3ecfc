//! Supervises real processes from several threads: every thread plays a node of the cluster.
//!
//! One process is killed and restarted in place. Then a node stops sending heartbeats while its
//! processes go on. It is fenced, and only then another node takes over. `cargo run --example
//! embed_threads`

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use quorate::agent::{Admission, Agent, Refusal};
use quorate::cluster::{Effect, Outcome, Running};
use quorate::kind::ResourceOverrides;
use quorate::machine::ResourceState;
use quorate::policy::Ring;
use quorate::settings::Interval;
use quorate::spec::{ClusterDeclaration, ClusterSpec, GroupDeclaration, ResourceDeclaration};
use quorate::state::OperationKind;
use quorate::{
    Cluster, Incarnation, Input, InputError, NodeId, Output, ResourceId, SharedCluster,
    SharedError, Timestamp,
};

#[path = "common/output.rs"]
#[macro_use]
mod output;
#[path = "common/command_line.rs"]
mod command_line;

/// The longest time without a heartbeat before a node counts as lost.
const HEARTBEAT_LIMIT: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(5);
/// The argument that tells this program that it is one of its own children.
const SERVICE: &str = "--be-a-service";

/// Supervises real processes from several threads: every thread plays a node of the cluster.
#[derive(clap::Parser)]
#[command(name = "embed_threads")]
struct Options {}

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().any(|argument| argument == SERVICE) {
        return be_a_service();
    }
    let Options {} = command_line::parse();
    let spec = declare().build()?;
    let (web, database) = (resource(&spec, "web")?, resource(&spec, "database")?);
    let supervisor = Supervisor::start(spec);
    // Kills all processes at the end, also after a panic.
    let _guard = PowerOffAtEnd(Arc::clone(&supervisor));

    for host in &supervisor.hosts {
        let (node, incarnation) = (host.node, Incarnation::new(1));
        supervisor.tell(Input::node_joined(node, incarnation, Vec::new()));
    }
    let first = supervisor.wait_for("the shop to start", |of| of.place(&[database, web]))?;

    supervisor.say("--- somebody kills the web server");
    let killed = first.host.process_id(web);
    first.host.kill(web);
    supervisor.wait_for("the restart", |of| {
        of.place(&[database, web]).filter(|place| place.host.process_id(web) != killed)
    })?;

    supervisor.say(&format!("--- {} falls silent; its processes go on", first.name));
    first.host.fall_silent();
    thread::sleep(HEARTBEAT_LIMIT);
    supervisor.tell(Input::node_lost(first.host.node, Incarnation::new(1)));
    let second = supervisor.wait_for("the takeover", |of| {
        of.place(&[database, web]).filter(|place| place.name != first.name)
    })?;

    supervisor.say(&format!("--- the shop went from {} to {}", first.name, second.name));
    Ok(())
}

/// Declares three nodes, and a shop that is checked five times a second.
fn declare() -> ClusterDeclaration {
    let service = |name: &str| {
        ResourceDeclaration::new(name, "Generic Service").settings(ResourceOverrides {
            looks_alive_interval: Some(Interval::Every(Duration::from_millis(200))),
            restart_delay: Some(Duration::from_millis(300)),
            ..ResourceOverrides::default()
        })
    };
    ClusterDeclaration::new("threads").node("anna").node("bert").node("carl").group(
        GroupDeclaration::new("shop")
            .preferred_owners(["anna", "bert", "carl"])
            .resource(service("database"))
            .resource(service("web").needs("[database]")),
    )
}

fn resource(spec: &ClusterSpec, name: &str) -> Result<ResourceId, Box<dyn Error>> {
    spec.resource_id(name).ok_or_else(|| format!("no resource {name}").into())
}

/// The data that all threads share.
struct Supervisor {
    cluster: SharedCluster,
    hosts: Vec<Arc<Host>>,
    fences: Sender<Effect>,
    /// Tells the timer that the next deadline may have changed.
    wake: Sender<()>,
    began: Instant,
}

impl Supervisor {
    fn start(spec: ClusterSpec) -> Arc<Self> {
        let (hosts, inboxes): (Vec<Arc<Host>>, Vec<Receiver<Order>>) =
            spec.nodes().map(|(node, _)| Host::new(node)).unzip();
        let (fences, fence_orders) = channel();
        let (wake, wakes) = channel();
        let cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
        let supervisor = Arc::new(Self {
            cluster: SharedCluster::new(cluster),
            hosts,
            fences,
            wake,
            began: Instant::now(),
        });
        for (host, inbox) in supervisor.hosts.iter().zip(inboxes) {
            let (host, supervisor) = (Arc::clone(host), Arc::clone(&supervisor));
            thread::spawn(move || host.serve(&inbox, &supervisor));
        }
        let fencing = Arc::clone(&supervisor);
        thread::spawn(move || fencing.fence(&fence_orders));
        let timing = Arc::clone(&supervisor);
        thread::spawn(move || timing.keep_time(&wakes));
        supervisor
    }

    fn now(&self) -> Timestamp {
        Timestamp::ZERO.after(self.began.elapsed())
    }

    fn say(&self, text: &str) {
        say!("{:>6} ms  {text}", self.now().as_millis());
    }

    /// Hands in an input, and passes its outputs on.
    fn tell(&self, input: Input) {
        match self.cluster.handle(self.now(), input) {
            Ok(outputs) => self.deliver(outputs),
            // A report of a node that was given up meanwhile.
            Err(SharedError::Refused(InputError::StaleOperation(_))) => {}
            Err(error) => self.say(&error.to_string()),
        }
        let _ = self.wake.send(());
    }

    fn deliver(&self, outputs: Vec<Output>) {
        // The declaration is missing only after a policy panicked; a daemon would restore its last
        // snapshot.
        let Ok(spec) = self.cluster.spec() else { return };
        for output in outputs {
            match output {
                Output::Event(event) => self.say(&spec.named(event).to_string()),
                Output::Effect(effect) if effect.action == OperationKind::Fence => {
                    let _ = self.fences.send(effect);
                }
                Output::Effect(effect) => {
                    if let Some(host) = self.hosts.get(effect.node.index()) {
                        let _ = host.inbox.send(Order::Work(effect));
                    }
                }
                // An output of a later version of the library.
                _ => {}
            }
        }
    }

    /// The thread that reports when a deadline of the cluster has come.
    fn keep_time(&self, wakes: &Receiver<()>) {
        loop {
            let Ok(next) = self.cluster.poll_timeout() else { return };
            let wait = next.map_or(PATIENCE, |deadline| deadline.at.since(self.now()));
            match wakes.recv_timeout(wait) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => match self.cluster.handle_timeout(self.now()) {
                    Ok(outputs) => self.deliver(outputs),
                    Err(error) => return self.say(&error.to_string()),
                },
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// The thread that switches nodes off.
    fn fence(&self, orders: &Receiver<Effect>) {
        for order in orders {
            if let Some(host) = self.hosts.get(order.node.index()) {
                let count = host.power_off();
                self.say(&format!("fence: {count} processes killed"));
            }
            let outcome = Outcome::Succeeded;
            self.tell(Input::operation_finished(order.operation, outcome));
        }
    }

    /// Returns where all of these resources run, if they are all online.
    fn place(&self, resources: &[ResourceId]) -> Option<Place> {
        let cluster = self.cluster.fork().ok()?;
        let is_online =
            |of: &ResourceId| cluster.state().resource_state(*of) == ResourceState::Online;
        if !resources.iter().all(is_online) {
            return None;
        }
        let group = cluster.spec().resource(*resources.first()?)?.group();
        let owner = cluster.state().owner(group)?;
        let name = cluster.spec().node(owner)?.name().to_owned();
        Some(Place { name, host: Arc::clone(self.hosts.get(owner.index())?) })
    }

    fn wait_for<T>(
        &self,
        what: &str,
        question: impl Fn(&Self) -> Option<T>,
    ) -> Result<T, Box<dyn Error>> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(answer) = question(self) {
                return Ok(answer);
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err(format!("waited too long for {what}").into())
    }
}

struct Place {
    name: String,
    host: Arc<Host>,
}

/// A node: a thread with its processes.
struct Host {
    node: NodeId,
    inbox: Sender<Order>,
    /// `None` once the power is off: nothing starts any more.
    processes: Mutex<Option<BTreeMap<ResourceId, Process>>>,
}

enum Order {
    Work(Effect),
    FallSilent,
}

impl Host {
    fn new(node: NodeId) -> (Arc<Self>, Receiver<Order>) {
        let (inbox, orders) = channel();
        let processes = Mutex::new(Some(BTreeMap::new()));
        (Arc::new(Self { node, inbox, processes }), orders)
    }

    fn serve(&self, orders: &Receiver<Order>, supervisor: &Supervisor) {
        let mut agent = Agent::new(Incarnation::new(1));
        for order in orders {
            let Order::Work(effect) = order else { return };
            if effect.action == OperationKind::Inventory {
                match agent.answers(effect.operation, effect.incarnation) {
                    Ok(()) => supervisor.tell(self.listing(&effect)),
                    Err(refusal) => supervisor.say(&format!("not answered: {refusal}")),
                }
                continue;
            }
            match self.obey(&mut agent, &effect) {
                Ok(Some(outcome)) => {
                    let operation = effect.operation;
                    supervisor.tell(Input::operation_finished(operation, outcome));
                }
                Ok(None) => {}
                Err(refusal) => supervisor.say(&format!("not carried out: {refusal}")),
            }
        }
    }

    /// Carries out an effect if the contract of agents admits it. Returns the outcome to report, if
    /// any.
    fn obey(&self, agent: &mut Agent, effect: &Effect) -> Result<Option<Outcome>, Refusal> {
        let Some(order) = effect.order() else { return Ok(None) };
        Ok(match agent.admit(&order)? {
            Admission::Begin => {
                let outcome = self.work(effect);
                agent.end(&order.resource, effect.operation, outcome);
                Some(outcome)
            }
            Admission::Done(outcome) => Some(outcome),
            // This thread does one thing after the other, so nothing else is under way.
            Admission::Wait { .. } | Admission::UnderWay => None,
        })
    }

    /// Lists what runs here. This thread does one thing after the other, so nothing is starting or
    /// stopping.
    fn listing(&self, effect: &Effect) -> Input {
        let Effect { operation, node, incarnation, .. } = *effect;
        let running = self.with_processes(|processes| {
            let all: Vec<ResourceId> = processes.keys().copied().collect();
            let alive = all.into_iter().filter(|of| is_alive(processes, *of));
            alive.map(Running::from).collect::<Vec<_>>()
        });
        let running = running.unwrap_or_default();
        Input::node_inventory(node, incarnation, running).answering(operation).into()
    }

    /// Carries out an operation. Doing so twice does no harm.
    fn work(&self, effect: &Effect) -> Outcome {
        let Some(resource) = effect.resource else {
            return Outcome::Failed;
        };
        self.with_processes(|processes| match effect.action {
            OperationKind::Start if is_alive(processes, resource) => Outcome::Succeeded,
            OperationKind::Start => match Process::spawn() {
                Ok(process) => {
                    processes.insert(resource, process);
                    Outcome::Succeeded
                }
                Err(_) => Outcome::Failed,
            },
            OperationKind::Stop | OperationKind::Terminate => {
                processes.remove(&resource);
                Outcome::Succeeded
            }
            OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive => {
                if is_alive(processes, resource) { Outcome::Succeeded } else { Outcome::Failed }
            }
            OperationKind::Probe => {
                if is_alive(processes, resource) {
                    Outcome::Running
                } else {
                    Outcome::NotRunning
                }
            }
            // The others are not about a resource, or this agent does not know them.
            _ => Outcome::Failed,
        })
        .unwrap_or(Outcome::Failed)
    }

    fn with_processes<T>(
        &self,
        act: impl FnOnce(&mut BTreeMap<ResourceId, Process>) -> T,
    ) -> Option<T> {
        let mut processes = self.processes.lock().unwrap_or_else(PoisonError::into_inner);
        processes.as_mut().map(act)
    }

    fn process_id(&self, resource: ResourceId) -> Option<u32> {
        self.with_processes(|of| of.get(&resource).map(|process| process.0.id())).flatten()
    }

    fn kill(&self, resource: ResourceId) {
        self.with_processes(|of| of.get_mut(&resource).map(|process| process.0.kill()));
    }

    fn fall_silent(&self) {
        let _ = self.inbox.send(Order::FallSilent);
    }

    /// Kills everything for good, and returns the number of processes.
    fn power_off(&self) -> usize {
        let mut processes = self.processes.lock().unwrap_or_else(PoisonError::into_inner);
        processes.take().map_or(0, |processes| processes.len())
    }
}

fn is_alive(processes: &mut BTreeMap<ResourceId, Process>, resource: ResourceId) -> bool {
    let process = processes.get_mut(&resource);
    process.is_some_and(|process| matches!(process.0.try_wait(), Ok(None)))
}

/// A child process, which does not outlive its owner.
struct Process(Child);

impl Process {
    fn spawn() -> std::io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(SERVICE).stdin(Stdio::piped()).spawn().map(Self)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct PowerOffAtEnd(Arc<Supervisor>);

impl Drop for PowerOffAtEnd {
    fn drop(&mut self) {
        for host in &self.0.hosts {
            host.power_off();
        }
    }
}

/// Does nothing until the supervisor has ended, in any way: then the pipe ends.
fn be_a_service() -> Result<(), Box<dyn Error>> {
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
