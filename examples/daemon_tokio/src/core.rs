//! The core: one task owns the cluster, so nothing needs a lock.
//!
//! In each step it takes what waits in its inbox, hands it in, does what is due, stores the state,
//! and only then sends answers and effects. One write to the disk serves all inputs of a step.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate::cluster::{Effect, Event, Input, NamedInputError, Output};
use quorate::id::Names;
use quorate::state::OperationKind;
use quorate::{Cluster, Timestamp};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep_until;

use crate::clock::Clock;
use crate::events::Events;
use crate::inbox::{Accepted, Answer, Message};
use crate::machine::ToMachine;
use crate::metrics::Metrics;
use crate::store::Store;

/// The most messages that one step takes.
const BATCH: usize = 64;

pub(crate) struct Core {
    pub(crate) cluster: Cluster,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) machines: BTreeMap<String, mpsc::Sender<ToMachine>>,
    pub(crate) fences: mpsc::Sender<Effect<Names>>,
    pub(crate) events: Events,
    pub(crate) metrics: Arc<Metrics>,
}

/// The work of a step that is left once its state is stored.
#[derive(Default)]
struct Step {
    has_changed: bool,
    outputs: Vec<Output<Names>>,
    answers: Vec<(oneshot::Sender<Answer>, Answer)>,
}

impl Core {
    /// Goes on after the core was down, with what membership knows by now.
    pub(crate) async fn go_on(&mut self, membership: Vec<Input<Names>>) -> anyhow::Result<()> {
        // All at one time: leases that are over end 1 ms later, so nodes are heard first.
        let now = self.clock.now();
        self.cluster.resume(now)?;
        let mut step = Step { has_changed: true, ..Step::default() };
        for input in membership {
            self.take_in(&mut step, now, input, None);
        }
        self.store().await?;
        // The effects of this step are outstanding as well, and are not to be sent twice.
        step.outputs.retain(|output| !matches!(output, Output::Effect(_)));
        self.deliver(step.outputs).await;
        let spec = self.cluster.spec();
        let effects = self.cluster.outstanding().map(|effect| Output::Effect(spec.named(effect)));
        let effects = effects.collect();
        self.deliver(effects).await;
        Ok(())
    }

    /// Works until it is told to stop. An error means that the state could not be stored; since
    /// nothing of that step was sent, the next process may go on from the file as it is.
    pub(crate) async fn run(
        &mut self,
        inbox: &mut mpsc::Receiver<Message>,
        stop: &mut watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        let mut messages = Vec::with_capacity(BATCH);
        loop {
            let timer = self.cluster.poll_timeout().map(|deadline| self.clock.moment(deadline.at));
            tokio::select! {
                // Messages go before the timer: an answer that came in time is not late.
                biased;
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
                count = inbox.recv_many(&mut messages, BATCH) => {
                    if count == 0 {
                        return Ok(());
                    }
                }
                () = async { sleep_until(timer.unwrap_or_else(far)).await } => {}
            }
            self.step(&mut messages).await?;
        }
    }

    async fn step(&mut self, messages: &mut Vec<Message>) -> anyhow::Result<()> {
        let mut step = Step::default();
        let mut questions = Vec::new();
        for message in messages.drain(..) {
            match message {
                Message::Input { arrived, input, answer } => {
                    self.take_in(&mut step, arrived, *input, answer);
                }
                Message::Question(question) => questions.push(question),
            }
        }
        let now = self.clock.now();
        if self.cluster.poll_timeout().is_some_and(|deadline| deadline.at <= now) {
            self.cluster.handle_timeout(now);
            step.has_changed = true;
            step.outputs.extend(self.drain());
        }
        if step.has_changed {
            self.store().await?;
        }
        for (waiting, answer) in step.answers {
            let _ = waiting.send(answer);
        }
        for question in questions {
            question(&self.cluster);
        }
        self.deliver(step.outputs).await;
        Ok(())
    }

    fn take_in(
        &mut self,
        step: &mut Step,
        arrived: Timestamp,
        input: Input<Names>,
        waiting: Option<oneshot::Sender<Answer>>,
    ) {
        // Senders read the clock before they wait for a place in the channel.
        let at = arrived.max(self.cluster.state().now());
        let words = input.to_string();
        let answer = self.hand_in(at, input);
        match &answer {
            Ok(accepted) => {
                self.metrics.accepted();
                step.has_changed = true;
                step.outputs.extend(accepted.outputs.iter().cloned());
            }
            Err(error) => {
                self.metrics.refused();
                if !is_late(error) {
                    println!("{at}  refused: {words}: {error}");
                }
            }
        }
        step.answers.extend(waiting.map(|waiting| (waiting, answer)));
    }

    fn hand_in(&mut self, at: Timestamp, input: Input<Names>) -> Answer {
        self.cluster.handle_named(at, input)?;
        Ok(Accepted { at, outputs: self.drain() })
    }

    fn drain(&mut self) -> Vec<Output<Names>> {
        std::iter::from_fn(|| self.cluster.poll_named_output()).collect()
    }

    /// Stores the state outside the threads of tasks, and returns when it is safe.
    pub(crate) async fn store(&self) -> anyhow::Result<()> {
        let (store, snapshot) = (self.store.clone(), self.cluster.snapshot());
        tokio::task::spawn_blocking(move || store.save(&snapshot)).await??;
        self.metrics.stored();
        Ok(())
    }

    /// Takes in that the machines have left, at an end in good order. The effects are for nobody.
    pub(crate) async fn close(&mut self, left: Vec<Input<Names>>) -> anyhow::Result<()> {
        let mut step = Step::default();
        let now = self.clock.now();
        for input in left {
            self.take_in(&mut step, now, input, None);
        }
        self.store().await
    }

    /// Sends outputs that are stored. Machines never wait for the core, so they always make room.
    async fn deliver(&self, outputs: Vec<Output<Names>>) {
        let now = self.cluster.state().now();
        for output in outputs {
            match output {
                Output::Effect(effect) if effect.action == OperationKind::Fence => {
                    println!("{now}  {effect}");
                    let _ = self.fences.send(effect).await;
                }
                Output::Effect(effect) => {
                    if !effect.action.is_check() {
                        println!("{now}  {effect}");
                    }
                    let node = effect.node.clone();
                    self.send(&node, ToMachine::Effect(effect)).await;
                }
                Output::Event(event) => {
                    println!("{now}  {event}");
                    self.tell_machines(&event).await;
                    self.events.push(now, event);
                }
                // An output of a later version of the library.
                _ => {}
            }
        }
    }

    /// Tells the agents what they have to know before the effects that follow.
    async fn tell_machines(&self, event: &Event<Names>) {
        match event {
            Event::InventoryTaken { node, floor, .. } => {
                self.send(node, ToMachine::Floor(*floor)).await;
            }
            Event::ConfigurationChanged { .. } => {
                let spec = Arc::new(self.cluster.spec().clone());
                for machine in self.machines.values() {
                    let _ = machine.send(ToMachine::Declared(Arc::clone(&spec))).await;
                }
            }
            _ => {}
        }
    }

    async fn send(&self, node: &str, message: ToMachine) {
        if let Some(machine) = self.machines.get(node) {
            let _ = machine.send(message).await;
        }
    }
}

/// A moment that does not come as long as anybody waits for it.
fn far() -> tokio::time::Instant {
    tokio::time::Instant::now() + std::time::Duration::from_secs(86_400)
}

/// Tells whether a report only came late or twice, which is usual.
const fn is_late(error: &NamedInputError) -> bool {
    matches!(error, NamedInputError::Refused(error) if error.is_stale())
}
