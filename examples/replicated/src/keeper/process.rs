//! The loop of the keeper: plain threads, one channel, next to nothing that can fail.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use quorate::OpId;
use quorate::replicate::{Keeper, NodeLife};
use rustix::process::{Pid, Signal, kill_process};

use super::runs::Runs;
use super::{Order, Word};
use crate::Failure;
use crate::clock;
use crate::config::NodeFile;
use crate::link::{Identity, Tell, tell_all};

/// The events of a keeper.
#[derive(Debug)]
pub enum Event {
    /// An order of the daemon.
    Order(Order),
    /// The daemon is gone.
    Alone,
    /// A run says that it is online.
    Online { resource: String, operation: OpId },
    /// A run ended, and nothing of it is left.
    Ended { resource: String, operation: OpId },
}

/// The keeper of one node.
struct Process {
    file: NodeFile,
    identity: Identity,
    keeper: Keeper,
    runs: Runs,
    events: Sender<Event>,
    /// Threads that tell others that a life is off.
    tellers: Vec<thread::JoinHandle<()>>,
    /// Kept as long as the process lives: there is one keeper of a node.
    _lock: File,
}

/// The time from the last feeding of the watchdog until the machine is reset.
const RESET: Duration = Duration::ZERO;

/// Keeps a node until its daemon is gone and everything is off.
pub fn run(file: NodeFile) -> Result<(), Failure> {
    let lock = take_over(&file)?;
    let identity = Identity::read(&file.folder)?;
    let runs = Runs::new(&file)?;
    runs.clear_everything()?;
    let keeper = Keeper::new(file.timing, RESET);
    let (events, heard) = channel();
    let orders = events.clone();
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(order) =
                line.map_err(|_| ()).and_then(|line| serde_json::from_str(&line).map_err(|_| ()))
            else {
                break;
            };
            if orders.send(Event::Order(order)).is_err() {
                return;
            }
        }
        let _ = orders.send(Event::Alone);
    });
    Process { file, identity, keeper, runs, events, tellers: Vec::new(), _lock: lock }.keep(&heard)
}

/// Waits until an earlier keeper has ended, and ends it if it takes too long: it may be frozen.
fn take_over(file: &NodeFile) -> Result<File, Failure> {
    let path = file.folder.join("keeper.lock");
    let mut lock =
        OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
    let begun = Instant::now();
    while lock.try_lock().is_err() {
        if begun.elapsed() > file.timing.stop * 5 {
            let mut text = String::new();
            io::Seek::rewind(&mut lock)?;
            lock.read_to_string(&mut text)?;
            if let Some(other) = text.trim().parse().ok().and_then(Pid::from_raw) {
                let _ = kill_process(other, Signal::KILL);
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
    lock.set_len(0)?;
    io::Seek::rewind(&mut lock)?;
    write!(lock, "{}", std::process::id())?;
    Ok(lock)
}

impl Process {
    fn keep(mut self, heard: &Receiver<Event>) -> Result<(), Failure> {
        loop {
            let wait = self.keeper.poll_timeout().map(|at| at.since(clock::now()));
            let feeding = Duration::from_millis(200);
            match heard.recv_timeout(wait.unwrap_or(feeding).min(feeding)) {
                Ok(Event::Order(order)) => self.obey(order),
                Ok(Event::Alone) => {
                    self.keeper.stop(clock::now());
                    self.stop_if_due();
                    for teller in self.tellers {
                        let _ = teller.join();
                    }
                    return Ok(());
                }
                Ok(Event::Online { resource, operation }) => self.online(&resource, operation),
                Ok(Event::Ended { resource, operation }) => self.ended(&resource, operation),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            self.stop_if_due();
            self.feed();
        }
    }

    fn obey(&mut self, order: Order) {
        let now = clock::now();
        match order {
            Order::Begin { life } => {
                if self.keeper.begin(life.clone()).is_ok() {
                    say(&Word::Begun { life });
                }
            }
            Order::Extend { life, until } => self.keeper.extend(now, &life, until),
            Order::Start { life, operation, run } => {
                let resource = run.resource.clone();
                let begun = self.keeper.holds(now, &life)
                    && self.runs.start(&self.file, &life, operation, run, &self.events).is_ok();
                if !begun {
                    say(&Word::Ended { operation, resource, success: false });
                }
            }
            Order::Stop { operation, resource } => match self.runs.of(&resource) {
                Some(run) => {
                    run.stopping = Some(operation);
                    run.ask_to_stop();
                }
                None => say(&Word::Ended { operation, resource, success: true }),
            },
            Order::Kill { operation, resource } => match (self.runs.of(&resource), operation) {
                (Some(run), operation) => {
                    run.stopping = operation.or(run.stopping);
                    run.kill();
                }
                (None, Some(operation)) => say(&Word::Ended { operation, resource, success: true }),
                (None, None) => {}
            },
            Order::StopEverything => self.keeper.stop(now),
        }
    }

    fn online(&mut self, resource: &str, operation: OpId) {
        if let Some(run) = self.runs.of(resource).filter(|run| run.start == operation) {
            run.is_online = true;
            say(&Word::Ended { operation, resource: resource.into(), success: true });
        }
    }

    fn ended(&mut self, resource: &str, operation: OpId) {
        let Some(run) = self.runs.ended(resource, operation) else { return };
        let resource = resource.to_owned();
        if !run.is_online {
            say(&Word::Ended { operation, resource: resource.clone(), success: false });
        }
        match run.stopping {
            Some(operation) => say(&Word::Ended { operation, resource, success: true }),
            None if run.is_online => say(&Word::Died { run: operation, resource }),
            None => {}
        }
    }

    /// Kills everything if the keeper demands it, and says that the life is off.
    fn stop_if_due(&mut self) {
        if self.keeper.handle_timeout(clock::now()).is_none() {
            return;
        }
        self.runs.kill_everything();
        if let Some(life) = self.keeper.handle_empty() {
            say(&Word::Off { life: life.clone() });
            self.tell(&life);
        }
    }

    /// Tells the other nodes that the life is off.
    fn tell(&mut self, life: &NodeLife) {
        let (identity, peers) = (self.identity.clone(), self.file.peers.clone());
        let tell = Tell::Off(life.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if let Ok(runtime) = runtime {
            // On a thread of its own: nothing may hold the keeper up.
            let teller =
                thread::spawn(move || runtime.block_on(tell_all(&identity, &peers, &tell)));
            self.tellers.push(teller);
        }
    }

    fn feed(&self) {
        if let Some(device) = &self.file.watchdog
            && self.keeper.feeds_watchdog(clock::now())
        {
            let _ = fs::write(device, "1");
        }
    }
}

/// Says a word to the daemon, if there is one.
fn say(word: &Word) {
    let mut out = io::stdout().lock();
    let line = serde_json::to_string(word).unwrap_or_default();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
