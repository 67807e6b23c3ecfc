//! The core: one thread owns the cluster and its deadlines, so nothing needs a lock.
//!
//! In each step it takes the inputs that wait, does what is due, stores the state, and only then
//! hands out effects. A `SharedCluster` would let every thread hand in its inputs, but then nothing
//! would keep their snapshots in order on their way to the disk.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use quorate::cluster::{Effect, Event, Input, InputError, NamedInputError, Output};
use quorate::id::Names;
use quorate::state::OperationKind;
use quorate::{Cluster, Timestamp};

use crate::host::{Hosts, ToHost};
use crate::inbox::{Clock, Message};
use crate::store::Store;

/// The most messages that one step takes.
const BATCH: usize = 64;

pub(crate) struct Core {
    pub(crate) cluster: Cluster,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) hosts: Arc<Hosts>,
    pub(crate) fences: Sender<Effect<Names>>,
}

impl Core {
    /// Goes on after the core was down, with what membership knows by now.
    pub(crate) fn go_on(&mut self, membership: Vec<Input<Names>>) -> io::Result<()> {
        // All at one time: leases that are over end 1 ms later, so nodes are heard first.
        let now = self.clock.now();
        self.cluster.resume(now).map_err(io::Error::other)?;
        for input in membership {
            self.is_taken_in(now, input);
        }
        let mut outputs = self.drain();
        self.store.save(&self.cluster)?;
        // The effects of this step are outstanding as well, and are not to be sent twice.
        outputs.retain(|output| !matches!(output, Output::Effect(_)));
        let spec = self.cluster.spec();
        let outstanding = self.cluster.outstanding();
        outputs.extend(outstanding.map(|effect| Output::Effect(spec.named(effect))));
        self.hand_out(outputs);
        Ok(())
    }

    /// Works until it dies. An error means that the state could not be stored; since nothing of
    /// that step was handed out, the next core may go on from the file as it is.
    pub(crate) fn run(mut self, inbox: &Receiver<Message>) -> io::Result<()> {
        loop {
            let timer = self.cluster.poll_timeout();
            let wait = timer.map_or(Duration::MAX, |deadline| deadline.at.since(self.clock.now()));
            let first = match inbox.recv_timeout(wait) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            // One write to the disk serves all inputs that wait.
            let mut questions = Vec::new();
            let mut has_changed = false;
            for message in first.into_iter().chain(inbox.try_iter()).take(BATCH) {
                match message {
                    Message::Input { arrived, input } => {
                        has_changed |= self.is_taken_in(arrived, *input);
                    }
                    Message::Question(question) => questions.push(question),
                    Message::Die => return Ok(()),
                }
            }
            let now = self.clock.now();
            if self.cluster.poll_timeout().is_some_and(|deadline| deadline.at <= now) {
                self.cluster.handle_timeout(now);
                has_changed = true;
            }
            let outputs = self.drain();
            if has_changed {
                self.store.save(&self.cluster)?;
            }
            self.hand_out(outputs);
            for question in questions {
                question(&self.cluster);
            }
        }
    }

    /// Hands in an input, and tells whether it was taken in. A refused input has changed nothing, so
    /// the reason goes to the log.
    fn is_taken_in(&mut self, arrived: Timestamp, input: Input<Names>) -> bool {
        // Senders read the clock before they send.
        let at = arrived.max(self.cluster.state().now());
        let words = input.to_string();
        match self.cluster.handle_named(at, input) {
            Ok(()) => return true,
            // The core knows that already, or does not need to any more.
            Err(NamedInputError::Refused(error))
                if error.is_stale() || matches!(error, InputError::NodeState { .. }) => {}
            Err(error) => self.say(format_args!("refused: {words}: {error}")),
        }
        false
    }

    fn drain(&mut self) -> Vec<Output<Names>> {
        std::iter::from_fn(|| self.cluster.poll_named_output()).collect()
    }

    /// Hands out what is stored.
    fn hand_out(&self, outputs: Vec<Output<Names>>) {
        for output in outputs {
            match output {
                Output::Effect(effect) if effect.action == OperationKind::Fence => {
                    self.say(format_args!("{effect}"));
                    let _ = self.fences.send(effect);
                }
                Output::Effect(effect) => {
                    if !effect.action.is_check() {
                        self.say(format_args!("{effect}"));
                    }
                    let node = effect.node.clone();
                    self.hosts.send(&node, ToHost::Effect(effect));
                }
                Output::Event(event) => {
                    self.say(format_args!("{event}"));
                    if let Event::ConfigurationChanged { .. } = event {
                        self.hosts.declare(self.cluster.spec());
                    }
                }
                // An output of a later version of the library.
                _ => {}
            }
        }
    }

    fn say(&self, text: std::fmt::Arguments<'_>) {
        say!("{:>6} ms  {text}", self.clock.now().as_millis());
    }
}
